"""top_resources: the resources that cost the most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.exact import total
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
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import NO_VALUE, besides, counted, money, percent, ratio
from finopsmetrics.observability.anomalies.watch import both
from finopsmetrics.observability.query import OTHER
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

NAMED = "ResourceId IS NOT NULL"
NAMES = "ResourceId AS id, max(ResourceName) AS name, max(ServiceName) AS service, count(DISTINCT ServiceName) AS services"
LONGEST = 5_000
Names = dict[str, dict[str, Any]]


class TopResourcesConfig(Priced):
    """How many resources, and how they are drawn."""

    limit: int = Field(default=10, ge=1, le=200, description="How many are shown.")
    chart: Literal["table", "bar"] = Field(default="table", description="How they are drawn.")


class TopResources(Widget[TopResourcesConfig]):
    """The dearest resources."""

    name = "top_resources"
    title = "Top resources"
    description = "The resources that cost the most, with their service and their share of the whole."
    config = TopResourcesConfig
    size = (2, 1)

    def show(self, asking: Asking, config: TopResourcesConfig) -> Shown:
        """Ask for the greatest resources, for what they are called, and for the whole of which they are a share."""
        window = asking.window(config.time_range)
        whole = asking.costs(window, filters=config.filters, metric=config.metric)
        every = in_currency(asking, whole)
        if every is None:
            return nothing(asking, window, whole)
        where = asking.filters(config.filters)
        own = both([where, NAMED])
        answer = asking.costs(window, group_by=["ResourceId"], top=config.limit, filters=own, metric=config.metric)
        rows = [row for row in answer if row["ResourceId"] != OTHER and row["currency"] == every.rows[0]["currency"]]
        receipts = receipts_of(answer, whole)
        if not rows:
            told = f"No charge in {every.currency} names a resource in {window.label()}."
            return Shown(told, receipts=receipts, empty="Choose another time or filter.")
        names = _names(asking, window, rows)
        links = tuple(
            explorer(window, where=where, metric=config.metric, grain="day", only={"ResourceId": row["ResourceId"]})
            for row in rows
        )
        chart = _chart(rows, names, every, config).model_copy(update={"links": links})
        link = explorer(window, group_by=["ResourceId"], where=where, metric=config.metric)
        return Shown(_sentence(rows, names, every, window), chart, receipts=receipts, link=link)


def _names(asking: Asking, window: Window, rows: list[dict[str, Any]]) -> Names:
    """What resources are called, and the service of each. A condition is of some length only, so they are asked in batches."""
    found: Names = {}
    waiting = [str(row["ResourceId"]) for row in rows]
    while waiting:
        batch, length = list[str](), 0
        while waiting and (not batch or length + len(waiting[0]) < LONGEST):
            length += len(waiting[0]) + 4
            batch.append(waiting.pop(0))
        mine = str(Condition.from_dict({"ResourceId": batch}))
        told = asking.charges(NAMES, window, mine, " GROUP BY 1 ORDER BY 1").to_pylist()
        found |= {row["id"]: row for row in told}
    return found


def _called(row: dict[str, Any], names: Names) -> str:
    return str(names.get(row["ResourceId"], {}).get("name") or row["ResourceId"])


def _chart(rows: list[dict[str, Any]], names: Names, every: InCurrency, config: TopResourcesConfig) -> ChartSpec:
    columns = (
        text_column("resource", "Resource"),
        text_column("service", "Service"),
        money_column("cost", "Cost", every.currency),
        Column(name="share", label="Share", type="share"),
        text_column("id", "Id"),
    )
    place: dict[str, Any] = {"x": "resource", "y": ("cost",)} if config.chart == "bar" else {}
    table = tuple(_row(row, names, text(ratio(amount(row["cost"]), every.cost))) for row in rows)
    return ChartSpec(chart=config.chart, columns=columns, rows=table, **place)


def _row(row: dict[str, Any], names: Names, share: Cell) -> tuple[Cell, ...]:
    told = names.get(row["ResourceId"], {})
    several = told.get("services", 0) > 1
    service = counted(told["services"], "service") if several else str(told.get("service") or NO_VALUE)
    return (_called(row, names), service, text(row["cost"]), share, str(row["ResourceId"]))


def _sentence(rows: list[dict[str, Any]], names: Names, every: InCurrency, window: Window) -> str:
    sums, first = total(amount(row["cost"]) for row in rows), rows[0]
    return (
        f"{counted(len(rows), 'resource')} came to {money(sums, every.currency)} in {window.label()}, "
        f"{percent(ratio(sums, every.cost))} of the whole; {_called(first, names)} is the dearest at "
        f"{money(amount(first['cost']), every.currency)}{besides(every.others)}."
    )
