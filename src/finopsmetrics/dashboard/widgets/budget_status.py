"""budget_status: how budgets stand in their current periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from finopsmetrics.core.shapes import Line
from finopsmetrics.core.windows import Window
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import text, text_column
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import counted, money, percent
from finopsmetrics.observability.budget_status import budget_question
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking, BudgetStanding
    from finopsmetrics.observability.budget_status import BudgetStatus

SOURCE = "Each budget covers its own charges; the dashboard's filters do not narrow them."


class BudgetStatusConfig(Config):
    """Which budgets are shown."""

    budgets: list[Line] = Field(default=[], max_length=200, description="Only budgets of these names; every one, unless given.")
    show_all_budgets: bool = Field(default=True, description="Whether every budget is listed, or only those at 80 % and more.")


class BudgetStatusWidget(Widget[BudgetStatusConfig]):
    """How budgets stand."""

    name = "budget_status"
    title = "Budgets"
    description = "How much of each budget is spent in its current period, the tightest first."
    config = BudgetStatusConfig
    needs = ("costs:read", "budget:read")

    def show(self, asking: Asking, config: BudgetStatusConfig) -> Shown:
        """List what is spent, allowed and left."""
        every = [one for one in asking.budgets() if not config.budgets or one.name in config.budgets]
        if not every:
            told = "There is no budget." if not config.budgets else f"There is no budget named {', '.join(config.budgets)}."
            return Shown(told, link="/budgets", empty="Declare one: on the page Budgets, or with `finopsmetrics apply`.")
        every.sort(key=lambda one: -_share(one))
        listed = [one for one in every if config.show_all_budgets or one.status is None or _share(one) >= 0.8]
        receipts = tuple(one.status.receipt for one in listed if one.status and one.status.receipt)
        return Shown(_sentence(every), _chart(listed), receipts=receipts, source=SOURCE, link="/budgets")


def _share(one: BudgetStanding) -> float:
    """For the order only: a budget that cannot be told comes first, one that allows nothing next."""
    if one.status is None:
        return float("inf")
    share = one.status.share
    return 1e9 if share is None else float(share)


def _chart(listed: list[BudgetStanding]) -> ChartSpec:
    columns = (
        text_column("budget", "Budget"),
        text_column("period", "Period"),
        text_column("currency", "Currency"),
        Column(name="spent", label="Spent", type="money"),
        Column(name="allowed", label="Allowed", type="money"),
        Column(name="remaining", label="Left", type="money"),
        Column(name="share", label="Spent of it", type="share"),
        text_column("note", "Note"),
    )
    rows = tuple(_row(one) for one in listed)
    return ChartSpec(chart="table", columns=columns, rows=rows, links=tuple(_link(one) for one in listed))


def _row(one: BudgetStanding) -> tuple[Cell, ...]:
    status = one.status
    if status is None:
        return (one.name, None, None, None, None, None, None, one.error)
    note = "Over" if status.remaining < 0 else None
    amounts = (text(status.current), text(status.allowed), text(status.remaining), text(status.share))
    return (one.name, status.period.label, status.currency, *amounts, note)


def _link(one: BudgetStanding) -> str | None:
    """To the charges that count; a team's own are told by its condition, which is not known here."""
    if one.status is None or one.status.budget.team is not None:
        return "/budgets"
    period, budget = one.status.period, one.status.budget
    question = budget_question(budget, period.start, period.end)
    return explorer(Window(period.start, period.end), where=question.where, metric=budget.metric, grain="day")


def _sentence(every: list[BudgetStanding]) -> str:
    known = [one.status for one in every if one.status is not None]
    over = [status for status in known if status.remaining < 0]
    told = f"{counted(len(over), 'budget')} of {len(every)} {'is' if len(over) == 1 else 'are'} over"
    if known:
        told += f"; {_tightest(known[0])}"
    unknown = len(every) - len(known)
    return told + (f"; {counted(unknown, 'budget')} cannot be told." if unknown else ".")


def _tightest(status: BudgetStatus) -> str:
    currency = status.currency or ""
    amounts = f"{money(status.current, currency)} of {money(status.allowed, currency)}".strip()
    share = "" if status.share is None else f" ({percent(status.share)})"
    return f"{status.budget.name} has spent {amounts}{share} of {status.period.label}"
