"""kpi: the spend of a window in one number, its change, and its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import in_currency, money_column, nothing, receipts_of, text
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, day, late, money, moved
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking


class KpiConfig(Priced):
    """Which spend is told."""


class Kpi(Widget[KpiConfig]):
    """One number."""

    name = "kpi"
    title = "Spend"
    description = "The spend of a window in one number, with its change to the window before and its line by day."
    config = KpiConfig

    def show(self, asking: Asking, config: KpiConfig) -> Shown:
        """Ask for the window with the one before, and by day for the line."""
        window = asking.window(config.time_range)
        asked = {"filters": config.filters, "metric": config.metric}
        bounded = window.start is not None and window.end is not None
        whole = asking.costs(window, compare=bounded, **asked)
        seen = in_currency(asking, whole)
        if seen is None:
            return nothing(asking, window, whole)
        daily = asking.costs(window, grain="day" if bounded and window.days() <= 92 else "month", **asked)
        line = in_currency(asking, daily)
        before = window.previous() if bounded else None
        odd = late(asking, before) if before else None
        previous = seen.previous if before and not odd else None
        rows = [(day(row["period"]), text(row["cost"]), text(seen.cost), text(previous)) for row in line.rows] if line else []
        chart = ChartSpec(
            chart="kpi",
            columns=(
                Column(name="period", label="Time", type="time"),
                money_column("cost", "Cost", seen.currency),
                money_column("total", "Spend", seen.currency),
                money_column("previous", "Before", seen.currency),
            ),
            rows=tuple(rows),
            x="period",
            y=("cost",),
            value="total",
            previous=None if previous is None else "previous",
        )
        told = f"{money(seen.cost, seen.currency)} in {window.label()}"
        if before:
            told += f", {odd or moved(seen.cost, seen.previous, before.label())}"
        link = explorer(window, where=asking.filters(config.filters), metric=config.metric, grain="day")
        return Shown(f"{told}{besides(seen.others)}.", chart, receipts=receipts_of(whole, daily), link=link)
