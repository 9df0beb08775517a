"""Workspace: one home with all its parts, the only place that knows everyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.store import records
from finopsmetrics.store.incoming import Incoming, gather
from finopsmetrics.store.ingest import IngestOptions, Progress, silent
from finopsmetrics.store.opened import OpenedHome, open_home
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

    def take(self, incoming: Sequence[Incoming], options: IngestOptions, progress: Progress = silent) -> list[DeliveryReport]:
        """Take gathered deliveries in. Raises ConflictError when two undated ones claim the same bill."""
        reports: list[DeliveryReport] = []
        for one in incoming:
            undated = frozenset(report.id for report in reports if report.status == "taken" and one.delivered_at is None)
            reports.append(self.opened.ingestor.ingest(one, replace(options, beside=undated), progress))
        return reports

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
        """Close the home; a second call does nothing."""
        self.opened.close()
