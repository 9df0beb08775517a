"""cost_trend: what was spent along time, by one dimension or as a whole."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from finopsmetrics.core.exact import plus
from finopsmetrics.dashboard.drill import explorer, step
from finopsmetrics.dashboard.money_rows import (
    InCurrency,
    amount,
    in_currency,
    money_column,
    nothing,
    receipts_of,
    text,
    text_column,
)
from finopsmetrics.dashboard.settings import Dimension, Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, day, label, late, money, moved, percent, ratio, value
from finopsmetrics.observability.query import OTHER
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking


class CostTrendConfig(Priced):
    """What is drawn along time."""

    group_by: Dimension | None = Field(default=None, description="One band for each value of this: service, account, tags.team.")
    grain: Literal["hour", "day", "week", "month", "quarter", "year"] | None = Field(
        default=None, description="The step: by day up to 92 days, by month beyond, unless given."
    )
    chart: Literal["area", "line", "stacked_bar"] = Field(default="area", description="How it is drawn.")
    top: int = Field(default=8, ge=1, le=30, description="How many bands have a name; the rest is summed as (other).")


class CostTrend(Widget[CostTrendConfig]):
    """Spend along time."""

    name = "cost_trend"
    title = "Cost trend"
    description = "What was spent along time, as a whole or by one dimension, compared with the time before."
    config = CostTrendConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CostTrendConfig) -> Shown:
        """Ask by step of time, and once more for the window before."""
        window = asking.window(config.time_range)
        groups = [config.group_by] if config.group_by else []
        grain = config.grain or step_of(window)
        asked = {"filters": config.filters, "metric": config.metric}
        answer = asking.costs(window, group_by=groups, grain=grain, top=config.top if groups else None, **asked)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        bounded = window.start is not None and window.end is not None
        whole = asking.costs(window, compare=bounded, **asked)
        before = in_currency(asking, whole) if bounded else None
        where = asking.filters(config.filters)
        link = explorer(window, group_by=groups, where=where, metric=config.metric, grain=grain, chart=config.chart)
        told = ""
        if before is not None:
            told = late(asking, window.previous()) or moved(before.cost, before.previous, window.previous().label())
        sentence = _sentence(seen, told, window, config.group_by)
        return Shown(sentence, _chart(seen, config, window, where, grain), receipts=receipts_of(answer, whole), link=link)


def step_of(window: Window) -> str:
    """By day up to 92 days, by month beyond."""
    bounded = window.start is not None and window.end is not None
    return "day" if bounded and window.days() <= 92 else "month"


def _chart(seen: InCurrency, config: CostTrendConfig, window: Window, where: str | None, grain: str) -> ChartSpec:
    group = config.group_by
    columns = [Column(name="period", label="Time", type="time")]
    columns += [text_column(group, label(group))] if group else []
    columns += [money_column("cost", "Cost", seen.currency)]
    rows, links = [], []
    for row in seen.rows:
        own = [value(group, row[group])] if group else []
        rows.append((day(row["period"]), *own, text(row["cost"])))
        only = {group: row[group]} if group else {}
        links.append(explorer(step(window, row["period"], grain), where=where, metric=config.metric, only=only))
    series = columns[1].name if group else None
    return ChartSpec(
        chart=config.chart, columns=tuple(columns), rows=tuple(rows), x="period", y=("cost",), series=series, links=tuple(links)
    )


def _sentence(seen: InCurrency, change: str, window: Window, group: str | None) -> str:
    told = f"{money(seen.cost, seen.currency)} in {window.label()}{f', {change}' if change else ''}"
    if group:
        sums: dict[str, Decimal] = {}
        for row in seen.rows:
            name = value(group, row[group])
            sums[name] = plus(sums.get(name, Decimal(0)), amount(row["cost"]))
        first = max(sums, key=lambda name: (name != OTHER, sums[name]))
        told += f"; {first} is the greatest at {money(sums[first], seen.currency)} ({percent(ratio(sums[first], seen.cost))})"
    return f"{told}{besides(seen.others)}."
