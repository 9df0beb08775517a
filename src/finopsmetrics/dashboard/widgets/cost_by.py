"""cost_by: spend by anything: a dimension or a tag, or two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import (
    InCurrency,
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
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

TWO = frozenset({"heatmap", "stacked_bar"})


class CostByConfig(Priced):
    """What spend is divided by, and how it is drawn."""

    group_by: Dimension | list[Dimension] = Field(
        default="ServiceName",
        description="A FOCUS column, a short name such as service, or tags.KEY; two for heatmap and stacked_bar.",
    )
    chart: Literal["treemap", "table", "bar", "donut", "heatmap", "stacked_bar"] = Field(
        default="bar", description="How it is drawn."
    )
    top: int = Field(default=12, ge=1, le=200, description="How many groups have a name; the rest is summed as (other).")

    @property
    def groups(self) -> tuple[str, ...]:
        """The dimensions, one or two."""
        return (self.group_by,) if isinstance(self.group_by, str) else tuple(self.group_by)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not 1 <= len(self.groups) <= 2:
            raise ValueError("group_by takes one or two dimensions")
        if self.chart in TWO and len(self.groups) != 2:
            raise ValueError(f"a {self.chart} needs two dimensions in group_by")
        if self.chart in {"bar", "donut"} and len(self.groups) != 1:
            raise ValueError(f"a {self.chart} takes one dimension in group_by")
        return self


class CostBy(Widget[CostByConfig]):
    """Spend by anything."""

    name = "cost_by"
    title = "Cost by"
    description = "Spend by any dimension or tag, or by two, as bars, a treemap, a table, a donut or a heatmap."
    config = CostByConfig

    def show(self, asking: Asking, config: CostByConfig) -> Shown:
        """Ask once, by the groups."""
        window = asking.window(config.time_range)
        asked = {"filters": config.filters, "metric": config.metric}
        answer = asking.costs(window, group_by=list(config.groups), top=config.top, **asked)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        seen = replace(seen, rows=tuple(greatest(seen.rows, config.groups)))
        where = asking.filters(config.filters)
        link = explorer(window, group_by=config.groups, where=where, metric=config.metric)
        chart = _chart(seen, config, window, where)
        return Shown(_sentence(seen, config, window), chart, receipts=receipts_of(answer), link=link)


def _chart(seen: InCurrency, config: CostByConfig, window: Window, where: str | None) -> ChartSpec:
    groups = config.groups
    columns = [text_column(name, label(name)) for name in groups] + [money_column("cost", "Cost", seen.currency)]
    rows = tuple((*(value(name, row[name]) for name in groups), text(row["cost"])) for row in seen.rows)
    links = tuple(_deeper(row, config, window, where) for row in seen.rows)
    place: dict[str, Any] = {"path": groups} if config.chart in {"treemap", "donut"} else {"x": groups[0]}
    if config.chart in TWO:
        place["series"] = groups[1]
    return ChartSpec(chart=config.chart, columns=tuple(columns), rows=rows, y=("cost",), links=links, **place)


def _deeper(row: dict[str, Any], config: CostByConfig, window: Window, where: str | None) -> str | None:
    only = {name: row[name] for name in config.groups}
    deeper = "ResourceId" if "resourceid" not in {name.lower() for name in config.groups} else "ChargeDescription"
    return explorer(window, group_by=[deeper], where=where, metric=config.metric, only=only)


def _sentence(seen: InCurrency, config: CostByConfig, window: Window) -> str:
    names = " and ".join(label(name).lower() for name in config.groups)
    first = seen.rows[0]
    told = " / ".join(value(name, first[name]) for name in config.groups)
    cost = amount(first["cost"])
    share = percent(ratio(cost, seen.cost))
    whole = f"{money(seen.cost, seen.currency)} in {window.label()} by {names}"
    return f"{whole}; {told} comes to {money(cost, seen.currency)} ({share}){besides(seen.others)}."
