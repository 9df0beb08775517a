"""Budgets from Python: `cost_obs.create_budget`, `update_budget`, `get_budget_status`; the same specs as everywhere else."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import ConflictError, QueryError
from finopsmetrics.iam.grants import Declared
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.observability.budget_status import budget_status
from finopsmetrics.store.specs import SpecBook

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.store.opened import OpenedHome

ACTOR = "local"


class BudgetBook:
    """The budgets of a home, for whoever owns it."""

    def __init__(self, opened: OpenedHome, costs: CostObservatory, *, scoped: bool) -> None:
        if scoped:
            raise QueryError("Budgets are not made or read within a scope.", cure="Use `finopsmetrics budgets` or the API.")
        self._opened, self._costs = opened, costs
        self._book = SpecBook(opened.database, opened.now)

    def create(self, name: str, amount: Any, period: str, fields: dict[str, Any]) -> Budget:
        """Declare a budget. Raises SpecError, and ConflictError when there is one of that name."""
        if self._book.find("budget", name) is not None:
            raise ConflictError(f"There is a budget {name!r} already.", cure="Change it with update_budget.")
        return self._put({"name": name, "amount": amount, "period": period, **fields})

    def update(self, name: str, changes: dict[str, Any]) -> Budget:
        """Change fields of a budget; what is not named stays. Raises NotFoundError and SpecError."""
        kept = self._book.get("budget", name)
        return self._put({**kept.body, **changes, "name": name}, version=kept.version)

    def status(self, name: str) -> dict[str, Any]:
        """How a budget stands. Raises NotFoundError and UsageError."""
        kept = self._book.get("budget", name)
        budget = Budget.read(kept.body)
        team = None
        if budget.team is not None:
            with self._opened.database.read() as connection:
                team = Declared.load(connection).of_team(budget.team)
        made = kept.created_at.replace(tzinfo=UTC)
        return budget_status(budget, self._costs, self._costs.now(), team=team, made=made).as_dict()

    def names(self) -> list[str]:
        """The names of all budgets, in order."""
        found, after = self._book.page("budget")
        while after is not None:
            more, after = self._book.page("budget", after=after)
            found += more
        return [kept.name for kept in found]

    def _put(self, body: dict[str, Any], version: int | None = None) -> Budget:
        made = Budget.read(body)
        self._book.put("budget", made.name, made.plain(), actor=ACTOR, if_match=version)
        return made
