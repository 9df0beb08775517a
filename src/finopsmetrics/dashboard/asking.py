"""What a widget may ask: the protocol that stands between a widget and whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import Answer

if TYPE_CHECKING:
    import pyarrow

    from finopsmetrics.observability.budget_status import BudgetStatus, BurnDown
    from finopsmetrics.observability.cost_forecast import CostForecast
    from finopsmetrics.observability.reconcile import Reconciliation
    from finopsmetrics.observability.samples import UsageAnswer
    from finopsmetrics.plugins.results import Widget as PluginShown
    from finopsmetrics.store.findings import KeptFinding


@dataclass(frozen=True)
class BudgetStanding:
    """A budget and how it stands; `error` says why that cannot be told."""

    name: str
    status: BudgetStatus | None = None
    error: str | None = None


class Asking(Protocol):
    """What the asker may see, already within their scope, and the frame that the dashboard sets around its widgets."""

    @property
    def now(self) -> datetime:
        """The time by which windows are read, in UTC."""

    @property
    def currency(self) -> str | None:
        """The currency that the dashboard shows, where it names one."""

    def currencies(self) -> Sequence[str]:
        """The currencies of the charges that may be seen, that of the most charges first."""

    def begins(self) -> datetime | None:
        """When the first charge that is held begins, in UTC; None while there is none, or none that says so."""

    def window(self, own: str | None, default: str = "30d") -> Window:
        """The widget's own time range, else the dashboard's, else `default`."""

    def costs(self, window: Window, **asked: Any) -> Answer:
        """A cost answer with its receipt, as `CostObservatory.get_costs` takes it; the dashboard's filters are applied."""

    def filters(self, own: str | Mapping[str, Any] | None = None) -> str | None:
        """The dashboard's filters and the widget's own, as the text of one condition."""

    def charges(self, selected: str, window: Window, filters: str | Mapping[str, Any] | None, rest: str = "") -> pyarrow.Table:
        """What a SELECT of ours (DuckDB's dialect, no text of a user's in it) gives of the charges that touch a window."""

    def measures(self) -> Sequence[Mapping[str, Any]]:
        """What there is of samples that may be seen: measure, unit, first, last (UTC without zone), samples."""

    def usage(
        self, measure: str, window: Window, *, unit: str, filters: str | Mapping[str, Any] | None = None, **asked: Any
    ) -> UsageAnswer:
        """A measure of samples in one unit, as `ObservabilityHub.samples` takes it; the dashboard's filters are applied."""

    def tag_keys(self) -> Sequence[str]:
        """The tag keys of the charges that may be seen, in order."""

    def budgets(self) -> Sequence[BudgetStanding]:
        """Every enabled budget whose charges may be seen and how it stands now, without a forecast, by name."""

    def burn_down(self, budget: str) -> Sequence[BurnDown]:
        """Each day of a budget's current period to today. Raises NotFoundError and UsageError."""

    def findings(self, sort: str, states: Sequence[str] = ()) -> Sequence[KeptFinding]:
        """Findings of a sort that may be seen, those that changed last first; at most 500."""

    def forecast(self, horizon: str, **asked: Any) -> CostForecast:
        """What costs will come to, as `CostObservatory.forecast` says it. Raises UsageError where that cannot be told."""

    def reconcile(self) -> Reconciliation:
        """Every invoice beside its charges."""

    def plugin(self, name: str | None, window: Window) -> PluginShown | Sequence[str]:
        """What a plugin shows over the dashboard's charges; without a name, the names of those that show something.

        Raises UsageError for a name that shows nothing, and PluginError when it fails.
        """

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """Each source and dataset with its newest delivery: source, dataset, delivered_at (UTC without zone), rows, delivery."""
