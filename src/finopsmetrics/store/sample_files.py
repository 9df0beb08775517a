"""Compaction: what waits of samples becomes whole files of the lake, in one commit.

The files of a (source, month) that may hold one of the same samples, and those that are small, are written anew together with
what waits; long files that lie beside it in time stay as they are. So a month costs about as much to write as it has samples,
however often it is compacted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store import records
from finopsmetrics.store.commit import Change, move
from finopsmetrics.store.duck import writer
from finopsmetrics.store.engines.base import TableSource
from finopsmetrics.store.home import Home
from finopsmetrics.store.lake import LOGICAL_TYPES
from finopsmetrics.store.publish import publish
from finopsmetrics.store.records import FileRecord
from finopsmetrics.store.sample_rows import SAMPLE_COLUMNS, SAMPLES, as_arrow
from finopsmetrics.store.tables import samples_waiting
from finopsmetrics.store.writing import FORMAT, WrittenFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finopsmetrics.store.opened import OpenedHome

FILE_ROWS = 500_000
SMALL_ROWS = 250_000
TRIES = 5
_NAMES = ", ".join(quote(name) for name in SAMPLE_COLUMNS)


@dataclass
class _Waiting:
    """What waited at one moment, the newest batch of it, and the data files of then."""

    rows: list[dict[str, Any]]
    place: int
    files: list[FileRecord]


@dataclass
class _Group:
    """One (source, month) to write: the files that are written anew, and the span of what waits of it."""

    source: str
    period: str
    files: list[FileRecord] = field(default_factory=list)
    first: datetime = datetime.max
    last: datetime = datetime.min


def compact(opened: OpenedHome) -> int:
    """Bring what waits into the lake; give how many samples that were. Whoever does so at the same time changes nothing."""
    for _ in range(TRIES):
        with opened.database.read() as connection:
            now = _now(connection)
        if not now.rows:
            return 0
        with opened.home.workroom() as room, writer(room) as duck:
            duck.register("waiting", as_arrow(now.rows))
            changes = [_written(duck, opened.home, group, room) for group in _groups(duck, opened.home, now)]
            if _committed(opened, now, changes):
                return len(now.rows)
    return 0  # others bring samples in all the time; the next run finds what is left


def table_of(home: Home, files: Sequence[FileRecord], name: str) -> TableSource:
    """Files of samples as a table for an engine."""
    columns = {column: LOGICAL_TYPES[kind] for column, kind in SAMPLE_COLUMNS.items()}
    return TableSource(name, tuple(str(home.root / file.path) for file in files), None, columns)


def _now(connection: Connection) -> _Waiting:
    rows = [dict(row) for row in connection.execute(select(samples_waiting)).mappings()]
    return _Waiting(rows, max((row["place"] for row in rows), default=0), records.files_of(connection, SAMPLES))


def _groups(duck: DuckDBPyConnection, home: Home, now: _Waiting) -> list[_Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for row in now.rows:
        group = groups.setdefault((row["source"], row["period"]), _Group(row["source"], row["period"]))
        group.first, group.last = min(group.first, row["at"]), max(group.last, row["at"])
    moved = _holding(duck, home, now)
    for file in now.files:
        known = groups.get((file.source, file.period))
        near = known is not None and (file.rows < SMALL_ROWS or _overlaps(file, known))
        if near or file.path in moved:
            groups.setdefault((file.source, file.period), _Group(file.source, file.period)).files.append(file)
    return list(groups.values())


def _overlaps(file: FileRecord, group: _Group) -> bool:
    return file.first is None or file.last is None or (file.first <= group.last and file.last >= group.first)


def _holding(duck: DuckDBPyConnection, home: Home, now: _Waiting) -> set[str]:
    """The files that hold a sample with an id of its own which waits to be replaced: its time may have been another."""
    named = {row["key"] for row in now.rows if row["named"]}
    sources = {row["source"] for row in now.rows if row["named"]}
    paths = {str(home.root / file.path): file.path for file in now.files if file.source in sources}
    if not paths:
        return set()
    import pyarrow as pa

    duck.register("named", pa.table({"SampleKey": pa.array(sorted(named), pa.string())}))
    query = f"SELECT DISTINCT filename FROM {_reading(list(paths))} WHERE SampleKey IN (SELECT SampleKey FROM named)"
    return {paths[str(row[0])] for row in duck.execute(query).fetchall()}


def _written(duck: DuckDBPyConnection, home: Home, group: _Group, room: Path) -> Change:
    """Write a group anew, what waits before what is kept, in files of bounded length one after the other in time."""
    own = f"x_fm_source = {literal(group.source)} AND x_fm_period = {literal(group.period)}"
    rows = f"SELECT {_NAMES} FROM waiting WHERE {own}"
    if group.files:
        kept = _reading([str(home.root / file.path) for file in group.files])
        rows += f" UNION ALL SELECT {_NAMES} FROM {kept} ANTI JOIN waiting USING (SampleKey)"
    part = f"(row_number() OVER (ORDER BY SampledAt, SampleKey) - 1) // {FILE_ROWS}"
    duck.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS SELECT *, {part} AS part FROM ({rows})")
    spans = duck.execute("SELECT part, count(*), min(SampledAt), max(SampledAt) FROM gathered GROUP BY part ORDER BY part")
    change = Change(uuid.uuid4().hex, group.source, retired=group.files, delivered=False)
    for number, count, first, last in spans.fetchall():
        path = room / f"{change.delivery_id}-{number}.parquet"
        ordered = f"SELECT {_NAMES} FROM gathered WHERE part = {int(number)} ORDER BY Measure, ResourceId, SampledAt, SampleKey"
        duck.execute(f"COPY ({ordered}) TO {literal(str(path))} ({FORMAT})")
        change.added.append((WrittenFile(SAMPLES, path, group.period, int(count), (), first, last), True))
    return change


def _committed(opened: OpenedHome, now: _Waiting, changes: Sequence[Change]) -> bool:
    """Put the files in place and let go of what waited, unless the files are others by now. What came since goes on waiting."""
    with opened.database.write() as connection:
        if {file.path for file in records.files_of(connection, SAMPLES)} != {file.path for file in now.files}:
            return False
        for change in changes:
            move(connection, opened.home, change, opened.now())
        publish(connection, opened.home, SAMPLES)
        connection.execute(samples_waiting.delete().where(samples_waiting.c.place <= now.place))
    return True


def _reading(paths: Sequence[str]) -> str:
    listed = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false, filename = true)"
