"""The kind `unit_metric`: what one unit of the business costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Alert, Lines, OneOrMany
from finopsmetrics.core.shapes import ConditionText, Currency, Filters, Line, Metric, PositiveAmount, Threshold, Word
from finopsmetrics.core.spec import Part, Spec


class Units(Part):
    """How many units there were."""

    source: Literal["samples", "charges", "connection"] = Field(
        description="Where they are counted: in samples of use, in the charges' consumed quantity, or by a connection."
    )
    measure: Word | None = Field(default=None, description="What is counted: requests, tokens, active_users.")
    connection: Line | None = Field(default=None, description="The connection that delivers the count.")
    filters: Filters = Field(default={}, description="What is counted, by keys that must all match.")
    aggregate: Literal["sum", "average", "maximum", "last"] = Field(
        default="sum", description="How the counts of a period come together."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.source != "charges" and self.measure is None:
            raise ValueError(f"the source {self.source} needs a `measure`: what is counted")
        if (self.source == "connection") != (self.connection is not None):
            raise ValueError("the source connection and the field `connection` go together")
        return self


class UnitMetric(Spec, kind="unit_metric"):
    """What one unit of the business costs: a cost over a count."""

    example = {
        "name": "cost-per-1k-requests",
        "unit": "request",
        "per": 1000,
        "filters": {"tags.product": "mobile_app"},
        "units": {"source": "samples", "measure": "requests"},
        "target": 0.35,
        "currency": "USD",
    }

    unit: Line = Field(description="The unit: request, customer, order, training run.")
    units: Units = Field(description="How many units there were.")
    enabled: bool = Field(default=True, description="Whether it is computed.")
    per: PositiveAmount = Field(default=Decimal(1), description="How many units the figure is for, such as 1000.")
    metric: Metric = Field(default="effective", description="Which cost is divided.")
    filters: Filters = Field(default={}, description="Which charges are the cost, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which charges are the cost, as a condition.")
    group_by: Lines = Field(default=[], description="Each value of these keys has a figure of its own.")
    grain: Literal["day", "week", "month", "quarter", "year"] = Field(default="month", description="The period of one figure.")
    currency: Currency | None = Field(default=None, description="The currency of the figure and its target; needed for a target.")
    target: PositiveAmount | None = Field(default=None, description="What it should cost at most.")
    tolerance: Threshold | None = Field(
        default=None, description="By which share the target may be passed before somebody hears."
    )
    alerts: Annotated[list[Alert], OneOrMany()] = Field(default=[], description="Who hears when the target is passed.")

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.target is not None and self.currency is None:
            raise ValueError("a `target` needs a `currency`")
        return self
