"""top_resources: the resources that cost the most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from finopsmetrics.core.exact import total
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import amount, in_currency, money_column, nothing, receipts_of, text, text_column
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import NO_VALUE, besides, counted, money, percent, ratio
from finopsmetrics.observability.query import OTHER
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

GROUPS = ["ResourceId", "ResourceName", "ServiceName"]
NAMED = "ResourceId IS NOT NULL"


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
        """Ask for the greatest resources, and for the whole of which they are a share."""
        window = asking.window(config.time_range)
        where = asking.filters(config.filters)
        own = f"({where}) AND {NAMED}" if where else NAMED
        whole = asking.costs(window, filters=config.filters, metric=config.metric)
        answer = asking.costs(window, group_by=GROUPS, top=config.limit, filters=own, metric=config.metric)
        seen, every = in_currency(asking, answer), in_currency(asking, whole)
        if seen is None or every is None or seen.currency != every.currency:
            if every is None:
                return nothing(asking, window, whole)
            told = f"No charge in {every.currency} names a resource in {window.label()}."
            return Shown(told, receipts=receipts_of(answer, whole), empty="Choose another time or filter.")
        rows = [row for row in seen.rows if row["ResourceId"] != OTHER]
        sums = total(amount(row["cost"]) for row in rows)
        share = percent(ratio(sums, every.cost))
        first = rows[0]
        told = (
            f"{counted(len(rows), 'resource')} came to {money(sums, seen.currency)} in {window.label()}, {share} of the whole; "
            f"{first['ResourceName'] or first['ResourceId']} is the dearest at {money(amount(first['cost']), seen.currency)}"
            f"{besides(every.others)}."
        )
        columns = (
            text_column("resource", "Resource"),
            text_column("service", "Service"),
            money_column("cost", "Cost", seen.currency),
            Column(name="share", label="Share", type="share"),
            text_column("id", "Id"),
        )
        links = tuple(explorer(window, where=where, metric=config.metric, grain="day", only=_only(row)) for row in rows)
        place: dict[str, Any] = {"x": "resource", "y": ("cost",)} if config.chart == "bar" else {}
        table = tuple(_row(row, text(ratio(amount(row["cost"]), every.cost))) for row in rows)
        chart = ChartSpec(chart=config.chart, columns=columns, rows=table, links=links, **place)
        link = explorer(window, group_by=["ResourceId"], where=where, metric=config.metric)
        return Shown(told, chart, receipts=receipts_of(answer, whole), link=link)


def _only(row: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceId": row["ResourceId"]}


def _row(row: dict[str, Any], share: Cell) -> tuple[Cell, ...]:
    name = row["ResourceName"] or row["ResourceId"]
    return (str(name), str(row["ServiceName"] or NO_VALUE), text(row["cost"]), share, str(row["ResourceId"]))
