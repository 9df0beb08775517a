"""cost_flow: where money flows: from provider to service to whoever uses it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.core.exact import plus
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
from finopsmetrics.dashboard.words import besides, label, money, value
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

DEFAULT = ["ServiceProviderName", "ServiceName", "tags.team"]
Flow = tuple[str, str]


class CostFlowConfig(Priced):
    """Through which dimensions money flows."""

    through: list[Dimension] = Field(
        default=DEFAULT, min_length=2, max_length=4, description="The stages, two to four: provider, service, account, tags.team."
    )
    top: int = Field(default=8, ge=1, le=30, description="How many of each stage have a name; the rest flows through (other).")


class CostFlow(Widget[CostFlowConfig]):
    """Where money flows."""

    name = "cost_flow"
    title = "Cost flow"
    description = "Where money flows: from provider to service to team, or through other dimensions."
    config = CostFlowConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CostFlowConfig) -> Shown:
        """Ask once by all stages, and add up each pair of neighbours."""
        window, stages = asking.window(config.time_range), config.through
        answer = asking.costs(window, group_by=stages, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        where = asking.filters(config.filters)
        names = _names(seen, stages, config.top)
        flows, links = _flows(seen, stages, names, window, where, config.metric)
        chart = ChartSpec(
            chart="sankey",
            columns=(text_column("from", "From"), text_column("to", "To"), money_column("cost", "Cost", seen.currency)),
            rows=tuple((*flow, text(cost)) for flow, cost in flows.items()),
            path=("from", "to"),
            y=("cost",),
            links=tuple(links[flow] for flow in flows),
        )
        (start, end), cost = max(flows.items(), key=lambda pair: pair[1])
        path = ", ".join(label(one).lower() for one in stages)
        told = (
            f"{money(seen.cost, seen.currency)} in {window.label()} flows through {path}; "
            f"the greatest flow, from {start} to {end}, is {money(cost, seen.currency)}{besides(seen.others)}."
        )
        link = explorer(window, group_by=stages, where=where, metric=config.metric)
        return Shown(told, chart, receipts=receipts_of(answer), link=link)


def _names(seen: InCurrency, stages: list[str], top: int) -> dict[str, dict[Any, str]]:
    """What each value is called at each stage: the greatest by their value, others as one; no name stands at two stages."""
    found: dict[str, dict[Any, str]] = {}
    taken: set[str] = set()
    for stage in stages:
        sums: dict[Any, Decimal] = defaultdict(Decimal)
        for row in seen.rows:
            sums[row[stage]] = plus(sums[row[stage]], amount(row["cost"]))
        kept = set(sorted(sums, key=lambda one: -sums[one])[:top])
        own = {}
        for one in sums:
            name = value(stage, one) if one in kept else f"(other {label(stage).lower()})"
            own[one] = name if name not in taken else f"{name} ({label(stage).lower()})"
        found[stage] = own
        taken |= set(own.values())
    return found


def _flows(
    seen: InCurrency, stages: list[str], names: dict[str, dict[Any, str]], window: Window, where: str | None, metric: str
) -> tuple[dict[Flow, Decimal], dict[Flow, str | None]]:
    """The cost between each pair of neighbours, and where a click on it leads: nowhere from what is summed."""
    flows: dict[Flow, Decimal] = defaultdict(Decimal)
    behind: dict[Flow, set[tuple[tuple[str, Any], ...]]] = defaultdict(set)
    for row in seen.rows:
        for one, other in pairwise(stages):
            flow = (names[one][row[one]], names[other][row[other]])
            flows[flow] = plus(flows[flow], amount(row["cost"]))
            behind[flow].add(((one, row[one]), (other, row[other])))
    links = {
        flow: explorer(window, where=where, metric=metric, grain="day", only=dict(next(iter(pairs)))) if len(pairs) == 1 else None
        for flow, pairs in behind.items()
    }
    return dict(flows), links
