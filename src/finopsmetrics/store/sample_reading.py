"""Samples for readers: those that wait and those of the lake as one view, each identity once, at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, or_, select, true

from finopsmetrics.store import records
from finopsmetrics.store.sample_book import place_of
from finopsmetrics.store.sample_files import table_of
from finopsmetrics.store.sample_rows import COLUMN_OF, SAMPLE_COLUMNS, SAMPLES, as_arrow
from finopsmetrics.store.tables import samples_waiting

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finopsmetrics.store.opened import OpenedHome


@dataclass(frozen=True)
class Reach:
    """How far a question reaches, so that little is read: what lies beyond it may be in the view or not. Ends are exclusive."""

    measures: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    after: int | None = None  # the place of a batch: only what came with later ones


@contextmanager
def samples_at(opened: OpenedHome, reach: Reach = Reach()) -> Iterator[tuple[DuckDBPyConnection, int]]:
    """A DuckDB connection with the view `samples` (the columns of SAMPLE_COLUMNS), and the place that it shows."""
    rows = samples_waiting.c
    tests: list[ColumnElement[bool]] = [rows.measure.in_(reach.measures)] if reach.measures is not None else []
    tests += [rows.at >= reach.start] if reach.start is not None else []
    tests += [rows.at < reach.end] if reach.end is not None else []
    tests += [rows.place > reach.after] if reach.after is not None else []
    # One with an id of its own hides what it was before, whenever and of whatever that was.
    wanted = select(*(rows[name] for name in COLUMN_OF)).where(or_(rows.named, and_(*tests)) if tests else true())
    with opened.database.read() as connection:
        place = place_of(connection)
        waiting = [dict(row) for row in connection.execute(wanted).mappings()]
        every = records.files_of(connection, SAMPLES)
    files = [
        file
        for file in every
        if (reach.start is None or file.last is None or file.last >= reach.start)
        and (reach.end is None or file.first is None or file.first < reach.end)
    ]
    names = ", ".join(SAMPLE_COLUMNS)
    kept = f"SELECT {names} FROM kept"
    if waiting:
        kept = f"SELECT {names} FROM waiting UNION ALL {kept} ANTI JOIN waiting USING (SampleKey)"
    with opened.duck.connection([table_of(opened.home, files, "kept")]) as duck:
        duck.register("waiting", as_arrow(waiting))
        duck.execute(f"CREATE OR REPLACE TEMP VIEW samples AS {kept}")
        yield duck, place
