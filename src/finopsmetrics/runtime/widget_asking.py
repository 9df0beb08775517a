"""What widgets ask, answered for one principal within one frame: nothing of it reaches beyond what they may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from finopsmetrics.core.windows import Window
from finopsmetrics.dashboard.asking import BudgetStanding
from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.observability.anomalies.watch import both
from finopsmetrics.observability.answers import Answer
from finopsmetrics.observability.memory import memory_of
from finopsmetrics.observability.query import build, read_filters

if TYPE_CHECKING:
    import pyarrow

    from finopsmetrics.observability.budget_status import BurnDown
    from finopsmetrics.observability.cost_forecast import CostForecast
    from finopsmetrics.observability.reconcile import Reconciliation
    from finopsmetrics.observability.samples import UsageAnswer
    from finopsmetrics.plugins.results import Widget as PluginShown
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.store.findings import KeptFinding

MOST_FINDINGS = 500
Result = TypeVar("Result")


@dataclass(frozen=True)
class Frame:
    """What a dashboard sets for all its widgets: their time where they name none, a filter, a currency."""

    time_range: str | None = None
    filters: str | Mapping[str, Any] | None = None
    currency: str | None = None


class WidgetAsking:
    """The `Asking` of one principal. Raises WindowError or ConditionError for a frame that cannot be read."""

    def __init__(self, acting: Acting, frame: Frame) -> None:
        self._acting, self._frame = acting, frame
        self._where = read_filters(frame.filters)
        self._now = acting.workspace.now()
        self._memory = memory_of(acting.workspace.opened)
        if frame.time_range:
            Window.parse(frame.time_range, now=self._now)

    @property
    def now(self) -> datetime:
        """The time by which windows are read, in UTC; one for all widgets."""
        return self._now

    @property
    def currency(self) -> str | None:
        """The currency that the dashboard shows, where it names one."""
        return self._frame.currency

    def currencies(self) -> Sequence[str]:
        """The currencies of the charges that may be seen, that of the most charges first."""
        return self._remembered("currencies", None, self._currencies)

    def begins(self) -> datetime | None:
        """When the first charge that is held begins, in UTC."""
        return self._acting.costs.begins()

    def window(self, own: str | None, default: str = "30d") -> Window:
        """The widget's own time range, else the dashboard's, else `default`."""
        return Window.parse(own or self._frame.time_range or default, now=self._now)

    def costs(self, window: Window, **asked: Any) -> Answer:
        """A cost answer with its receipt; the dashboard's filters are applied."""
        asked["filters"] = self.filters(asked.get("filters"))
        return self._acting.costs.get_costs(time_range=window, **asked)

    def filters(self, own: str | Mapping[str, Any] | None = None) -> str | None:
        """The dashboard's filters and the widget's own, as the text of one condition."""
        return both([self._where, read_filters(own)])

    def charges(self, selected: str, window: Window, filters: str | Mapping[str, Any] | None, rest: str = "") -> pyarrow.Table:
        """What a SELECT of ours gives of the charges that touch a window."""
        question = build(window=window, filters=self.filters(filters))
        return self._remembered(
            "charges", (selected, question, rest), lambda: self._acting.costs.select(selected, question, rest)
        )

    def measures(self) -> Sequence[Mapping[str, Any]]:
        """What there is of samples that may be seen."""
        found: list[dict[str, Any]] = self._acting.hub.measures().to_pylist()
        return found

    def usage(
        self, measure: str, window: Window, *, unit: str, filters: str | Mapping[str, Any] | None = None, **asked: Any
    ) -> UsageAnswer:
        """A measure of samples in one unit; the dashboard's filters are applied."""
        own = both([self.filters(filters), f"unit == {json.dumps(unit, ensure_ascii=False)}"])
        return self._acting.hub.samples(measure, time_range=window, filters=own, **asked)

    def tag_keys(self) -> Sequence[str]:
        """The tag keys of the charges that may be seen, in order."""
        return self._remembered("tag keys", None, self._acting.costs.tag_keys)

    def budgets(self) -> Sequence[BudgetStanding]:
        """Every enabled budget whose charges may be seen and how it stands now, without a forecast, by name."""
        from finopsmetrics.runtime.budgeting import Budgeting

        found = Budgeting(self._acting).all(projecting=False)
        return [BudgetStanding(one.name, one.status, one.error) for one in found]

    def burn_down(self, budget: str) -> Sequence[BurnDown]:
        """Each day of a budget's current period to today."""
        from finopsmetrics.runtime.budgeting import Budgeting

        return Budgeting(self._acting).burn_down(budget)

    def findings(self, sort: str, states: Sequence[str] = ()) -> Sequence[KeptFinding]:
        """Findings of a sort that may be seen, those that changed last first; at most 500."""
        from finopsmetrics.runtime.reviewing import Reviewing

        return Reviewing(self._acting).all(sort=sort, states=states, limit=MOST_FINDINGS)

    def forecast(self, horizon: str, **asked: Any) -> CostForecast:
        """What costs will come to; a forecast is made once for a day and a version of the lake."""
        asked["filters"] = self.filters(asked.get("filters"))
        question = (horizon, tuple(sorted((name, repr(told)) for name, told in asked.items())), self._now.date())
        return self._remembered("forecast", question, lambda: self._acting.costs.forecast(horizon, **asked))

    def reconcile(self) -> Reconciliation:
        """Every invoice beside its charges; made once for a version of the lake and what was entered of invoices."""
        from finopsmetrics.store.kept import entered_invoices

        self._acting.require("reconciliation:read")
        self._acting.principal.require_all_charges("reconciliation")
        entered = tuple(tuple(one.values()) for one in entered_invoices(self._acting.workspace.opened.database))
        return self._remembered("reconciliation", entered, self._acting.reconcile)

    def plugin(self, name: str | None, window: Window) -> PluginShown | Sequence[str]:
        """What a plugin shows over the charges of the dashboard, or the names of those that show something."""
        from finopsmetrics.core.conditions import Condition
        from finopsmetrics.plugins.errors import PluginError
        from finopsmetrics.plugins.results import RenderContext
        from finopsmetrics.runtime.plugin_runs import PluginRuns

        runs = PluginRuns(self._acting)
        if name is None:
            return runs.showing()
        costs = self._acting.costs_where(Condition.parse(self._where) if self._where else None)
        try:
            return runs.widget(name, RenderContext("dashboard", window, costs))
        except PluginError as error:  # what it says of its inside is for administrators
            raise PluginError(f"The plugin {name} failed.", cure="An administrator sees why: `finopsmetrics plugins`.") from error

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """Each source and dataset with its newest delivery."""
        self._acting.require("deliveries:read")
        self._acting.principal.require_all_charges("the list of deliveries")
        return self._acting.workspace.sources()

    def _currencies(self) -> Sequence[str]:
        table = self._acting.costs.select(
            "coalesce(BillingCurrency, '') AS currency, count(*) AS charges", build(), " GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return tuple(str(one) or NO_CURRENCY for one in table.column("currency").to_pylist())

    def _remembered(self, what: str, question: Hashable, make: Callable[[], Result]) -> Result:
        """What was made for the same question, scope and version of the lake, else what `make` gives."""
        scope = self._acting.principal.scope
        key = (what, self._acting.costs.version(), None if scope is None else str(scope), question)
        return self._memory.result(key, make)
