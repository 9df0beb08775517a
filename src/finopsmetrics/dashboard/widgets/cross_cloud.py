"""cross_cloud: clouds side by side, by what they are used for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from finopsmetrics.core.exact import plus
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import amount, in_currency, money_column, nothing, receipts_of, text, text_column
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, money, percent, ratio, value
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

PROVIDER, CATEGORY = "ServiceProviderName", "ServiceCategory"
GROUPS = [CATEGORY, PROVIDER]


class CrossCloudConfig(Priced):
    """How clouds are compared."""

    chart: Literal["stacked_bar", "heatmap", "table"] = Field(default="stacked_bar", description="How it is drawn.")


class CrossCloud(Widget[CrossCloudConfig]):
    """Clouds side by side."""

    name = "cross_cloud"
    title = "Across clouds"
    description = "Providers side by side, by category of service, in the categories of FOCUS."
    config = CrossCloudConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CrossCloudConfig) -> Shown:
        """Ask once by provider and category."""
        window = asking.window(config.time_range)
        answer = asking.costs(window, group_by=GROUPS, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        where = asking.filters(config.filters)
        columns = (
            text_column(CATEGORY, "Category"),
            text_column(PROVIDER, "Provider"),
            money_column("cost", "Cost", seen.currency),
        )
        rows = tuple((*(value(name, row[name]) for name in GROUPS), text(row["cost"])) for row in seen.rows)
        links = tuple(
            explorer(window, group_by=["ServiceName"], where=where, metric=config.metric, only={n: row[n] for n in GROUPS})
            for row in seen.rows
        )
        # Names of categories are long: in a heatmap they stand at the side.
        across, beside = (PROVIDER, CATEGORY) if config.chart == "heatmap" else (CATEGORY, PROVIDER)
        place: dict[str, Any] = {} if config.chart == "table" else {"x": across, "series": beside, "y": ("cost",)}
        chart = ChartSpec(chart=config.chart, columns=columns, rows=rows, links=links, **place)
        link = explorer(window, group_by=GROUPS, where=where, metric=config.metric)
        told = (
            f"{_providers(seen.rows, seen.cost)} of {money(seen.cost, seen.currency)} in {window.label()}{besides(seen.others)}."
        )
        return Shown(told, chart, receipts=receipts_of(answer), link=link)


def _providers(rows: tuple[dict[str, Any], ...], whole: Decimal) -> str:
    """The three greatest providers with their shares."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        name = value(PROVIDER, row[PROVIDER])
        sums[name] = plus(sums.get(name, Decimal(0)), amount(row["cost"]))
    first = sorted(sums, key=lambda name: -sums[name])[:3]
    told = [f"{name} takes {percent(ratio(sums[name], whole))}" for name in first]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
