"""unallocated_cost: what nobody owns: the cost that carries none of the tags that say whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from finopsmetrics.core.exact import total
from finopsmetrics.core.shapes import Line
from finopsmetrics.dashboard.drill import explorer, narrow
from finopsmetrics.dashboard.money_rows import (
    amount,
    greatest,
    in_currency,
    money_column,
    nothing,
    receipts_of,
    text,
    text_column,
)
from finopsmetrics.dashboard.settings import Dimension, Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, label, money, percent, ratio, value
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking


class UnallocatedCostConfig(Priced):
    """What says whose a cost is, and how the rest is divided."""

    keys: list[Line] = Field(default=["team"], min_length=1, max_length=12, description="Tags that say whose a cost is.")
    group_by: Dimension = Field(default="ServiceName", description="What the rest is divided by.")
    chart: Literal["bar", "treemap", "donut", "table"] = Field(default="bar", description="How it is drawn.")
    top: int = Field(default=10, ge=1, le=100, description="How many groups have a name; the rest is summed as (other).")


class UnallocatedCost(Widget[UnallocatedCostConfig]):
    """What nobody owns."""

    name = "unallocated_cost"
    title = "Unallocated cost"
    description = "The cost that carries none of the tags that say whose it is, and where it comes from."
    config = UnallocatedCostConfig

    def show(self, asking: Asking, config: UnallocatedCostConfig) -> Shown:
        """Ask for the whole, and for what carries none of the tags."""
        window, group = asking.window(config.time_range), config.group_by
        whole = asking.costs(window, filters=config.filters, metric=config.metric)
        every = in_currency(asking, whole)
        if every is None:
            return nothing(asking, window, whole)
        nobody = narrow(asking.filters(config.filters), tuple((f"tags.{key}", None) for key in config.keys))
        answer = asking.costs(window, group_by=[group], top=config.top, filters=nobody, metric=config.metric)
        rows = greatest([row for row in answer if row["currency"] == every.rows[0]["currency"]], [group])
        keys, receipts = " or ".join(config.keys), receipts_of(answer, whole)
        link = explorer(window, group_by=[group], where=nobody, metric=config.metric)
        if not rows:
            told = f"All of {money(every.cost, every.currency)} in {window.label()} carries {keys}{besides(every.others)}."
            return Shown(told, receipts=receipts, link=link, empty="There is nothing to do.")
        columns = (text_column(group, label(group)), money_column("cost", "Cost", every.currency))
        table = tuple((value(group, row[group]), text(row["cost"])) for row in rows)
        links = tuple(explorer(window, where=nobody, metric=config.metric, only={group: row[group]}) for row in rows)
        path = (group,) if config.chart in {"treemap", "donut"} else ()
        x = group if config.chart == "bar" else None
        chart = ChartSpec(chart=config.chart, columns=columns, rows=table, x=x, path=path, y=("cost",), links=links)
        cost = total(amount(row["cost"]) for row in rows)
        share = percent(ratio(cost, every.cost))
        told = (
            f"{money(cost, every.currency)} in {window.label()} carries no {keys}, {share} of the whole; "
            f"{value(group, rows[0][group])} is the greatest at {money(amount(rows[0]['cost']), every.currency)}"
        )
        return Shown(f"{told}{besides(every.others)}.", chart, receipts=receipts, link=link)
