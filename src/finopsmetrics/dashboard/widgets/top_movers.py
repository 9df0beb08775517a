"""top_movers: what rose and what fell the most since the window before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.dashboard.drill import explorer
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
from finopsmetrics.dashboard.words import besides, label, late, money, percent, ratio, value
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking


class TopMoversConfig(Priced):
    """What is compared."""

    group_by: Dimension = Field(default="ServiceName", description="What moves: service, account, region, tags.team.")
    limit: int = Field(default=10, ge=1, le=100, description="How many are shown.")


class TopMovers(Widget[TopMoversConfig]):
    """The greatest changes."""

    name = "top_movers"
    title = "Top movers"
    description = "What rose and what fell the most since the window before, by any dimension."
    config = TopMoversConfig

    def show(self, asking: Asking, config: TopMoversConfig) -> Shown:
        """Ask once for both windows."""
        window, group = asking.window(config.time_range), config.group_by
        answer = asking.costs(window, group_by=[group], compare=True, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        odd = late(asking, window.previous())
        if odd is not None:
            told = f"{money(seen.cost, seen.currency)} in {window.label()}, {odd}{besides(seen.others)}."
            return Shown(told, receipts=receipts_of(answer), empty=f"{told} Choose a shorter time.")
        moving = sorted((row for row in seen.rows if row["change"]), key=lambda row: -abs(row["change"]))[: config.limit]
        where = asking.filters(config.filters)
        link = explorer(window, group_by=[group], where=where, metric=config.metric)
        if not moving:
            told = f"Nothing changed from {window.previous().label()} to {window.label()}{besides(seen.others)}."
            return Shown(told, receipts=receipts_of(answer), link=link, empty="Choose another time or another dimension.")
        links = tuple(
            explorer(window, where=where, metric=config.metric, grain="day", only={group: row[group]}) for row in moving
        )
        chart = ChartSpec(
            chart="bar",
            columns=(
                text_column(group, label(group)),
                money_column("change", "Change", seen.currency),
                money_column("cost", "Now", seen.currency),
                money_column("previous", "Before", seen.currency),
                Column(name="share", label="Change of before", type="share"),
            ),
            rows=tuple(_row(row, group) for row in moving),
            x=group,
            y=("change",),
            links=links,
        )
        return Shown(_sentence(seen, group, window), chart, receipts=receipts_of(answer), link=link)


def _row(row: dict[str, Any], group: str) -> tuple[Cell, ...]:
    share = ratio(row["change"], amount(row["previous"]))
    return (value(group, row[group]), text(row["change"]), text(row["cost"]), text(row["previous"]), text(share))


def _sentence(seen: InCurrency, group: str, window: Window) -> str:
    rows = sorted(seen.rows, key=lambda row: amount(row["change"]))
    told = []
    for row, way, verb in ((rows[-1], 1, "rose"), (rows[0], -1, "fell")):
        change = amount(row["change"]) * way
        if change > 0:
            share = ratio(change, amount(row["previous"]))
            by = f"{money(change, seen.currency)}" + (f" ({percent(share)})" if share is not None else "")
            told.append(f"{value(group, row[group])} {verb} the most, by {by} to {money(amount(row['cost']), seen.currency)}")
    return f"In {window.label()}, compared with {window.previous().label()}, {'; '.join(told)}{besides(seen.others)}."
