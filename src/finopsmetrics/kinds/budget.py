"""The kind `budget`: what may be spent in a period, and who hears when it is."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Alert, OneOrMany, People
from finopsmetrics.core.shapes import Change, ConditionText, Currency, Duration, Filters, Line, Metric, PositiveAmount, Threshold
from finopsmetrics.core.spec import Part, Spec


class BudgetAlert(Alert):
    """A message when spending passes a share of the budget."""

    threshold: Threshold = Field(description="The share of the amount at which the message goes out: 0.8 or 80%.")
    on: Literal["actual", "forecast"] = Field(
        default="actual", description="Whether what was spent counts, or what the period is forecast to come to."
    )


class BudgetStep(Part):
    """Another amount from a day on."""

    start: date = Field(description="The first day of the first period with this amount.")
    amount: PositiveAmount = Field(description="The amount of each period from then on.")


class Budget(Spec, kind="budget"):
    """What may be spent in a period, on what, and who hears when it is."""

    engine = "observability.budget_status"
    example = {
        "name": "ML Training Q1 2025",
        "amount": 50000,
        "period": "monthly",
        "currency": "USD",
        "filters": {"service": "ml-training", "environment": "production"},
        "alerts": [
            {"threshold": 0.8, "channels": ["slack", "email"], "recipients": ["ml-team@company.com"]},
            {"threshold": 1.0, "channels": ["pagerduty"], "priority": "high"},
        ],
    }

    amount: PositiveAmount = Field(description="What may be spent in one period, in the budget's currency.")
    period: Literal["monthly", "quarterly", "yearly", "rolling", "custom"] = Field(
        description="How long a period is: a calendar month, quarter or year; the last `window`; or from `start` to `end`."
    )
    enabled: bool = Field(default=True, description="Whether it is watched.")
    window: Duration | None = Field(default=None, description="How long a rolling period looks back, such as 30d.")
    start: date | None = Field(default=None, description="The first day that counts.")
    end: date | None = Field(default=None, description="The last day that counts.")
    fiscal: bool = Field(default=False, description="Whether quarters and years are those of the fiscal year.")
    currency: Currency | None = Field(
        default=None, description="The currency of the amount; unless given, the one currency of the charges that it covers."
    )
    metric: Metric = Field(default="billed", description="Which cost counts.")
    filters: Filters = Field(default={}, description="Which charges it covers, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which of these charges it covers, as a condition.")
    team: Line | None = Field(default=None, description="The team whose budget it is; only its charges count.")
    owners: People = Field(default=[], description="Who answers for it.")
    parent: Line | None = Field(default=None, description="The budget that it is a part of.")
    carry_over: Literal["none", "unspent", "overspent", "both"] = Field(
        default="none", description="What passes from one period to the next: what is left, what was too much, or both."
    )
    growth: Change | None = Field(default=None, description="By what share the amount changes from each period to the next.")
    steps: list[BudgetStep] = Field(default=[], description="Other amounts from given days on, in the order of their days.")
    alerts: Annotated[list[BudgetAlert], OneOrMany()] = Field(default=[], description="Messages at shares of the amount.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.period == "rolling") != (self.window is not None):
            raise ValueError("`window` and the period `rolling` go together: give both or neither")
        if self.period == "custom" and (self.start is None or self.end is None):
            raise ValueError("a custom period needs `start` and `end`")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("`end` is before `start`")
        if self.period in {"rolling", "custom"} and (self.carry_over != "none" or self.growth is not None or self.steps):
            raise ValueError("only monthly, quarterly and yearly periods follow one another: drop carry_over, growth and steps")
        days = [step.start for step in self.steps]
        if self.growth is not None and days:
            raise ValueError("`growth` and `steps` both change the amount: give one of them")
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("the steps must stand in the order of their days, each day once")
        return self
