"""Budgeting: how every budget stands, as one principal may see it, and thresholds told once a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.core.findings import ENDED, Finding
from finopsmetrics.iam.grants import Declared
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.observability.budget_findings import findings_of, key_of
from finopsmetrics.observability.budget_periods import current
from finopsmetrics.observability.budget_status import BudgetStatus, BurnDown, budget_question, budget_status, burn_down
from finopsmetrics.store import fired
from finopsmetrics.store.findings import SYSTEM, FindingBook
from finopsmetrics.store.plugin_book import plugins_of
from finopsmetrics.store.specs import Kept, SpecBook

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

BELOW = "As the charges are known now, it is not reached."


@dataclass(frozen=True)
class Stands:
    """A budget and how it stands; `error` says why that cannot be told."""

    name: str
    status: BudgetStatus | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data; amounts are Decimal, times UTC."""
        if self.status is None:
            return {"budget": self.name, "error": self.error}
        return {**self.status.as_dict(), "error": None}


@dataclass(frozen=True)
class Watched:
    """What a check of a budget came to: its period, spend and currency, the thresholds told now, on the spend and on the
    forecast (`foretold`); or why it, or its forecast, cannot be watched."""

    budget: str
    period: str | None = None
    current: Decimal | None = None
    currency: str | None = None
    told: tuple[Decimal, ...] = ()
    foretold: tuple[Decimal, ...] = ()
    error: str | None = None


class Budgeting:
    """Budgets as one principal may see them: `budget:read` and `costs:read`, and only those over charges within their scope."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        opened = acting.workspace.opened
        self._book = SpecBook(opened.database, opened.now)
        self._findings = FindingBook(opened.database, opened.now)

    def all(self, *, projecting: bool = True) -> list[Stands]:
        """How every budget that is enabled stands, by name; with the forecast of its period unless that is not asked for."""
        self._acting.require("budget:read")
        found = [self._stands(kept, projecting=projecting) for kept in self._kept() if kept.body.get("enabled", True)]
        return [one for one in found if one is not None]

    def one(self, name: str, *, projecting: bool = True) -> Stands:
        """How one budget stands. Raises NotFoundError, also for one whose charges lie beyond the principal's scope."""
        self._acting.require("budget:read")
        found = self._stands(self._book.get("budget", name), projecting=projecting)
        if found is None:
            raise NotFoundError(f"There is no budget {name!r}.", cure="See `finopsmetrics budgets`.")
        return found

    def burn_down(self, name: str) -> list[BurnDown]:
        """Each day of a budget's current period to today. Raises NotFoundError, and UsageError when it cannot be told."""
        status = self.one(name, projecting=False)
        if status.status is None:
            raise UsageError(status.error or f"How {name} stands cannot be told.", cure="Mend the budget.")
        budget = status.status.budget
        return burn_down(status.status, self._acting.costs, self._acting.workspace.now(), team=self._team(budget))

    def check(self) -> list[Watched]:
        """Compare every budget with its spend, and one with alerts on the forecast with that; `budget:write`, over all charges.

        Each threshold that is reached is kept as a finding, and ended when a restated bill takes it back. One on the spend that
        is reached for the first time in its period fires `budget_threshold_exceeded`: it counts as told before its hooks are
        called, so a listener that fails is reported, and not called again. In a rolling period one is told again after the spend
        was below it.
        """
        self._acting.require("budget:write")
        self._acting.principal.require_all_charges("watching budgets")
        return [self._watched(kept) for kept in self._kept() if kept.body.get("enabled", True)]

    def _watched(self, kept: Kept) -> Watched:
        workspace = self._acting.workspace
        try:
            budget = Budget.read(kept.body)
            ahead = any(alert.on == "forecast" for alert in budget.alerts)
            status = self._status(kept, workspace.costs, projecting=ahead)
            self._keep(status)
        except FinOpsError as error:
            return Watched(kept.name, error=str(error))
        reached = {f"{share.normalize():f}": share for share in status.reached}
        foreseen = {f"forecast:{share.normalize():f}": share for share in status.foreseen}
        rolling = budget.period == "rolling"
        names = [*reached, *foreseen]
        new = fired.claim(workspace.opened.database, kept.name, status.period.label, names, rearm=rolling)
        told = tuple(reached[share] for share in new if share in reached)
        foretold = tuple(foreseen[share] for share in new if share in foreseen)
        for threshold in told:
            plugins_of(workspace.opened).fire(
                "budget_threshold_exceeded",
                budget=status.budget,
                current=status.current,
                threshold=threshold,
                period=status.period.label,
            )
        fault = f"Its forecast cannot be watched: {status.unprojected}" if ahead and status.unprojected else None
        return Watched(kept.name, status.period.label, status.current, status.currency, told, foretold, fault)

    def _keep(self, status: BudgetStatus) -> None:
        """Keep a finding for each threshold that is reached; end those that a restated bill took back."""
        budget, book = status.budget, self._findings
        found = list(findings_of(status, self._team(budget)))
        book.keep(found)
        reached = {one.key for one in found}
        for alert in budget.alerts:
            key = key_of(budget.name, status.period.label, alert.on, alert.threshold)
            if key in reached or (alert.on == "forecast" and status.projection is None):
                continue
            gone = book.find(Finding("violation", key, "").id)
            if gone is not None and gone.state not in ENDED:
                book.change(gone.finding.id, actor=SYSTEM, state="done", reason=BELOW)

    def _stands(self, kept: Kept, *, projecting: bool = True) -> Stands | None:
        """None when the budget covers charges that the principal may not see."""
        costs = self._acting.costs
        try:
            budget = Budget.read(kept.body)
            scope = self._acting.principal.scope
            if scope is not None:
                period = current(budget, self._acting.workspace.now())
                if not budget_question(budget, period.start, period.end, self._team(budget)).within(scope):
                    return None
            return Stands(kept.name, self._status(kept, costs, projecting=projecting))
        except FinOpsError as error:
            return Stands(kept.name, error=str(error)) if self._acting.principal.scope is None else None

    def _status(self, kept: Kept, costs: Any, *, projecting: bool = True) -> BudgetStatus:
        budget = Budget.read(kept.body)
        made = kept.created_at.replace(tzinfo=UTC)
        now, team = self._acting.workspace.now(), self._team(budget)
        return budget_status(budget, costs, now, team=team, made=made, projecting=projecting)

    def _team(self, budget: Budget) -> Condition | None:
        if budget.team is None:
            return None
        with self._acting.workspace.opened.database.read() as connection:
            return Declared.load(connection).of_team(budget.team)

    def _kept(self) -> Iterator[Kept]:
        after: str | None = None
        while True:
            page, after = self._book.page("budget", after=after)
            yield from page
            if after is None:
                return
