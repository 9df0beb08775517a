"""Take a delivery in: read it, prove that it ties, write it, and make it the one in effect, all at once or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from finopsmetrics.core.errors import ConflictError, DeliveryError
from finopsmetrics.focus.normalise import MAPPING_VERSION
from finopsmetrics.store import audit, commit, records
from finopsmetrics.store.closed import change_in_closed, closed_by
from finopsmetrics.store.database import Database
from finopsmetrics.store.draft import Draft, Opened, read, report_of, unchanged_report
from finopsmetrics.store.duck import writer
from finopsmetrics.store.durable import flush, make_folder
from finopsmetrics.store.home import Home, slug
from finopsmetrics.store.incoming import Incoming
from finopsmetrics.store.intake import TakenFile, take
from finopsmetrics.store.profile import Profile
from finopsmetrics.store.publish import publish
from finopsmetrics.store.quarantine import write_quarantine
from finopsmetrics.store.records import DeliveryRecord, FileRecord, PeriodRecord
from finopsmetrics.store.report import ClosedChange, DeliveryReport
from finopsmetrics.store.sources import find_source, same_bill
from finopsmetrics.store.tables import deliveries, delivery_periods
from finopsmetrics.store.writing import write

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class IngestOptions:
    """How to take deliveries in.

    `currency` stands in for bills that name none; `refuse_closed` refuses a closed period that arrives changed instead of
    flagging it; `beside` names deliveries that this one may not replace, as parts of one bill would; without `publishing`
    Iceberg's snapshots follow with the next delivery that publishes; `mapping` is the one that a connection declares.
    With the mode `append`, `instead_of` names an appended delivery that gives way to this one; `sole` refuses a bill of which
    another source delivered the same periods. `also` is called within the transaction that brings the delivery into effect.
    """

    currency: str | None = None
    refuse_closed: bool = False
    mode: str = "replace"
    actor: str = "local"
    beside: frozenset[str] = frozenset()
    publishing: bool = True
    mapping: Mapping[str, Any] | None = None
    instead_of: str | None = None
    sole: bool = False
    also: Callable[[Connection, str], None] | None = None  # with the delivery's id


class Ingestor:
    """Takes deliveries into a home. `now` gives the time in UTC without zone."""

    def __init__(self, home: Home, database: Database, now: Callable[[], datetime] | None = None) -> None:
        self.home, self.database = home, database
        self.now = now or (lambda: datetime.now(UTC).replace(tzinfo=None))

    def ingest(self, incoming: Incoming, options: IngestOptions, progress: Progress = silent) -> DeliveryReport:
        """Take one delivery in and report. Raises DeliveryError or ConflictError with nothing changed."""
        with self.home.workroom() as room, writer(room) as duck:
            taken = [take(file.path, file.name, room, progress) for file in incoming.files]
            _check_manifest(incoming, taken)
            progress("reading", 0, 0)
            opened = read(duck, taken, room, options.currency, options.mapping)
            source = self._source(incoming, opened.found)
            known = self._already(source, opened.content_hash, incoming.delivered_at)
            if known is not None:
                return unchanged_report(known)
            if options.sole:
                self._refuse_second_source(source, opened.found)
            draft = self._draft(duck, room, incoming, opened, source, progress)
            return self._commit(duck, draft, options)

    def publish(self) -> None:
        """Bring Iceberg's snapshots in line with what is in effect."""
        with self.database.write() as connection:
            publish(connection, self.home, "several deliveries")

    def _source(self, incoming: Incoming, found: Profile) -> str:
        if incoming.source:
            return slug(incoming.source)
        with self.database.read() as connection:
            return find_source(found, records.periods(connection), incoming.name)

    def _refuse_second_source(self, source: str, found: Profile) -> None:
        with self.database.read() as connection:
            known = records.periods(connection, dataset=found.plan.shape.dataset, current=True)
        other = same_bill(found, source, known)
        if other is not None:
            cause = f"{other.source} has delivered the bill of these accounts for {other.period} already: it would count twice."
            cure = f"Let the connection deliver as that source, with the setting `source: {other.source}`."
            raise ConflictError(cause, cure=cure)

    def _already(self, source: str, content: str, delivered_at: datetime | None) -> DeliveryRecord | None:
        with self.database.read() as connection:
            same = records.same_content(connection, source, content)
        if delivered_at is not None:
            same = [record for record in same if record.delivered_at == delivered_at]
        return same[0] if same else None

    def _draft(
        self, duck: DuckDBPyConnection, room: Path, incoming: Incoming, opened: Opened, source: str, progress: Progress
    ) -> Draft:
        told = f"{source}\n{opened.content_hash}\n{incoming.delivered_at or ''}"
        stamp = (source, "d-" + hashlib.sha256(told.encode()).hexdigest()[:20])
        written = write(duck, opened.landed, opened.found, stamp, room, lambda what: progress(what, 0, 0))
        quarantine = write_quarantine(opened.rejected, stamp, opened.found.periods[0], room)
        return Draft(stamp[1], source, incoming.delivered_at or self.now(), opened, written, quarantine)

    def _commit(self, duck: DuckDBPyConnection, draft: Draft, options: IngestOptions) -> DeliveryReport:
        """Judge closed periods outside the lock, then commit; judge again when the lake moved in between."""
        for _ in range(5):
            with self.database.read() as connection:
                seen = self._standing(connection, draft)
                draft.closed_changes = self._judge_closed(connection, duck, draft, options) if options.mode == "replace" else []
            with self.database.write() as connection:
                known = records.same_content(connection, draft.source, draft.opened.content_hash)
                if any(record.id == draft.id for record in known):
                    return unchanged_report(known[0])
                if self._standing(connection, draft) != seen:
                    continue
                return self._write_state(connection, draft, options)
        raise ConflictError("Other deliveries of this source keep coming in between.", cure="Try again in a moment.")

    def _standing(self, connection: Connection, draft: Draft) -> list[PeriodRecord]:
        known = records.periods(connection, source=draft.source, dataset=draft.dataset)
        return [record for record in known if record.period in draft.periods]

    def _judge_closed(
        self, connection: Connection, duck: DuckDBPyConnection, draft: Draft, options: IngestOptions
    ) -> list[ClosedChange]:
        if draft.dataset != "CostAndUsage":
            return []
        live = [file for file in records.files_of(connection, "cost_and_usage") if file.source == draft.source]
        later = _later_periods(self._standing(connection, draft), draft)
        changes = []
        for period in draft.periods:
            old = [file for file in live if file.period == period]
            why = closed_by(connection, duck, self.home, old) if period not in later else None
            if why:
                new = [f.path for f in draft.written.files if f.table == "cost_and_usage" and f.period == period]
                change = change_in_closed(duck, self.home, period, why, old, new)
                changes += [change] if change else []
        if changes and options.refuse_closed:
            told = "; ".join(f"{change.period} ({change.closed_by})" for change in changes)
            cure = "Take it with closed periods flagged instead of refused, if the change is right."
            raise DeliveryError(f"Closed billing periods arrived changed: {told}. Nothing was changed.", cure=cure)
        return changes

    def _write_state(self, connection: Connection, draft: Draft, options: IngestOptions) -> DeliveryReport:
        at = self.now()
        standing = self._standing(connection, draft)
        later = _later_periods(standing, draft) if options.mode == "replace" else set()
        in_effect = [record for record in standing if record.current and record.period not in later]
        _refuse_shadowing(draft, in_effect, options)
        report = report_of(draft, in_effect if options.mode == "replace" else [], later)
        _insert_delivery(connection, self.home, draft, options, report, at)
        if options.mode == "replace":
            for record in in_effect:
                connection.execute(
                    delivery_periods.update()
                    .where(delivery_periods.c.delivery_id == record.delivery_id, delivery_periods.c.period == record.period)
                    .values(current=False)
                )
        connection.execute(delivery_periods.insert(), _period_rows(draft, later))
        change = commit.Change(draft.id, draft.source)
        change.added = [(file, file.period not in later) for file in [*draft.written.files, *draft.quarantine]]
        if options.mode == "replace":
            change.retired = _retired(connection, draft, later)
        elif options.instead_of is not None:
            change.retired = _withdrawn(connection, options.instead_of)
        commit.apply(connection, self.home, change, at, publishing=options.publishing)
        detail = {"source": draft.source, "periods": draft.periods, "totals": report.totals, "rows": draft.rows}
        audit.record(connection, at, options.actor, "delivery.taken", draft.id, detail)
        for changed in draft.closed_changes:
            audit.record(connection, at, options.actor, "period.closed_changed", changed.period, asdict(changed))
        if options.also is not None:
            options.also(connection, draft.id)
        return report


