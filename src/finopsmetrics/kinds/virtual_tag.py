"""The kind `virtual_tag`: tags that charges get here, without a change to the cloud's resources."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import ConditionText, Filters, Line, Regex, Tags
from finopsmetrics.core.spec import Part, Spec


class VirtualTagRule(Part):
    """The tags of all charges that match."""

    resource_pattern: Regex | None = Field(default=None, description="Which charges, by the id or name of their resource.")
    resource_ids: Lines = Field(default=[], description="Which charges, by the ids of their resources.")
    filters: Filters = Field(default={}, description="Which charges, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which charges, as a condition.")
    tags: Tags = Field(min_length=1, description="The tags that they get.")

    @model_validator(mode="after")
    def _aimed(self) -> Self:
        if not (self.resource_pattern or self.resource_ids or self.filters or self.condition):
            raise ValueError("a rule says which charges: give resource_pattern, resource_ids, filters or condition")
        return self


class VirtualTag(Spec, kind="virtual_tag"):
    """Tags that charges get here, without a change to the cloud's resources: by resource, by rule, by default."""

    example = {
        "name": "cost_center_mapping",
        "resources": {
            "i-0123456789": {"cost_center": "marketing", "campaign": "q1_launch"},
            "i-9876543210": {"cost_center": "r&d", "project": "ml_platform"},
        },
        "rules": [
            {"resource_pattern": ".*-ml-.*", "tags": {"workload_type": "machine_learning", "optimization_priority": "high"}},
        ],
    }

    enabled: bool = Field(default=True, description="Whether it is applied.")
    priority: int = Field(default=100, ge=0, le=10_000, description="Its place among virtual tags: the lowest wins.")
    resources: dict[Line, Tags] = Field(default={}, description="The tags of single resources, by the resource's id.")
    rules: list[VirtualTagRule] = Field(default=[], max_length=10_000, description="Rules; the first that matches sets a tag.")
    otherwise: Tags = Field(default={}, description="The tags of charges that have none of the same key by then.")
    override: bool = Field(default=False, description="Whether they hide the cloud's own tags of the same keys.")
    start: date | None = Field(default=None, description="The first day of charges that get them; all, unless given.")
    end: date | None = Field(default=None, description="The last day of charges that get them.")

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if not (self.resources or self.rules or self.otherwise):
            raise ValueError("a virtual tag gives tags: by `resources`, `rules` or `otherwise`")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("`end` is before `start`")
        return self
