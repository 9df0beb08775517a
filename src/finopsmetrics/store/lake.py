"""The lake for readers: a snapshot says which data files answer, now, as known then, or as a receipt names them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from finopsmetrics.core.errors import StoreError
from finopsmetrics.focus.columns import datasets
from finopsmetrics.store import commit, records
from finopsmetrics.store.database import Database
from finopsmetrics.store.engines.base import TableSource
from finopsmetrics.store.home import Home
from finopsmetrics.store.publish import is_published
from finopsmetrics.store.records import DeliveryRecord, FileRecord, PeriodRecord
from finopsmetrics.store.replay import replayed
from finopsmetrics.store.rollup import ROLLUP_TABLE
from finopsmetrics.store.tables import iceberg_tables

CHARGES = "cost_and_usage"
TABLES = (*(dataset.table for dataset in datasets().values()), ROLLUP_TABLE, "quarantine")
LOGICAL_TYPES = {"text": "string", "json": "string", "time": "timestamp", "decimal": "decimal(38, 18)", "count": "long"}


@dataclass(frozen=True)
class Input:
    """One billing period of one delivery that an answer rests on, named so that another machine can find it."""

    delivery: str
    source: str
    dataset: str
    period: str
    content_hash: str


@dataclass(frozen=True)
class Snapshot:
    """The data files of every table at one version of the lake. Nothing in it changes."""

    version: int
    as_of: datetime | None
    home: Home
    inputs: tuple[Input, ...]
    files: dict[str, tuple[FileRecord, ...]]
    metadata: dict[str, str]

    def extras(self) -> tuple[str, ...]:
        """The columns of charges beyond FOCUS, in any file."""
        return tuple(sorted({name for file in self.files.get(CHARGES, ()) for name in file.extras}))

    def rollup_keys(self, files: Iterable[FileRecord]) -> set[str]:
        """The tag keys that every one of these rollup files holds."""
        found = [set(file.extras) for file in files if file.rows]
        return set.intersection(*found) if found else set()

    def within(self, table: str, start: datetime | None, end: datetime | None) -> list[FileRecord]:
        """Files of `table` that may hold something from `start` until `end` (UTC without zone)."""
        return [
            file
            for file in self.files.get(table, ())
            if (start is None or file.last is None or file.last >= start)
            and (end is None or file.first is None or file.first < end)
        ]

    def source(self, table: str, files: Sequence[FileRecord] | None = None) -> TableSource:
        """A table for an engine: all of its files, or those given."""
        from finopsmetrics.store.iceberg import columns_of

        chosen = self.files.get(table, ()) if files is None else files
        whole = files is None or len(chosen) == len(self.files.get(table, ()))
        extras = sorted({name for file in chosen for name in file.extras}) if table != ROLLUP_TABLE else []
        columns = {name: LOGICAL_TYPES[kind] for name, kind in columns_of(table).items()} | dict.fromkeys(extras, "string")
        paths = tuple(str(self.home.root / file.path) for file in chosen)
        return TableSource(table, paths, self.metadata.get(table) if whole else None, columns)


class Lake:
    """Reads the lake of a home. Safe for threads."""

    def __init__(self, home: Home, database: Database) -> None:
        self.home, self.database = home, database
        self._lock = threading.Lock()
        self._cached: Snapshot | None = None

    def snapshot(self, as_of: datetime | None = None) -> Snapshot:
        """What is in effect now, or what was known at `as_of` (UTC without zone)."""
        with self.database.read() as connection:
            version = commit.version(connection)
            with self._lock:
                if as_of is None and self._cached is not None and self._cached.version == version:
                    return self._cached
            known = records.periods(connection)
            if as_of is None:
                standing = [record for record in known if record.current]
                files = {table: tuple(records.files_of(connection, table)) for table in TABLES}
                pointers = connection.execute(select(iceberg_tables.c.table_name, iceberg_tables.c.metadata_location))
                whole = is_published(connection)
                own = f"file://{self.home.lake}/"  # a home that was moved has pointers to where it was
                metadata = {str(row[0]): str(row[1]) for row in pointers if whole and str(row[1]).startswith(own)}
                snapshot = Snapshot(version, None, self.home, _inputs(standing), files, metadata)
                with self._lock:
                    self._cached = snapshot
                return snapshot
            inputs = _inputs(records.in_effect(known, as_of))
        return self._of_inputs(version, as_of, inputs)

    def of_inputs(self, inputs: Sequence[Input]) -> Snapshot:
        """The snapshot that a receipt names. Raises StoreError when a delivery it rests on is not here."""
        with self.database.read() as connection:
            version = commit.version(connection)
            by_content = {(r.source, r.content_hash): r.id for r in reversed(records.all_deliveries(connection))}
            by_id = {record.id for record in records.all_deliveries(connection)}
        named = []
        for one in inputs:
            found = one.delivery if one.delivery in by_id else by_content.get((one.source, one.content_hash))
            if found is None:
                cause = f"The delivery {one.delivery} of {one.source}, {one.period}, is not in this home."
                raise StoreError(cause, cure="Take the same files in; their hash is in the receipt.")
            named.append(Input(found, one.source, one.dataset, one.period, one.content_hash))
        return self._of_inputs(version, None, tuple(named))

    def _of_inputs(self, version: int, as_of: datetime | None, inputs: tuple[Input, ...]) -> Snapshot:
        wanted = {(one.delivery, one.period) for one in inputs}
        ids = sorted({one.delivery for one in inputs})
        with self.database.read() as connection:
            known = {record.id: record for record in records.all_deliveries(connection) if record.id in ids}
            found = [file for table in TABLES for file in records.files_of(connection, table, ids)]
        present = self._present(found, known, wanted)
        files = {
            table: tuple(file for file in present if file.table == table and (file.delivery_id, file.period) in wanted)
            for table in TABLES
        }
        return Snapshot(version, as_of, self.home, inputs, files, {})

    def _present(
        self, found: Sequence[FileRecord], known: dict[str, DeliveryRecord], wanted: set[tuple[str, str]]
    ) -> list[FileRecord]:
        """The files as they lie, or as a replay gives them where a file of one of the wanted periods is gone."""
        by_delivery: dict[str, list[FileRecord]] = {delivery_id: [] for delivery_id in known}
        for file in found:
            by_delivery[file.delivery_id].append(file)
        present: list[FileRecord] = []
        for delivery_id, files in by_delivery.items():
            own = datasets()[known[delivery_id].dataset].table
            held = {(delivery_id, file.period) for file in files if file.table == own}
            whole = {one for one in wanted if one[0] == delivery_id} <= held
            whole = whole and all((self.home.root / file.path).is_file() for file in files)
            present += files if whole else replayed(self.home, known[delivery_id])
        return present


def _inputs(standing: Iterable[PeriodRecord]) -> tuple[Input, ...]:
    made = {Input(r.delivery_id, r.source, r.dataset, r.period, r.content_hash) for r in standing}
    return tuple(sorted(made, key=lambda one: (one.dataset, one.source, one.period, one.delivery)))


def inputs_to_json(inputs: Iterable[Input]) -> list[dict[str, Any]]:
    """Inputs as plain data."""
    return [asdict(one) for one in inputs]


__all__ = ["CHARGES", "TABLES", "Input", "Lake", "Snapshot", "inputs_to_json"]
