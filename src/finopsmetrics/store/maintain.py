"""Keep a home tidy: sweep what nobody refers to, expire old snapshots, let superseded data files go.

Data files are moved to their place inside the writing transaction that makes them known, so whatever lies in the lake unknown
while that transaction is ours is the left-over of a kill. What was delivered (raw files) and receipts are never removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from finopsmetrics.store import catalog, commit
from finopsmetrics.store.fetching import sweep_fetched
from finopsmetrics.store.home import OWNER, Home
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.publish import publish
from finopsmetrics.store.sample_rows import SAMPLES
from finopsmetrics.store.tables import deliveries, lake_files

GRACE = timedelta(hours=1)
HISTORY = timedelta(days=30)
REPLAYS = timedelta(days=30)
FETCHED = timedelta(days=7)


@dataclass
class MaintainReport:
    """What was removed, as counts of files (rooms: folders; snapshots: Iceberg snapshots), and the bytes that were freed."""

    rooms: int = 0
    superseded: int = 0
    lake: int = 0
    metadata: int = 0
    raw: int = 0
    snapshots: int = 0
    replays: int = 0
    freed_bytes: int = 0
    rebuilt: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def maintain(
    opened: OpenedHome, *, grace: timedelta = GRACE, keep_history: timedelta = HISTORY, keep_replays: timedelta = REPLAYS
) -> MaintainReport:
    """Sweep a home; it may be in use. Raises ConflictError while a backup or another maintain runs.

    Nothing that was live within `grace` is removed, because a reader may have planned with it. Data files of superseded
    deliveries go after `keep_history` (their answers are replayed from what was delivered), with the snapshots that name
    them; files of samples that were written anew go after `grace`, since others hold what was in them.
    Replays go when nobody asked for them within `keep_replays`. What was fetched and never taken in goes after a week.
    """
    home, report = opened.home, MaintainReport()
    before, lately = opened.now() - max(grace, keep_history), opened.now() - grace
    with home.upkeep(alone=True):
        report.rooms = _sweep_rooms(home, report)
        report.freed_bytes += sweep_fetched(home, FETCHED)
        _sweep_replays(home, time.time() - keep_replays.total_seconds(), report)
        with opened.database.write() as connection:
            report.rebuilt = _tidy_catalog(connection, home)
            report.superseded = _let_go(connection, before, lately)
            report.snapshots = _expire(connection, home, before, lately)
            if report.rebuilt or report.snapshots:
                commit.bump(connection)  # readers that keep a snapshot hold pointers that will go
        with opened.database.write() as connection:
            _sweep_lake(connection, home, report)
            _sweep_metadata(connection, home, time.time() - grace.total_seconds(), report)
            _sweep_raw(connection, home, report)
    return report


def rebuild_catalog(opened: OpenedHome) -> list[str]:
    """Make the Iceberg catalog again from the data files that the state knows; give the names of its tables."""
    with opened.database.write() as connection:
        commit.bump(connection)
        return catalog.rebuild(connection, opened.home)


def leftover_rooms(home: Home) -> list[Path]:
    """What lies in staging and belongs to nobody who lives."""
    found = []
    for room in home.staging.iterdir() if home.staging.is_dir() else ():
        with suppress(FileNotFoundError):
            if not room.is_dir() or not (room / OWNER).exists():
                found.append(room)
                continue
            with (room / OWNER).open() as owner, suppress(BlockingIOError):
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(room)
    return found


def _sweep_rooms(home: Home, report: MaintainReport) -> int:
    swept = 0
    for room in leftover_rooms(home):
        if not room.is_dir():
            _remove(room, report)
            continue
        # Whoever is making this room right now finds it gone or locked, and makes another.
        with suppress(BlockingIOError, FileNotFoundError), (room / OWNER).open("a") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            swept += 1
            report.freed_bytes += _size_of(room)
            shutil.rmtree(room, ignore_errors=True)
    return swept


def _sweep_replays(home: Home, before: float, report: MaintainReport) -> None:
    for index in sorted((home.cache / "replays").glob("*/*/index.json")):
        with suppress(FileNotFoundError):
            if index.stat().st_mtime < before:
                # It leaves its place whole, so that nobody finds half a replay there.
                with home.workroom() as room:
                    report.freed_bytes += _size_of(index.parent)
                    os.replace(index.parent, room / "replay")
                report.replays += 1


def _tidy_catalog(connection: Connection, home: Home) -> list[str]:
    """Make the catalog again where the home was moved; publish what a kill left unpublished."""
    if catalog.follow(connection, home):
        return catalog.table_names(connection)
    publish(connection, home, "maintain")
    return []


def _let_go(connection: Connection, before: datetime, lately: datetime) -> int:
    """Forget data files that were superseded before a moment, those of samples lately; the sweep finds them unknown."""
    rewritten = (lake_files.c.table == SAMPLES) & (lake_files.c.retired_at <= lately)
    old = ~lake_files.c.live & ((lake_files.c.retired_at <= before) | rewritten)
    return int(connection.execute(lake_files.delete().where(old)).rowcount)


def _expire(connection: Connection, home: Home, before: datetime, lately: datetime) -> int:
    expired = 0
    for name in catalog.table_names(connection):
        moment = lately if name == SAMPLES else before
        expired += catalog.expire(catalog.load(connection, home, name), int(moment.replace(tzinfo=UTC).timestamp() * 1000))
    return expired


def _sweep_lake(connection: Connection, home: Home, report: MaintainReport) -> None:
    known = set(connection.execute(select(lake_files.c.path)).scalars())
    for path in orphans(home, known):
        _remove(path, report)
        report.lake += 1
    _remove_empty(home.lake)


def orphans(home: Home, known: set[str]) -> Iterator[Path]:
    """Files of the lake that the state does not know. To be trusted only inside a writing transaction."""
    metadata = _metadata_root(home)
    for path in _files(home.lake):
        if not path.is_relative_to(metadata) and str(path.relative_to(home.root)) not in known:
            yield path


def _sweep_metadata(connection: Connection, home: Home, before: float, report: MaintainReport) -> None:
    used: set[Path] = set()
    for name in catalog.table_names(connection):
        used |= catalog.metadata_in_use(catalog.load(connection, home, name), int(before * 1000))
    for path in _files(_metadata_root(home)):
        if path not in used and path.stat().st_mtime <= before:
            _remove(path, report)
            report.metadata += 1


def _sweep_raw(connection: Connection, home: Home, report: MaintainReport) -> None:
    known = {file["raw"] for files in connection.execute(select(deliveries.c.files)).scalars() for file in files}
    for path in _files(home.raw):
        if str(path.relative_to(home.root)) not in known:
            _remove(path, report)
            report.raw += 1
    _remove_empty(home.raw)


def _metadata_root(home: Home) -> Path:
    from finopsmetrics.store.iceberg import NAMESPACE

    return home.lake / NAMESPACE


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place, name)


def _remove(path: Path, report: MaintainReport) -> None:
    with suppress(FileNotFoundError):
        size = path.stat().st_size
        path.unlink()
        report.freed_bytes += size


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        if Path(place) != folder:
            with suppress(OSError):
                os.rmdir(place)


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))
