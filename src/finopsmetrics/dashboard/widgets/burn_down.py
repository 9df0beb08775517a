"""burn_down: what is left of a budget, day by day, beside an even pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from pydantic import Field

from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.core.shapes import Line
from finopsmetrics.core.windows.months import DAY
from finopsmetrics.dashboard.money_rows import money_column, text
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import counted, day, money
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking, BudgetStanding
    from finopsmetrics.observability.budget_status import BudgetStatus, BurnDown

DECLARE = "Declare one: on the page Budgets, or with `finopsmetrics apply`."


class BurnDownConfig(Config):
    """Whose burn-down it is."""

    budget: Line | None = Field(default=None, description="The budget by its name; the one that is spent the most, unless given.")


class BurnDownWidget(Widget[BurnDownConfig]):
    """A budget burning down."""

    name = "burn_down"
    title = "Burn-down"
    description = "What is left of a budget on each day of its period, beside what an even pace would have left."
    config = BurnDownConfig
    needs = ("costs:read", "budget:read")

    def show(self, asking: Asking, config: BurnDownConfig) -> Shown:
        """Choose the budget and ask for its days."""
        every = asking.budgets()
        if not every:
            return Shown("There is no budget.", link="/budgets", empty=DECLARE)
        status = _chosen(every, config.budget)
        days = asking.burn_down(status.budget.name)
        if not days:
            told = f"The period {status.period.label} of {status.budget.name} has not begun."
            return Shown(told, link="/budgets", empty="Come back when it has begun.")
        receipts = (status.receipt,) if status.receipt else ()
        return Shown(_sentence(status, days), _chart(status, days), receipts=receipts, link="/budgets")


def _chosen(every: Sequence[BudgetStanding], name: str | None) -> BudgetStatus:
    named = [one for one in every if name is None or one.name == name]
    if not named:
        raise NotFoundError(f"There is no budget {name!r}.", cure="See `finopsmetrics budgets`.")
    known = [one.status for one in named if one.status is not None]
    if not known:
        raise UsageError(named[0].error or f"How {named[0].name} stands cannot be told.", cure="Mend the budget.")
    return max(known, key=lambda status: float(status.share or 0))


def _chart(status: BudgetStatus, days: Sequence[BurnDown]) -> ChartSpec:
    currency = status.currency or ""
    columns = (
        Column(name="day", label="Day", type="time"),
        money_column("remaining", "Left", currency),
        money_column("even", "At an even pace", currency),
        money_column("spent", "Spent", currency),
    )
    rows = tuple((day(one.day), text(one.remaining), text(one.even), text(one.spent)) for one in days)
    return ChartSpec(chart="line", columns=columns, rows=rows, x="day", y=("remaining", "even"), rising="good")


def _sentence(status: BudgetStatus, days: Sequence[BurnDown]) -> str:
    last, currency = days[-1], status.currency or ""
    left = max((status.period.end - (last.day.replace(tzinfo=UTC) + DAY)) // DAY, 0)
    amounts = f"{money(last.remaining, currency)} of {money(status.allowed, currency)}"
    even = f"an even pace would have left {money(last.even, currency)}"
    return f"{status.budget.name} has {amounts} left with {counted(left, 'day')} of {status.period.label} to go; {even}."
