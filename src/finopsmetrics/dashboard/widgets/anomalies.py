"""anomalies: what was unusual, on the line of daily cost or as a list."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from finopsmetrics.core.exact import total
from finopsmetrics.core.shapes import Metric
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import amount, in_currency, money_column, nothing, receipts_of, text, text_column
from finopsmetrics.dashboard.settings import Timed
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, counted, day, money
from finopsmetrics.observability.query import naive
from finopsmetrics.vizlychart.spec import ChartSpec, Column, Marker

if TYPE_CHECKING:
    from finopsmetrics.core.findings import Finding
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.dashboard.money_rows import InCurrency

OPEN = ("open", "acknowledged", "approved")
SOURCE = "Anomalies are found by the nightly look; the dashboard's filters do not narrow them."
LONGEST = 400


class AnomaliesConfig(Timed):
    """Which anomalies, and how they are drawn."""

    chart: Literal["line", "table"] = Field(default="line", description="On the line of daily cost, or as a list.")
    metric: Metric = Field(default="effective", description="The cost of the line: billed, effective, list or contracted.")


class Anomalies(Widget[AnomaliesConfig]):
    """What was unusual."""

    name = "anomalies"
    title = "Anomalies"
    description = "Open anomalies, marked on the line of daily cost or as a list with their cause and impact."
    config = AnomaliesConfig
    size = (2, 1)
    needs = ("costs:read", "findings:read")

    def show(self, asking: Asking, config: AnomaliesConfig) -> Shown:
        """Ask for the days and for the findings that touch them."""
        window = asking.window(config.time_range)
        answer = asking.costs(window, grain="day", filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        kept = [(one.state, one.finding) for one in asking.findings("anomaly", OPEN) if _touches(one.finding, window)]
        found = [finding for _, finding in kept]
        receipts = tuple(dict.fromkeys((*receipts_of(answer), *(one for finding in found for one in finding.receipts))))
        told = _sentence(found, seen, window)
        if config.chart == "table":
            empty = (
                None if found else "Nothing is unusual now; a new look runs every night, or with `finopsmetrics anomalies look`."
            )
            return Shown(told, _list(kept) if kept else None, receipts=receipts, source=SOURCE, link="/anomalies", empty=empty)
        where = asking.filters(config.filters)
        rows = tuple((day(row["period"]), text(row["cost"])) for row in seen.rows)
        markers = tuple(
            Marker(at=day(max(finding.start, seen.rows[0]["period"])), text=finding.title[:LONGEST], sort="anomaly")
            for finding in found
            if finding.start is not None
        )
        chart = ChartSpec(
            chart="line",
            columns=(Column(name="period", label="Day", type="time"), money_column("cost", "Cost", seen.currency)),
            rows=rows,
            x="period",
            y=("cost",),
            markers=markers[:500],
            links=tuple(explorer(f"{day(row['period'])}", where=where, metric=config.metric) for row in seen.rows),
        )
        return Shown(told, chart, receipts=receipts, source=SOURCE, link="/anomalies")


def _touches(finding: Finding, window: Window) -> bool:
    start, end = naive(window.start) or datetime.min, naive(window.end) or datetime.max
    return finding.start is not None and finding.start < end and (finding.end or datetime.max) > start


def _list(kept: list[tuple[str, Finding]]) -> ChartSpec:
    columns = (
        Column(name="day", label="From", type="time"),
        text_column("what", "What"),
        Column(name="impact", label="Impact", type="money"),
        text_column("currency", "Currency"),
        text_column("severity", "Severity"),
        text_column("state", "State"),
        text_column("cause", "Likely cause"),
    )
    rows = tuple(
        (
            None if finding.start is None else day(finding.start),
            finding.title,
            text(finding.impact),
            finding.currency,
            finding.severity,
            state,
            str(finding.body.get("likely_cause") or "") or None,
        )
        for state, finding in kept
    )
    return ChartSpec(chart="table", columns=columns, rows=rows, links=tuple(f"/anomalies?finding={one.id}" for _, one in kept))


def _sentence(found: list[Finding], seen: InCurrency, window: Window) -> str:
    if not found:
        return f"No open anomaly in {window.label()}, in which {money(seen.cost, seen.currency)} was spent{besides(seen.others)}."
    mine = [finding for finding in found if finding.currency == seen.currency and finding.impact is not None]
    told = f"{counted(len(found), 'open anomaly', 'open anomalies')} in {window.label()}"
    if mine:
        first = max(mine, key=lambda finding: abs(amount(finding.impact)))
        told += f" with an impact of {money(total(amount(one.impact) for one in mine), seen.currency)}; {first.title}"
    return f"{told}."
