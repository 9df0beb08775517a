"""How a budget stands: what its charges came to, exactly, what it allows, how it burns down, which thresholds were reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.windows import Window
from finopsmetrics.core.windows.months import DAY, midnight
from finopsmetrics.observability.budget_amounts import available
from finopsmetrics.observability.budget_periods import MONTHS, Period, current, since
from finopsmetrics.observability.query import CostQuery, build, naive

if TYPE_CHECKING:
    from finopsmetrics.kinds.budget import Budget
    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.observability.month_end import Projection


@dataclass(frozen=True)
class BudgetStatus:
    """A budget in its current period, in one currency. `allowed` is its amount with what earlier periods carry into it.

    `currency` is None when nothing was charged and the budget names none; `receipt` is the receipt of the spend. `projection` is
    what the whole period is forecast to come to, None where it was not asked for or, with the reason in `unprojected`, cannot be
    told; `foreseen` are the thresholds on the forecast that it reaches.
    """

    budget: Budget
    period: Period
    current: Decimal
    amount: Decimal
    carried: Decimal
    currency: str | None
    reached: tuple[Decimal, ...]
    receipt: str | None
    projection: Projection | None = None
    unprojected: str | None = None
    foreseen: tuple[Decimal, ...] = ()

    @property
    def allowed(self) -> Decimal:
        """What may be spent in the period: its amount and what is carried into it."""
        return self.amount + self.carried

    @property
    def remaining(self) -> Decimal:
        """What is left; negative when more was spent."""
        return self.allowed - self.current

    @property
    def share(self) -> Decimal | None:
        """What was spent as a share of what is allowed, at 4 places; None where nothing is allowed."""
        return self.share_of(self.current)

    def share_of(self, amount: Decimal) -> Decimal | None:
        """An amount as a share of what is allowed, at 4 places; None where nothing is allowed."""
        if self.allowed <= 0:
            return None
        with localcontext(prec=120):
            return (amount / self.allowed).quantize(Decimal("0.0001"))

    def as_dict(self) -> dict[str, Any]:
        """As plain data; amounts are Decimal, times UTC."""
        return {
            "budget": self.budget.name,
            "period": self.period.label,
            "start": self.period.start,
            "end": self.period.end,
            "currency": self.currency,
            "spent": self.current,
            "amount": self.amount,
            "carried": self.carried,
            "allowed": self.allowed,
            "remaining": self.remaining,
            "share": self.share,
            "reached": list(self.reached),
            "receipt": self.receipt,
            "projected": self.projection.expected if self.projection else None,
            "projected_lower": self.projection.lower if self.projection else None,
            "projected_upper": self.projection.upper if self.projection else None,
            "projected_share": self.share_of(self.projection.expected) if self.projection else None,
            "unprojected": self.unprojected,
            "foreseen": list(self.foreseen),
        }


@dataclass(frozen=True)
class BurnDown:
    """A day of a period: what was spent on it, what was left at its end, and what an even pace would have left."""

    day: datetime
    spent: Decimal
    remaining: Decimal
    even: Decimal


def budget_question(budget: Budget, start: datetime, end: datetime, team: Condition | None = None, **more: Any) -> CostQuery:
    """The cost question of what a budget covers; `team` is the condition on its team's charges."""
    query = build(metric=budget.metric, window=Window(start, end), filters=dict(budget.filters), **more)
    if budget.condition is not None:
        query = query.narrowed(Condition.parse(budget.condition))
    return query.narrowed(team)


def budget_status(
    budget: Budget,
    costs: CostObservatory,
    now: datetime,
    *,
    team: Condition | None = None,
    made: datetime | None = None,
    projecting: bool = True,
) -> BudgetStatus:
    """The status of a budget at `now` (with a time zone), recomputed from the lake.

    `team` is the condition on the charges of the budget's team, `made` when the budget was declared: periods are counted from
    its start, else from then. `projecting` asks for what the period will come to, which takes longer. Raises UsageError for
    charges in more than one currency, for one that is not the budget's, and for a team that is not told.
    """
    if budget.team is not None and team is None:
        raise UsageError(
            f"The budget {budget.name} is of the team {budget.team}, whose charges are not told.", cure="Declare it."
        )
    period = current(budget, now)
    answer = costs.ask(budget_question(budget, period.start, period.end, team))
    currency, spent = _one_currency(budget, {str(row["currency"]): row["cost"] for row in answer if row["cost"] is not None})
    amount, carried = _allowed(budget, costs, period, now, team, made, currency)
    wanted = sorted({alert.threshold for alert in budget.alerts if alert.on == "actual"})
    with localcontext(prec=120):  # exact: both factors have fewer digits together
        reached = tuple(share for share in wanted if spent >= share * (amount + carried))
    receipt = answer.receipt.id if answer.receipt else None
    status = BudgetStatus(budget, period, spent, amount, carried, currency, reached, receipt)
    return _projected(status, costs, now, team) if projecting else status


