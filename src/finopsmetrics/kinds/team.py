"""The kind `team`: people who own costs together."""

from __future__ import annotations

from pydantic import Field

from finopsmetrics.core.shapes import ConditionText, Line, PositiveAmount
from finopsmetrics.core.spec import Spec


class Team(Spec, kind="team"):
    """People who own costs together. A team's scope says which charges are theirs."""

    engine = "iam"
    example = {
        "name": "ml",
        "description": "Machine learning",
        "scope": 'tags.team == "ml"',
        "groups": ["ml-engineers"],
        "lead": "maya@company.com",
        "budget_monthly": 50000,
    }

    scope: ConditionText | None = Field(
        default=None, description="Which charges are the team's; those whose tag `team` is the team's name, unless given."
    )
    groups: list[Line] = Field(default=[], description="Groups of the identity provider whose members belong to the team.")
    lead: Line | None = Field(default=None, description="Who leads it: a user or an e-mail address.")
    parent: Line | None = Field(default=None, description="The team that it belongs to.")
    budget_monthly: PositiveAmount | None = Field(default=None, description="What it may spend a month, as policies read it.")
