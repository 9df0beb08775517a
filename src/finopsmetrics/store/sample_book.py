"""Samples, kept: durable in the state when they are added, and brought to the lake in whole files later."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.core.samples import Sample
from finopsmetrics.store import records
from finopsmetrics.store.sample_files import compact, table_of
from finopsmetrics.store.sample_rows import COLUMN_OF, CONTENT, SAMPLES, as_arrow, in_chunks, row_of, same
from finopsmetrics.store.tables import samples_state, samples_waiting

if TYPE_CHECKING:
    from finopsmetrics.store.opened import OpenedHome
    from finopsmetrics.store.records import FileRecord

MOST_WAITING = 50_000  # a buffer that is longer is brought to the lake by whoever fills it
ENOUGH, LONG = 5_000, timedelta(hours=1)  # what is worth a file: so many samples, or one that waits for so long
log = logging.getLogger("finopsmetrics.samples")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What became of a batch: samples that are new, that took another's place, and that were known already.

    `place` is the number of the newest batch that changed something; it rises by one with each.
    """

    added: int
    replaced: int
    known: int
    place: int


class SampleBook:
    """The samples of a home."""

    def __init__(self, opened: OpenedHome) -> None:
        self._opened = opened

    def add(self, samples: Sequence[Sample]) -> Recorded:
        """Add samples in one transaction; they are durable when this returns.

        The same sample again is no change; another value under the same identity takes the place of the one before, within a
        batch too.
        """
        sent = {row["key"]: row for row in map(row_of, samples)}
        with self._opened.database.write() as connection:
            waiting = _waiting(connection, list(sent))
            beyond = {key: row for key, row in sent.items() if key not in waiting}
            kept = self._kept(connection, list(beyond.values()))
            known = {key for key, row in waiting.items() if same(row, sent[key])} | {key for key, alike in kept.items() if alike}
            put = [row for key, row in sent.items() if key not in known]
            place = self._put(connection, put, waiting) if put else place_of(connection)
            long = bool(put) and count_waiting(connection) >= MOST_WAITING
        if long:
            self._relieve()
        replaced = sum(1 for row in put if row["key"] in waiting or row["key"] in kept)
        return Recorded(len(put) - replaced, replaced, len(samples) - len(put), place)

    def place(self) -> int:
        """The number of the newest batch that changed something; 0 before the first."""
        with self._opened.database.read() as connection:
            return place_of(connection)

    def waiting(self) -> int:
        """Samples that are not in the lake yet."""
        with self._opened.database.read() as connection:
            return count_waiting(connection)

    def compact(self) -> int:
        """Bring what waits into the lake; give how many samples that were."""
        return compact(self._opened)

    def tidy(self) -> int:
        """Bring what waits into the lake where it is worth a file: many samples, or some that wait for long."""
        with self._opened.database.read() as connection:
            number = count_waiting(connection)
            oldest = connection.execute(select(func.min(samples_waiting.c.added_at))).scalar()
        late = oldest is not None and oldest <= self._opened.now() - LONG
        return self.compact() if number >= ENOUGH or late else 0

    def _put(self, connection: Connection, rows: list[dict[str, Any]], waiting: Mapping[str, Row]) -> int:
        place = place_of(connection) + 1
        if place == 1:
            connection.execute(samples_state.insert().values(id=1, place=place))
        else:
            connection.execute(samples_state.update().where(samples_state.c.id == 1).values(place=place))
        for keys in in_chunks(row["key"] for row in rows if row["key"] in waiting):
            connection.execute(samples_waiting.delete().where(samples_waiting.c.key.in_(keys)))
        now = self._opened.now()
        connection.execute(samples_waiting.insert(), [{**row, "place": place, "added_at": now} for row in rows])
        return place

    def _kept(self, connection: Connection, rows: list[dict[str, Any]]) -> dict[str, bool]:
        """Which of the rows are in the lake already, by key; and whether they say the same there."""
        files = _perhaps(records.files_of(connection, SAMPLES), rows)
        if not files:
            return {}
        alike = " AND ".join(f"sent.{COLUMN_OF[name]} IS NOT DISTINCT FROM kept.{COLUMN_OF[name]}" for name in CONTENT)
        with self._opened.duck.connection([table_of(self._opened.home, files, "kept")]) as duck:
            duck.register("sent", as_arrow(rows))
            found = duck.execute(f"SELECT SampleKey, {alike} FROM sent JOIN kept USING (SampleKey)").fetchall()
        return {str(row[0]): bool(row[1]) for row in found}

    def _relieve(self) -> None:
        """Bring a long buffer to the lake; where that fails the samples are kept all the same, and the next run tries again."""
        try:
            self.compact()
        except FinOpsError:
            log.exception("the samples that wait could not be brought to the lake")


def place_of(connection: Connection) -> int:
    """The number of the newest batch that changed something."""
    return int(connection.execute(select(samples_state.c.place)).scalar() or 0)


def count_waiting(connection: Connection) -> int:
    """Samples that are not in the lake yet."""
    return int(connection.execute(select(func.count()).select_from(samples_waiting)).scalar_one())


def _waiting(connection: Connection, keys: list[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for chunk in in_chunks(keys):
        query = select(samples_waiting).where(samples_waiting.c.key.in_(chunk))
        found |= {row["key"]: dict(row) for row in connection.execute(query).mappings()}
    return found


def _perhaps(files: Sequence[FileRecord], rows: Sequence[Row]) -> list[FileRecord]:
    """The files that may hold one of these rows: one with an id of its own may have had any time before."""
    spans: dict[str, tuple[Any, Any]] = {}
    named = {row["source"] for row in rows if row["named"]}
    for row in rows:
        first, last = spans.get(row["source"], (row["at"], row["at"]))
        spans[row["source"]] = (min(first, row["at"]), max(last, row["at"]))
    return [file for file in files if file.source in named or (file.source in spans and reaches(file, *spans[file.source]))]


def reaches(file: FileRecord, first: Any, last: Any) -> bool:
    """Whether a file may hold something from `first` to `last`, both included."""
    return file.first is not None and file.last is not None and bool(file.first <= last and file.last >= first)