def _refuse_shadowing(draft: Draft, in_effect: Sequence[PeriodRecord], options: IngestOptions) -> None:
    shadowed = sorted({record.period for record in in_effect if record.delivery_id in options.beside})
    if shadowed:
        name = draft.opened.taken[0].name
        cause = f"{name} bills {draft.source} for {', '.join(shadowed)}, as another file of this call does. It was not taken."
        cure = "If they are parts of one bill, pass --together; if one is a newer version, pass them one after the other."
        raise ConflictError(cause, cure=cure)


def _check_manifest(incoming: Incoming, taken: Sequence[TakenFile]) -> None:
    for file, copy in zip(incoming.files, taken, strict=True):
        if file.sha256 and file.sha256 != copy.sha256:
            raise DeliveryError(f"{file.name} is not the file that its manifest names.", cure="Deliver it again.")


def _later_periods(standing: Sequence[PeriodRecord], draft: Draft) -> set[str]:
    """Periods for which a later delivery is in effect already: this one is history there."""
    return {record.period for record in standing if record.current and record.delivered_at > draft.delivered_at}


def _retired(connection: Connection, draft: Draft, later: set[str]) -> list[FileRecord]:
    """The live files that this delivery stands in for."""
    periods = [period for period in draft.periods if period not in later]
    found = records.live_files(connection, draft.source, draft.dataset, periods)
    return [file for file in found if file.delivery_id != draft.id]


