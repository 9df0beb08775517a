"""Acting: a workspace as one principal may use it. Every face works through it, so that none can forget to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.iam.manager import IAMManager
from finopsmetrics.iam.principal import Principal
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.observability.memory import memory_of
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import audit
from finopsmetrics.store.incoming import Incoming
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.records import DeliveryRecord
from finopsmetrics.store.report import DeliveryReport

if TYPE_CHECKING:
    from pyarrow import Table

    from finopsmetrics.core.conditions import Condition
    from finopsmetrics.core.samples import Sample
    from finopsmetrics.observability.export import ExportReport
    from finopsmetrics.observability.observability_hub import ObservabilityHub
    from finopsmetrics.observability.reconcile import Reconciliation
    from finopsmetrics.runtime.declaring import Declaring
    from finopsmetrics.store.entries import CostEntry
    from finopsmetrics.store.sample_book import Recorded


class Acting:
    """What one principal may see and do in a workspace."""

    def __init__(self, workspace: Workspace, principal: Principal) -> None:
        self.workspace = workspace
        self.principal = principal

    def require(self, permission: str) -> None:
        """Raise ForbiddenError unless the principal holds `<what>:<verb>`."""
        self.principal.require(permission)

    @cached_property
    def costs(self) -> CostObservatory:
        """The observatory over the charges that the principal may see. Raises ForbiddenError without `costs:read`."""
        return self.costs_where(None)

    def costs_where(self, condition: Condition | None) -> CostObservatory:
        """The same over those of them that match a condition."""
        self.require("costs:read")
        opened, scope = self.workspace.opened, self.principal.scope
        mine = condition if scope is None else scope if condition is None else scope & condition
        return CostObservatory(opened=opened, scope=mine, now=self.workspace.now, memory=memory_of(opened))

    def sql(self, statement: str, *, params: Sequence[Any] | Mapping[str, Any] | None = None, limit: int | None = None) -> Table:
        """The answer of one SELECT over the charges that the principal may see (`sql:run`); see `observability.sql.run_sql`."""
        from finopsmetrics.observability.sql import run_sql

        self.require("sql:run")
        return run_sql(self.workspace.opened, statement, scope=self.principal.scope, params=params, limit=limit)

    def export(self, target: Path, **asked: Any) -> ExportReport:
        """Write the charges that the principal may see (`export:run`); see `observability.export.export_focus`."""
        from finopsmetrics.observability.export import export_focus

        self.require("export:run")
        return export_focus(self.workspace.opened, target, scope=self.principal.scope, **asked)

    def add_cost_entries(self, entries: Sequence[CostEntry]) -> int:
        """Add charges by hand (`costs:write`); give how many were new."""
        self.require("costs:write")
        self.principal.require_all_charges("adding charges")
        return self.workspace.costs.add_cost_entries(list(entries))

    @cached_property
    def hub(self) -> ObservabilityHub:
        """The samples that the principal may see: those that their scope, a condition on charges, matches (`samples:read`)."""
        from finopsmetrics.observability.observability_hub import ObservabilityHub

        self.require("samples:read")
        return ObservabilityHub(opened=self.workspace.opened, scope=self.principal.scope, now=self.workspace.now)

    def record_samples(self, samples: Sequence[Sample]) -> Recorded:
        """Keep samples (`samples:write`), all in one durable step."""
        from finopsmetrics.store.sample_book import SampleBook

        self.require("samples:write")
        self.principal.require_all_charges("sending samples")
        return SampleBook(self.workspace.opened).add(samples)

    def deliveries(self) -> list[DeliveryRecord]:
        """Every delivery, the newest first (`deliveries:read`)."""
        self.require("deliveries:read")
        self.principal.require_all_charges("the list of deliveries")
        return self.workspace.deliveries()

    def take(self, incoming: Sequence[Incoming], options: IngestOptions, *rest: Any) -> list[DeliveryReport]:
        """Take deliveries in (`deliveries:write`); see `Workspace.take`."""
        self.require("deliveries:write")
        self.principal.require_all_charges("taking deliveries in")
        return self.workspace.take(incoming, replace(options, actor=self.principal.name), *rest)

    def reconcile(self) -> Reconciliation:
        """Every invoice beside its charges (`reconciliation:read`)."""
        from finopsmetrics.observability.reconcile import reconcile

        self.require("reconciliation:read")
        self.principal.require_all_charges("reconciliation")
        self.workspace.costs.refresh()
        return reconcile(self.workspace.opened)

    @cached_property
    def iam(self) -> IAMManager:
        """Users, tokens and sessions; each of its changes names who makes it, and asks what they may do."""
        return IAMManager(self.workspace.opened)

    def trail(self, *, limit: int = 100, before: int | None = None, sought: audit.Sought | None = None) -> list[dict[str, Any]]:
        """The newest lines of the audit trail (`audit:read`), those that are sought, the newest first."""
        self.require("audit:read")
        with self.workspace.opened.database.read() as connection:
            return audit.lines(connection, limit, before, sought)

    def verify_trail(self) -> audit.Verdict:
        """Whether the audit trail is whole (`audit:read`)."""
        self.require("audit:read")
        with self.workspace.opened.database.read() as connection:
            return audit.verify(connection)

    @cached_property
    def specs(self) -> Declaring:
        """The declared specs, as far as the principal may read and write them."""
        from finopsmetrics.runtime.declaring import Declaring

        return Declaring(self)
