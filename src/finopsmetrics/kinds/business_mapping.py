"""The kind `business_mapping`: which technical resources make up a product, a feature, a customer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import Amount, ConditionText, Currency, Filters, Line, Word
from finopsmetrics.core.spec import Spec

RESOURCES = ("clusters", "databases", "services", "accounts", "namespaces", "resources", "filters", "condition")
"""The fields by which an entity says what belongs to it."""


class BusinessMapping(Spec, kind="business_mapping"):
    """Which technical resources make up one business entity, and what it earns. `*` in a name stands for any text."""

    example = {
        "name": "mobile_app",
        "entity_type": "product",
        "clusters": ["prod-mobile-*", "mobile-api-*"],
        "databases": ["rds-mobile-prod"],
        "services": ["s3-mobile-assets", "cloudfront-mobile"],
        "cost_allocation": "activity_based",
    }

    entity_type: Word = Field(description="What it is: product, feature, customer, environment.")
    enabled: bool = Field(default=True, description="Whether it is applied.")
    clusters: Lines = Field(default=[], description="Its clusters.")
    databases: Lines = Field(default=[], description="Its databases.")
    services: Lines = Field(default=[], description="Its services and buckets.")
    accounts: Lines = Field(default=[], description="Its accounts, subscriptions or projects.")
    namespaces: Lines = Field(default=[], description="Its Kubernetes namespaces.")
    resources: Lines = Field(default=[], description="Its other resources.")
    filters: Filters = Field(default={}, description="Its charges, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Its charges, as a condition.")
    cost_allocation: Literal["direct", "proportional", "hierarchical", "activity_based", "even"] = Field(
        default="direct", description="How the cost of what it shares with others is split."
    )
    parent: Line | None = Field(default=None, description="The entity that it is a part of.")
    owner: Line | None = Field(default=None, description="Who answers for it.")
    cost_center: Line | None = Field(default=None, description="The cost centre that bears it.")
    revenue_attribution: bool = Field(default=False, description="Whether revenue is set against its cost.")
    revenue_per_request: Amount | None = Field(default=None, description="What one request earns.")
    currency: Currency | None = Field(default=None, description="The currency of the revenue; that of the charges, unless given.")

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if not any(getattr(self, field) for field in RESOURCES):
            raise ValueError(f"an entity says what belongs to it: give one of {', '.join(RESOURCES)}")
        if self.revenue_per_request is not None and not self.revenue_attribution:
            raise ValueError("`revenue_per_request` is read only with `revenue_attribution: true`")
        return self
