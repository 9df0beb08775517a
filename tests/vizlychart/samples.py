"""One chart of each sort, and text that somebody may put into a tag."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finopsmetrics import VizlyChart

HOSTILE = "<img src=x onerror=alert(1)>\"'&]]></style><script>alert(2)</script>zr0-c0 url(#zr1-c2) {b|c}\u202e"
SERVICES = ("AmazonS3", "BigQuery", HOSTILE, "Virtual Machines", "(other)")
DAY = date(2026, 5, 1)


def rows(days: int = 8, services: tuple[str, ...] = SERVICES, currency: str = "USD") -> list[dict[str, Any]]:
    """Costs by day and service."""
    return [
        {
            "period": DAY + timedelta(days=day),
            "service": service,
            "team": HOSTILE if at % 2 else "data",
            "currency": currency,
            "cost": Decimal(100 * (at + 1) + day * 7) + Decimal("0.015"),
            "previous": Decimal(90 * (at + 1)),
        }
        for day in range(days)
        for at, service in enumerate(services)
    ]


def whole() -> list[dict[str, Any]]:
    """Costs by day, with a gap, and what is expected after."""
    return [
        {
            "period": DAY + timedelta(days=day),
            "currency": "USD",
            "cost": None if day in {3, 8, 9} else Decimal(50 + day),
            "forecast": Decimal(60) if day > 6 else None,
            "low": Decimal(50) if day > 6 else None,
            "high": Decimal(75) if day > 6 else None,
        }
        for day in range(10)
    ]


def one_of_each(text: str = HOSTILE) -> dict[str, VizlyChart]:
    """A chart of each sort, `text` its title, its sentence, and what its marker tells."""
    told: dict[str, Any] = {"title": text, "sentence": text}
    marker = [{"at": "2026-05-03", "text": text, "sort": "anomaly"}, {"at": "2026-05-05", "text": "Launch"}]
    first = rows(1)
    steps = [{"step": name, "change": Decimal(change), "currency": "USD"} for name, change in STEPS.items()]
    return {
        "line": VizlyChart.line(rows(), series="service", markers=marker, **told),
        "area": VizlyChart.area(rows(), series="service", markers=marker, **told),
        "stacked_bar": VizlyChart.stacked_bar(rows(), series="service", **told),
        "bar": VizlyChart.bar(first, x="service", **told),
        "treemap": VizlyChart.treemap(first, path=("team", "service"), **told),
        "donut": VizlyChart.donut(first, path="service", **told),
        "sankey": VizlyChart.sankey(first, "team", "service", **told),
        "heatmap": VizlyChart.heatmap(rows(), x="period", series="service", **told),
        "waterfall": VizlyChart.waterfall(steps, x="step", totals=("Before", "Now"), **told),
        "fan": VizlyChart.fan(whole(), low="low", high="high", **told),
        "gauge": VizlyChart.gauge(first, "cost", "previous", **told),
        "sparkline": VizlyChart.sparkline(whole(), **told),
        "kpi": VizlyChart.kpi(first, previous="previous", x="period", **told),
        "table": VizlyChart.table(first, **told),
    }


STEPS = {"Before": "500", "Credit": "-900", HOSTILE: "-300", "Compute": "1200", "Now": "500"}
