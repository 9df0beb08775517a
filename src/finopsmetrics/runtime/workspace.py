"""Workspace: one home with all its parts, the only place that knows everyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.runtime.collecting import collecting
from finopsmetrics.store import records
from finopsmetrics.store.incoming import Incoming, gather
from finopsmetrics.store.ingest import IngestOptions, Progress, silent
from finopsmetrics.store.opened import OpenedHome, open_home
from finopsmetrics.store.plugin_book import close_plugins, plugins_of
from finopsmetrics.store.records import DeliveryRecord
from finopsmetrics.store.report import DeliveryReport


class Workspace:
    """A home and everything that works on it.

    ```
    with Workspace("demo-home") as workspace:
        workspace.ingest(["bill.parquet"])
        print(workspace.costs.get_costs(group_by="ServiceName", time_range="all"))
    ```
    """

    def __init__(self, home: str | Path | None = None, *, now: Callable[[], datetime] | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self.opened: OpenedHome = open_home(home, now=lambda: self._now().astimezone(UTC).replace(tzinfo=None))
        self.costs = CostObservatory(opened=self.opened, now=self._now)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def now(self) -> datetime:
        """The time by which windows such as 30d are read, in UTC."""
        return self._now()

    @property
    def home(self) -> Path:
        """The folder of the home."""
        return self.opened.home.root

    def ingest(
        self,
        paths: Sequence[str | Path],
        *,
        source: str | None = None,
        delivered_at: datetime | None = None,
        together: bool = False,
        options: IngestOptions | None = None,
        progress: Progress = silent,
    ) -> list[DeliveryReport]:
        """Take deliveries in, one after the other; see `finopsmetrics ingest`. What was taken before an error stays taken."""
        incoming = gather([Path(path) for path in paths], source=source, delivered_at=delivered_at, together=together)
        return self.take(incoming, options or IngestOptions(), progress)

    def take(
        self,
        incoming: Sequence[Incoming],
        options: IngestOptions,
        progress: Progress = silent,
        told: Callable[[DeliveryReport], object] = lambda _: None,
    ) -> list[DeliveryReport]:
        """Take gathered deliveries in, sources side by side, each source's in their order.

        `told` is called with each report in the order of `incoming`, also when a later delivery is refused. Raises
        ConflictError when two undated ones claim the same bill; what was taken before stays taken.
        """
        taken: list[tuple[int, DeliveryReport]] = []
        several = replace(options, publishing=len(incoming) == 1)
        try:
            with ThreadPoolExecutor(max_workers=2) as pool:
                groups = by_source(incoming)
                for done in [pool.submit(self._take_in_order, group, several, progress, taken) for group in groups]:
                    done.result()
        finally:
            reports = [report for _, report in sorted(taken, key=lambda entry: entry[0])]
            for report in reports:
                told(report)
            if len(incoming) > 1 and reports:
                self.opened.ingestor.publish()
        return reports

    def _take_in_order(
        self,
        group: Sequence[tuple[int, Incoming]],
        options: IngestOptions,
        progress: Progress,
        taken: list[tuple[int, DeliveryReport]],
    ) -> None:
        own: set[str] = set()
        for place, one in group:
            undated = frozenset(own) if one.delivered_at is None else frozenset[str]()
            with collecting(plugins_of(self.opened), one.source or one.name) as told:
                report = told(self.opened.ingestor.ingest(one, replace(options, beside=undated), progress))
            taken.append((place, report))
            if report.status == "taken":
                own.add(report.id)

    def deliveries(self) -> list[DeliveryRecord]:
        """Every delivery, the newest first."""
        with self.opened.database.read() as connection:
            return records.all_deliveries(connection)

    def sources(self) -> list[dict[str, Any]]:
        """Each source with its newest delivery: when it came, its periods and rows."""
        newest: dict[tuple[str, str], DeliveryRecord] = {}
        for record in self.deliveries():
            newest.setdefault((record.source, record.dataset), record)
        return [
            {"source": r.source, "dataset": r.dataset, "delivered_at": r.delivered_at, "rows": r.rows, "delivery": r.id}
            for r in newest.values()
        ]

    def close(self) -> None:
        """Shut the plugins down and close the home; a second call does nothing."""
        close_plugins(self.opened)
        self.opened.close()


def by_source(incoming: Sequence[Incoming]) -> list[list[tuple[int, Incoming]]]:
    """Deliveries in groups that can be taken side by side: one a named source, or one for all when a source is to be found."""
    if any(one.source is None for one in incoming):
        return [list(enumerate(incoming))]
    groups: dict[str, list[tuple[int, Incoming]]] = {}
    for place, one in enumerate(incoming):
        groups.setdefault(str(one.source), []).append((place, one))
    return list(groups.values())
