"""freshness: how old the newest data of each source is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.core.checks import minutes
from finopsmetrics.core.shapes import Duration
from finopsmetrics.dashboard.money_rows import TAKE_IN, text, text_column
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import counted
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

CHARGES = "CostAndUsage"
HOUR = Decimal(3600)


class FreshnessConfig(Config):
    """What is old."""

    stale_after: Duration = Field(default="2d", description="How old a source's newest delivery may be: 12h, 2d.")
    every_dataset: bool = Field(default=False, description="Whether invoices, periods and commitments are listed beside charges.")


class Freshness(Widget[FreshnessConfig]):
    """How old data is."""

    name = "freshness"
    title = "Freshness"
    description = "Each source with its newest delivery: when it came and how old it is."
    config = FreshnessConfig
    needs = ("deliveries:read",)
    all_charges = True

    def show(self, asking: Asking, config: FreshnessConfig) -> Shown:
        """List the newest delivery of each source, the oldest first."""
        found = [one for one in asking.sources() if config.every_dataset or one["dataset"] == CHARGES]
        if not found:
            return Shown("No source has delivered yet.", link="/deliveries", empty=TAKE_IN)
        rows = sorted(((_age(one["delivered_at"], asking.now), one) for one in found), key=lambda pair: -pair[0])
        limit = Decimal(minutes(config.stale_after)) / 60
        old = [one for age, one in rows if age > limit]
        age, oldest = rows[0]
        told = f"{len(old)} of {counted(len(rows), 'source')} delivered more than {config.stale_after} ago"
        told += f"; the newest delivery of {oldest['source']} is the oldest, {_words(age)} old."
        source = "The list of deliveries, as they were taken in."
        return Shown(told, _chart(rows, limit), source=source, link="/deliveries")


def _age(delivered: datetime, now: datetime) -> Decimal:
    """Hours at one place; zero for a delivery that is dated ahead."""
    seconds = Decimal(max((now - delivered.replace(tzinfo=UTC)).total_seconds(), 0))
    return (seconds / HOUR).quantize(Decimal("0.1"))


def _words(hours: Decimal) -> str:
    return counted(int(hours // 24), "day") if hours >= 48 else f"{hours} hours"


def _chart(rows: list[tuple[Decimal, Any]], limit: Decimal) -> ChartSpec:
    columns = (
        text_column("source", "Source"),
        text_column("dataset", "Dataset"),
        Column(name="delivered_at", label="Newest delivery", type="time"),
        Column(name="age", label="Age", type="number", unit="hours"),
        Column(name="rows", label="Rows", type="number"),
        text_column("state", "State"),
    )
    table: list[tuple[Cell, ...]] = [
        (
            one["source"],
            one["dataset"],
            one["delivered_at"].isoformat() + "Z",
            text(age),
            int(one["rows"]),
            "late" if age > limit else "fresh",
        )
        for age, one in rows
    ]
    return ChartSpec(chart="table", columns=columns, rows=tuple(table))
