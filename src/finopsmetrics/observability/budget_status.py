"""How a budget stands in its current period: what its charges came to, exactly, and which of its thresholds that reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.query import build

if TYPE_CHECKING:
    from datetime import date

    from finopsmetrics.kinds.budget import Budget
    from finopsmetrics.observability.cost_observatory import CostObservatory

_FOLLOWED = ("monthly", "quarterly", "yearly")


@dataclass(frozen=True)
class BudgetStatus:
    """A budget in its current period (2026-05, 2026-Q2 or 2026): spend and amount in one currency, thresholds reached.

    `currency` is None when nothing was charged and the budget names none; `receipt` is the receipt of the spend.
    """

    budget: Budget
    period: str
    current: Decimal
    currency: str | None
    reached: tuple[Decimal, ...]
    receipt: str | None


def budget_status(budget: Budget, costs: CostObservatory, now: datetime) -> BudgetStatus:
    """The status of a budget at `now` (with a time zone).

    Only calendar months, quarters and years of one amount are counted: raises UsageError for budgets of other periods, of
    fiscal years, of a team, with carry-over, growth or steps, and for charges in more than one currency.
    """
    _must_be_plain(budget)
    period = _period(budget.period, now.astimezone(UTC))
    query = build(metric=budget.metric, window=_counted(budget, Window.parse(period, now=now)), filters=dict(budget.filters))
    if budget.condition is not None:
        query = query.narrowed(Condition.parse(budget.condition))
    answer = costs.ask(query)
    spent = {str(row["currency"]): row["cost"] for row in answer if row["cost"] is not None}
    odd = sorted(set(spent) - {budget.currency}) if budget.currency else sorted(spent)[1:]
    if odd:
        cure = "Narrow it with a filter such as {currency: USD}."
        raise UsageError(f"The budget {budget.name} covers charges in {', '.join(sorted(spent))}, and in one only.", cure=cure)
    currency = budget.currency or next(iter(spent), None)
    current = spent.get(str(currency), Decimal(0))
    wanted = sorted({alert.threshold for alert in budget.alerts if alert.on == "actual"})
    with localcontext(prec=120):  # exact: both factors have fewer digits together
        reached = tuple(share for share in wanted if current >= share * budget.amount)
    return BudgetStatus(budget, period, current, currency, reached, answer.receipt.id if answer.receipt else None)


def _must_be_plain(budget: Budget) -> None:
    odd = [name for name in ("fiscal", "team", "growth", "steps") if getattr(budget, name)]
    odd += ["carry_over"] if budget.carry_over != "none" else []
    odd += [f"period: {budget.period}"] if budget.period not in _FOLLOWED else []
    if odd:
        cure = "Its thresholds are watched for calendar months, quarters and years of one amount."
        raise UsageError(f"The budget {budget.name} cannot be watched with {', '.join(odd)}.", cure=cure)


def _period(period: str, now: datetime) -> str:
    if period == "monthly":
        return f"{now:%Y-%m}"
    return f"{now.year}-Q{(now.month + 2) // 3}" if period == "quarterly" else f"{now:%Y}"


def _counted(budget: Budget, whole: Window) -> Window:
    """The part of the period that counts: from the budget's first day to the end of its last."""
    assert whole.start is not None
    assert whole.end is not None
    start = max(whole.start, _midnight(budget.start)) if budget.start else whole.start
    end = min(whole.end, _midnight(budget.end) + timedelta(days=1)) if budget.end else whole.end
    if start >= end:
        raise UsageError(f"The budget {budget.name} does not count in {whole.label()}.", cure="See its start and end.")
    return Window(start, end)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
