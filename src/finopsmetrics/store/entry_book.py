"""Cost entries, kept: durable in the state when added, and in the lake, as deliveries of their own, before the next answer."""

from __future__ import annotations

import csv
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from finopsmetrics.core.errors import ConflictError, FinOpsError
from finopsmetrics.plugins.received import listens, received
from finopsmetrics.store.entries import CostEntry
from finopsmetrics.store.incoming import Incoming, IncomingFile
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.plugin_book import plugins_of
from finopsmetrics.store.tables import cost_entries

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finopsmetrics.store.opened import OpenedHome

SOURCE = "cost-entries"
CHANGED = "x_CostEntryChangedBy"  # the plugins, with their versions, that changed an entry on its way in


class EntryBook:
    """The entries of a home: added durably, brought into the lake before the next answer."""

    def __init__(self, opened: OpenedHome) -> None:
        self._opened = opened

    def add(self, entries: Sequence[CostEntry]) -> int:
        """Add entries in one transaction; give how many were new. Raises ConflictError, and then adds none.

        Plugins may transform a new entry on its way in. Whether an entry is known is told by what was sent, not by what
        plugins made of it: sent again it is no change, whatever has become of the plugins in between.
        """
        sent: dict[str, str] = {}
        fit: dict[str, dict[str, str]] = {}
        for entry in entries:
            digest, row = _told(entry)
            if sent.setdefault(entry.id, digest) != digest:
                raise ConflictError(f"Two different cost entries are called {entry.id}.", cure="Give each an id of its own.")
            if row is not None:
                fit[entry.id] = row
        fit |= self._changed(entries, sent)
        with self._opened.database.write() as connection:
            known = _known(connection, sent)
            new = {entry.id: fit.get(entry.id) or entry.as_charge() for entry in entries if entry.id not in known}
            if new:
                rows = [self._row(name, row, sent[name]) for name, row in new.items()]
                connection.execute(cost_entries.insert(), rows)
        return len(new)

    def _changed(self, entries: Sequence[CostEntry], sent: dict[str, str]) -> dict[str, dict[str, str]]:
        """The charges that plugins made of new entries, by id; entries that are known already pass no plugin again."""
        plugins = plugins_of(self._opened)
        if not listens(plugins):
            return {}
        with self._opened.database.read() as connection:
            done = _known(connection, sent)
        made: dict[str, dict[str, str]] = {}
        for entry in entries:
            if entry.id not in done:
                done.add(entry.id)
                kept, changed = received(plugins, entry)
                if changed:
                    made[entry.id] = kept.as_charge() | {CHANGED: ", ".join(changed)}
        plugins.tally.settle()
        return made

    def _row(self, name: str, charge: dict[str, str], digest: str) -> dict[str, object]:
        kept = {"id": name, "digest": digest, "charge": charge, "added_at": self._opened.now()}
        return {**kept, "batch": None, "delivery_id": None}

    def waiting(self) -> int:
        """Entries that are not in the lake yet."""
        with self._opened.database.read() as connection:
            query = select(func.count()).select_from(cost_entries).where(cost_entries.c.delivery_id.is_(None))
            return int(connection.execute(query).scalar_one())

    def flush(self) -> None:
        """Bring waiting entries into the lake; whoever else does so at the same time, or did and was killed, changes nothing.

        Waiting entries are first claimed into a batch, whose content never changes: taken in twice it is the same delivery.
        """
        if not self.waiting():
            return
        self._claim()
        for batch, rows in self._open_batches().items():
            delivery_id = self._take(batch, rows)
            with self._opened.database.write() as connection:
                connection.execute(cost_entries.update().where(cost_entries.c.batch == batch).values(delivery_id=delivery_id))

    def _claim(self) -> None:
        with self._opened.database.write() as connection:
            free = cost_entries.c.batch.is_(None)
            connection.execute(cost_entries.update().where(free).values(batch=uuid.uuid4().hex))

    def _open_batches(self) -> dict[str, list[dict[str, str]]]:
        with self._opened.database.read() as connection:
            query = select(cost_entries.c.batch, cost_entries.c.charge).where(cost_entries.c.delivery_id.is_(None))
            found = connection.execute(query.where(cost_entries.c.batch.is_not(None)).order_by(cost_entries.c.id)).all()
        batches: dict[str, list[dict[str, str]]] = {}
        for batch, charge in found:
            batches.setdefault(batch, []).append(charge)
        return batches

    def _take(self, batch: str, rows: Sequence[dict[str, str]]) -> str:
        with self._opened.home.workroom() as room:
            path = room / f"entries-{batch}.csv"
            _write(rows, path)
            incoming = Incoming(path.name, (IncomingFile(path, path.name),), SOURCE)
            return self._opened.ingestor.ingest(incoming, IngestOptions(mode="append", actor="cost-entries")).id


def _known(connection: Connection, sent: Mapping[str, str]) -> set[str]:
    """Which of the entries that were sent are kept already. Raises ConflictError when one was sent with other content."""
    query = select(cost_entries.c.id, cost_entries.c.digest).where(cost_entries.c.id.in_(list(sent)))
    known = {row[0]: row[1] for row in connection.execute(query)}
    for name, digest in known.items():
        if digest != sent[name]:
            cure = "Send a changed charge under a new id, with a correcting entry for the old one."
            raise ConflictError(f"Cost entry {name} is there already with other content.", cure=cure)
    return set(known)


def _told(entry: CostEntry) -> tuple[str, dict[str, str] | None]:
    """What was sent, as a hash, and its charge. An entry that only a plugin can mend has none: its fields stand for it."""
    row: dict[str, str] | None = None
    with suppress(FinOpsError):
        row = entry.as_charge()
    told = row or {name: repr(value) for name, value in vars(entry).items()}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(), row


def _write(rows: Sequence[dict[str, str]], path: Path) -> None:
    names = sorted({name for row in rows for name in row})
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
