"""The kind `ownership_rule`: how a resource's owner is found."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Words
from finopsmetrics.core.shapes import ConditionText, Line, Tags
from finopsmetrics.core.spec import Spec

NEEDS = {"tag": "tag_key", "kubernetes_namespace": "namespace_pattern", "fixed": "owner"}
"""The field that a source cannot do without."""


class OwnershipRule(Spec, kind="ownership_rule"):
    """How a resource's owner is found: in a tag, by its creator, its namespace, its account. The first that finds one wins."""

    example = {
        "name": "kubernetes_namespace",
        "source": "kubernetes_namespace",
        "namespace_pattern": "team-*",
        "extract_team": True,
        "map_to": "owner",
    }

    source: Literal["tag", "creator", "kubernetes_namespace", "account", "resource_group", "parent", "fixed"] = Field(
        description="Where the owner is read."
    )
    map_to: Literal["owner", "team", "cost_center"] = Field(description="What is found: an owner, a team or a cost centre.")
    enabled: bool = Field(default=True, description="Whether it is applied.")
    priority: int = Field(default=100, ge=0, le=10_000, description="Its place among ownership rules: the lowest is tried first.")
    condition: ConditionText | None = Field(default=None, description="Which resources it is for; all, unless given.")
    tag_key: Line | None = Field(default=None, description="The tag that is read, for the source tag.")
    namespace_pattern: Line | None = Field(default=None, description="The namespaces it is for, with `*` for any text.")
    extract_team: bool = Field(default=False, description="Whether the team is what `*` stands for in the namespace's name.")
    values: Tags = Field(default={}, description="What stands for what: a value found, and the owner it means.")
    owner: Line | None = Field(default=None, description="The owner, for the source fixed.")
    inherit_to: Words = Field(default=[], description="What else gets the same owner, such as child_resources.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = NEEDS.get(self.source)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"the source {self.source} needs `{needed}`")
        if self.extract_team and "*" not in (self.namespace_pattern or ""):
            raise ValueError("`extract_team` needs a namespace_pattern with a `*`: what it stands for is the team")
        return self