def _withdrawn(connection: Connection, delivery_id: str) -> list[FileRecord]:
    """The live files of an appended delivery that gives way to a newer version of itself; its periods no longer count."""
    connection.execute(delivery_periods.update().where(delivery_periods.c.delivery_id == delivery_id).values(current=False))
    return records.live_of(connection, delivery_id)


def _period_rows(draft: Draft, later: set[str]) -> list[dict[str, Any]]:
    rows = []
    for period in draft.periods:
        entries = [entry for entry in draft.opened.found.sums if entry.period == period]
        issuers = sorted({(entry.issuer or "", entry.account or "") for entry in entries})
        rows.append(
            {
                "delivery_id": draft.id,
                "period": period,
                "rows": sum(entry.rows for entry in entries),
                "totals": draft.written.totals.get(period, {}),
                "issuers": [list(pair) for pair in issuers],
                "current": period not in later,
            }
        )
    return rows


def _insert_delivery(
    connection: Connection, home: Home, draft: Draft, options: IngestOptions, report: DeliveryReport, at: datetime
) -> None:
    reader = draft.opened.reader
    row = {
        "id": draft.id,
        "sequence": records.next_sequence(connection),
        "source": draft.source,
        "dataset": draft.dataset,
        "mode": options.mode,
        "content_hash": draft.opened.content_hash,
        "focus_version": draft.opened.found.plan.shape.version,
        "mapping_version": f"{reader.mapping}+{MAPPING_VERSION}" if reader.mapping else MAPPING_VERSION,
        "delivered_at": draft.delivered_at,
        "ingested_at": at,
        "rows": draft.rows,
        "accepted": report.accepted,
        "quarantined": report.quarantined,
        "files": _keep_raw(home, draft),
        "reading": {"currency": options.currency, **({"mapping": dict(options.mapping)} if options.mapping is not None else {})},
        "report": report.as_dict(),
        "instead_of": options.instead_of,
    }
    connection.execute(deliveries.insert().values(**row))


def _keep_raw(home: Home, draft: Draft) -> list[dict[str, Any]]:
    """Move the files as delivered to their place, flushed; give their entries for the record."""
    entries = []
    for number, file in enumerate(draft.opened.taken):
        target = home.raw / draft.source / draft.id / f"{number}-{slug(Path(file.name).name)}"
        make_folder(target.parent)
        flush(file.raw)
        os.replace(file.raw, target)
        flush(target.parent)
        entry = {"name": file.name, "sha256": file.sha256, "bytes": file.size, "raw": str(target.relative_to(home.root))}
        entries.append(entry)
    return entries
