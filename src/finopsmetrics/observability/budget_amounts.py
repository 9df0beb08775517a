"""What a budget allows in a period: its amount, as it steps or grows, and what earlier periods left or overdrew. Exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import UsageError
from finopsmetrics.observability.budget_periods import Period

if TYPE_CHECKING:
    from finopsmetrics.kinds.budget import Budget

_PLACES = Decimal(1).scaleb(-18)
_MOST = Decimal(10) ** 20


def amount_of(budget: Budget, period: Period, place: int) -> Decimal:
    """The amount of a period without what is carried over; `place` counts periods from 0. Rounded half-even at 18 places.

    A step holds from the first period that begins on its day or later. Raises UsageError for an amount beyond 20 digits.
    """
    found = budget.amount
    for step in budget.steps:
        if datetime.combine(step.start, time(), period.whole[0].tzinfo) <= period.whole[0]:
            found = step.amount
    if budget.growth is None:
        return found
    with localcontext(prec=120):
        grown = found * (1 + budget.growth) ** place
        if grown >= _MOST:
            raise UsageError(f"The budget {budget.name} grows beyond what can be counted.", cure="Check its growth and start.")
        return grown.quantize(_PLACES, ROUND_HALF_EVEN)


def available(budget: Budget, periods: Sequence[Period], spent: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
    """The amount of the last of `periods`, and what the earlier ones carry into it (negative when they were overspent).

    `periods` begin with the budget's first; `spent` are their costs by label, none where nothing was charged.
    """
    carried = Decimal(0)
    with localcontext(prec=120):
        for place, period in enumerate(periods[:-1]):
            left = amount_of(budget, period, place) + carried - spent.get(period.label, Decimal(0))
            carried = _passed_on(budget.carry_over, left)
    return amount_of(budget, periods[-1], len(periods) - 1), carried


def _passed_on(rule: str, left: Decimal) -> Decimal:
    if rule == "both":
        return left
    if rule == "unspent":
        return max(left, Decimal(0))
    return min(left, Decimal(0)) if rule == "overspent" else Decimal(0)
