"""cost_changes: from what was spent before to what is spent now, step by step."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.core.exact import minus, total
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
from finopsmetrics.dashboard.words import besides, label, late, money, moved, value
from finopsmetrics.observability.query import OTHER
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

Step = tuple[str, Decimal, str | None]


class CostChangesConfig(Priced):
    """What the change is divided by."""

    group_by: Dimension = Field(default="ServiceName", description="What the change is divided by: service, account, tags.team.")
    top: int = Field(default=8, ge=1, le=30, description="How many changes have a step of their own; the rest is one step.")


class CostChanges(Widget[CostChangesConfig]):
    """From before to now."""

    name = "cost_changes"
    title = "What changed"
    description = "From what was spent in the window before to what is spent now, one step for each of the greatest changes."
    config = CostChangesConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CostChangesConfig) -> Shown:
        """Ask once for both windows."""
        window, group = asking.window(config.time_range), config.group_by
        before = window.previous()
        answer = asking.costs(window, group_by=[group], compare=True, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        where = asking.filters(config.filters)
        moving = sorted((row for row in seen.rows if row["change"]), key=lambda row: -abs(row["change"]))
        steps = [_step(row, group, window, where, config.metric) for row in moving[: config.top]]
        rest = minus(minus(seen.cost, seen.previous), total(step[1] for step in steps))
        steps += [(OTHER, rest, None)] if len(moving) > config.top else []
        first, last = (explorer(one, group_by=[group], where=where, metric=config.metric) for one in (before, window))
        every = [(before.label(), seen.previous, first), *steps, (window.label(), seen.cost, last)]
        chart = ChartSpec(
            chart="waterfall",
            columns=(text_column("step", label(group)), money_column("cost", "Cost", seen.currency)),
            rows=tuple((name, text(cost)) for name, cost, _ in every),
            x="step",
            y=("cost",),
            totals=(before.label(), window.label()),
            links=tuple(link for _, _, link in every),
        )
        return Shown(
            _sentence(seen, steps, window, late(asking, before) or moved(seen.cost, seen.previous, before.label())),
            chart,
            receipts=receipts_of(answer),
            link=last,
        )


def _step(row: dict[str, Any], group: str, window: Window, where: str | None, metric: str) -> Step:
    link = explorer(window, where=where, metric=metric, grain="day", only={group: row[group]})
    return (value(group, row[group]), amount(row["change"]), link)


def _sentence(seen: InCurrency, steps: list[Step], window: Window, against: str) -> str:
    told = f"{money(seen.cost, seen.currency)} in {window.label()}, {against}"
    if steps:
        name, change, _ = steps[0]
        way = "more" if change > 0 else "less"
        told += f"; {name} changed the most, {money(abs(change), seen.currency)} {way}"
    return f"{told}{besides(seen.others)}."