def _projected(status: BudgetStatus, costs: CostObservatory, now: datetime, team: Condition | None) -> BudgetStatus:
    """The status with what its period will come to, and the thresholds on the forecast that this reaches."""
    budget, period = status.budget, status.period
    if budget.period == "rolling":
        return replace(status, unprojected="a rolling period ends now: there is nothing ahead of it")
    from finopsmetrics.observability.month_end import projected

    try:
        found = projected(costs, budget_question(budget, period.start, period.end, team), period.start, period.end, now)
    except UsageError as error:
        return replace(status, unprojected=str(error))
    wanted = sorted({alert.threshold for alert in budget.alerts if alert.on == "forecast"})
    with localcontext(prec=120):
        foreseen = tuple(share for share in wanted if found.expected >= share * status.allowed)
    return replace(status, projection=found, foreseen=foreseen)


def burn_down(status: BudgetStatus, costs: CostObservatory, now: datetime, *, team: Condition | None = None) -> list[BurnDown]:
    """Each day of the current period to today: what was spent and left. Charges of later days are not in it."""
    period = status.period
    end = min(period.end, midnight(now.astimezone(UTC)) + DAY)
    if end <= period.start:
        return []
    answer = costs.ask(budget_question(status.budget, period.start, end, team, grain="day"), keep_receipt=False)
    by_day = {row["period"]: row["cost"] for row in answer if row["cost"] is not None}
    left, found = status.allowed, []
    whole = Decimal(period.days)
    with localcontext(prec=60):
        for place in range((end - period.start) // DAY):
            day = period.start + place * DAY
            spent = by_day.get(naive(day), Decimal(0))
            left -= spent
            even = (status.allowed * (whole - place - 1) / whole).quantize(Decimal("0.01"))
            found.append(BurnDown(day, spent, left, even))
    return found


def _allowed(
    budget: Budget,
    costs: CostObservatory,
    period: Period,
    now: datetime,
    team: Condition | None,
    made: datetime | None,
    currency: str | None,
) -> tuple[Decimal, Decimal]:
    if budget.period not in MONTHS:
        return budget.amount, Decimal(0)
    first = datetime.combine(budget.start, datetime.min.time(), UTC) if budget.start else made or now
    periods = since(budget, min(first, now), now)
    if budget.carry_over == "none" or len(periods) < 2:
        return available(budget.model_copy(update={"carry_over": "none"}), periods, {})
    query = budget_question(budget, periods[0].start, period.whole[0], team, grain="month")
    rows = costs.ask(query, keep_receipt=False)
    _one_currency(budget, {str(row["currency"]): row["cost"] for row in rows if row["cost"] is not None}, expected=currency)
    spent: dict[str, Decimal] = {}
    for row in rows:
        label = next((one.label for one in periods if one.whole[0] <= row["period"].replace(tzinfo=UTC) < one.whole[1]), "")
        spent[label] = spent.get(label, Decimal(0)) + (row["cost"] or Decimal(0))
    return available(budget, periods, spent)


def _one_currency(budget: Budget, spent: dict[str, Decimal], *, expected: str | None = None) -> tuple[str | None, Decimal]:
    """The currency of what a budget covers, and its cost. Raises UsageError for several, or for another one."""
    wanted = budget.currency or expected
    odd = sorted(set(spent) - {wanted}) if wanted else sorted(spent)[1:]
    if odd:
        cure = "Narrow it with a filter such as {currency: USD}."
        raise UsageError(f"The budget {budget.name} covers charges in {', '.join(sorted(spent))}, and in one only.", cure=cure)
    currency = wanted or next(iter(spent), None)
    return currency, spent.get(str(currency), Decimal(0))
