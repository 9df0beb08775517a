"""The delivery report: what came, what was repaired, what was rejected, what it replaced, and what is to be looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from finopsmetrics.core.exact import plus

Totals = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ClosedChange:
    """A closed billing period that arrived changed other than by Correction rows."""

    period: str
    closed_by: str
    differences: dict[str, str]  # currency -> billed after less billed before, charges that are not corrections
    by_service: list[dict[str, Any]]


@dataclass
class DeliveryReport:
    """What one delivery did. Amounts are exact decimal text."""

    id: str
    source: str
    dataset: str
    focus_version: str
    status: str  # taken | unchanged | history
    delivered_at: str
    rows: int
    accepted: int
    quarantined: int
    periods: list[str]
    totals: Totals
    quarantined_totals: Totals
    files: list[str]
    mapping: str = ""  # the mapping that read a provider's own format, such as aws.cur2/1; empty for FOCUS
    repairs: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    closed_changes: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def add_totals(parts: list[Totals]) -> Totals:
    """Sum totals by currency and metric, exactly."""
    sums: dict[str, dict[str, Decimal]] = {}
    for part in parts:
        for currency, amounts in part.items():
            line = sums.setdefault(currency, {})
            for metric, amount in amounts.items():
                line[metric] = plus(line.get(metric, Decimal(0)), Decimal(amount))
    return {currency: {metric: plain(amount) for metric, amount in line.items()} for currency, line in sums.items()}


def plain(amount: Decimal) -> str:
    """An amount as plain decimal text in full scale."""
    return f"{amount:f}"
