"""The kind `allocation_rule`: how a shared cost is split among those who share it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.exact import total
from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import Amount, ConditionText, Filters, Line, Metric, PositiveAmount, Share, Tags, Word
from finopsmetrics.core.spec import Part, Spec

TARGETS = ("service", "team", "product", "cost_center", "account")
"""What a share can go to, besides tags."""


class Allocation(Part):
    """One of those who share the cost."""

    service: Line | None = Field(default=None, description="The service that bears the share.")
    team: Line | None = Field(default=None, description="The team that bears the share.")
    product: Line | None = Field(default=None, description="The product that bears the share.")
    cost_center: Line | None = Field(default=None, description="The cost centre that bears the share.")
    account: Line | None = Field(default=None, description="The account that bears the share.")
    tags: Tags = Field(default={}, description="The tags that the share gets.")
    weight: Amount | None = Field(default=None, description="Its weight in the split: queries, requests, hours, heads.")
    share: Share | None = Field(default=None, description="Its fixed share of the whole: 0.45 or 45%.")
    allocated_cost: Amount | None = Field(default=None, description="What it is expected to come to; a difference is reported.")

    @model_validator(mode="after")
    def _aimed(self) -> Self:
        if not self.tags and not any(getattr(self, target) for target in TARGETS):
            raise ValueError(f"a share goes to somebody: give one of {', '.join(TARGETS)} or tags")
        if self.weight is not None and self.share is not None:
            raise ValueError("give a weight or a share, not both")
        return self


class AllocationRule(Spec, kind="allocation_rule"):
    """How a shared cost is split. The shares always come to the whole, to the last digit."""

    example = {
        "name": "rds-shared-db-prod",
        "description": "RDS database shared by multiple services",
        "resource_id": "rds-shared-db-prod",
        "attribution_method": "proportional",
        "split_by": "query_count",
        "total_cost": 5000,
        "allocations": [
            {"service": "user_service", "weight": 45000, "allocated_cost": 2250},
            {"service": "order_service", "weight": 35000, "allocated_cost": 1750},
            {"service": "analytics_service", "weight": 20000, "allocated_cost": 1000},
        ],
    }

    enabled: bool = Field(default=True, description="Whether it is applied.")
    priority: int = Field(
        default=100, ge=0, le=10_000, description="Its place among allocation rules: the lowest is applied first."
    )
    resource_id: Line | None = Field(default=None, description="The resource whose cost is split.")
    filters: Filters = Field(default={}, description="The charges that are split, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="The charges that are split, as a condition.")
    metric: Metric = Field(default="billed", description="Which cost is split.")
    attribution_method: Literal["direct", "proportional", "hierarchical", "activity_based", "even", "fixed"] = Field(
        description="How it is split: to one bearer, by weights, down a tree, by measured activity, evenly, by fixed shares."
    )
    split_by: Word | None = Field(default=None, description="What the weights count, such as query_count.")
    group_by: Lines = Field(
        default=[], description="The keys along which it is split, where the bearers are found in the charges."
    )
    total_cost: PositiveAmount | None = Field(
        default=None,
        description="What the cost is expected to be; what is split is what was charged, and a difference is reported.",
    )
    allocations: list[Allocation] = Field(default=[], max_length=1_000, description="Who shares the cost.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.resource_id or self.filters or self.condition):
            raise ValueError("a rule says what is split: give resource_id, filters or condition")
        if not self.allocations and not self.group_by:
            raise ValueError("a rule says who shares the cost: give allocations or group_by")
        if self.attribution_method == "direct" and len(self.allocations) > 1:
            raise ValueError("the method direct gives the whole cost to one bearer")
        if self.attribution_method == "fixed" and total(one.share or Decimal(0) for one in self.allocations) != 1:
            raise ValueError("the fixed shares must come to 100%")
        expected = [one.allocated_cost for one in self.allocations if one.allocated_cost is not None]
        if self.total_cost is not None and len(expected) == len(self.allocations) > 0 and total(expected) != self.total_cost:
            raise ValueError(f"the allocated costs come to {total(expected)}, not to the total_cost of {self.total_cost}")
        return self
