"""The kind `role`: what its holders may do, and which charges they may see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from finopsmetrics.core.form import Label
from finopsmetrics.core.messages import text
from finopsmetrics.core.shapes import ConditionText, Line
from finopsmetrics.core.spec import Spec

Permission = Annotated[
    str,
    Label("permission"),
    text(r"^(\*|[a-z][a-z_]{0,59}):(\*|[a-z][a-z_]{0,39})$", "a permission is <what>:<verb>, such as budget:write or costs:*"),
]
"""`budget:write`, `costs:read`; either side may be `*`."""


class Role(Spec, kind="role"):
    """What its holders may do, and which charges they may see. Built-in roles can be replaced by a role of the same name."""

    engine = "iam"
    example = {
        "name": "ml_analyst",
        "description": "Reads the costs of machine learning",
        "permissions": ["costs:read", "budget:read", "dashboard:*"],
        "scope": 'ServiceCategory == "AI and Machine Learning"',
        "groups": ["ml-finance"],
    }

    permissions: list[Permission] = Field(min_length=1, description="What its holders may do, as <what>:<verb>.")
    sees: Literal["everything", "own_teams"] = Field(
        default="everything", description="Whether its holders see all charges, or only those of their teams."
    )
    scope: ConditionText | None = Field(default=None, description="Only charges that match are seen; all, unless given.")
    groups: list[Line] = Field(default=[], description="Groups of the identity provider whose members have the role.")
