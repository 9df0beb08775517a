"""What a scenario came to: in a replay of the past, or in a forecast. Steps add up to the difference, cent for cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from finopsmetrics.core.exact import minus
from finopsmetrics.observability.cost_forecast import CostForecast, Step


@dataclass(frozen=True)
class ReplayRow:
    """One month: what was charged, and what would have been."""

    start: datetime
    end: datetime
    baseline: Decimal
    cost: Decimal


@dataclass(frozen=True)
class ScenarioReplay:
    """The charges of a window (UTC, end exclusive) priced again. With no change that applies, `total_cost` is `baseline`.

    Amounts are exact. `steps` are what each change adds, in order, with how many charges it touched; their sum is the difference.
    """

    name: str
    start: datetime
    end: datetime
    currency: str | None
    metric: str
    baseline: Decimal
    total_cost: Decimal
    steps: list[Step]
    rows: list[ReplayRow]
    receipts: tuple[str, ...]

    @property
    def savings(self) -> Decimal:
        """What less would have been paid; negative where it is more."""
        return minus(self.baseline, self.total_cost)

    def as_dict(self) -> dict[str, Any]:
        """As plain data but for amounts (Decimal) and times."""
        told = ("name", "start", "end", "currency", "metric", "baseline", "total_cost", "savings")
        return {name: getattr(self, name) for name in told} | {
            "steps": [vars(step) for step in self.steps],
            "rows": [vars(row) for row in self.rows],
            "receipts": list(self.receipts),
        }


@dataclass(frozen=True)
class ScenarioForecast:
    """A forecast with a scenario's changes, beside the one without them. `steps` hold what each change adds, in order."""

    name: str
    forecast: CostForecast
    without: CostForecast

    @property
    def total_cost(self) -> Decimal:
        """What is expected with the changes."""
        return self.forecast.expected

    @property
    def baseline(self) -> Decimal:
        """What is expected without them."""
        return self.without.expected

    @property
    def savings(self) -> Decimal:
        """What less is expected to be paid; negative where it is more."""
        return minus(self.baseline, self.total_cost)

    @property
    def lower_bound(self) -> Decimal | None:
        """The lower bound with the changes."""
        return self.forecast.lower_bound

    @property
    def upper_bound(self) -> Decimal | None:
        """The upper bound with the changes."""
        return self.forecast.upper_bound

    @property
    def steps(self) -> list[Step]:
        """What each assumption and change adds; their sum is `total_cost` less `baseline`."""
        return self.forecast.steps[1:]

    def as_dict(self) -> dict[str, Any]:
        """As plain data but for amounts (Decimal) and times."""
        rows = [
            {"start": one.start, "end": one.end, "baseline": before.expected, "cost": one.expected}
            | {"lower": one.lower, "upper": one.upper}
            for one, before in zip(self.forecast.totals, self.without.totals, strict=True)
        ]
        return {
            "name": self.name,
            "start": self.forecast.start,
            "end": self.forecast.end,
            "currency": self.forecast.currency,
            "metric": self.forecast.metric,
            "confidence": self.forecast.confidence,
            **{name: getattr(self, name) for name in ("baseline", "total_cost", "savings", "lower_bound", "upper_bound")},
            "steps": [vars(step) for step in self.steps],
            "rows": rows,
            "quality": self.forecast.as_dict()["quality"],
            "receipts": list(self.forecast.receipts),
        }
