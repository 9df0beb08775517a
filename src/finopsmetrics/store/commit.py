"""One commit of the lake: data files, table pointers and state change together, or not at all.

The order makes a kill at any moment harmless: data files are flushed and moved to their place, Iceberg metadata is written and
flushed, and then one transaction of the state database moves every pointer and adds every row. Before it, nothing refers
to the new files, and `maintain` sweeps them; after it, everything does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from finopsmetrics.store.durable import flush, make_folder
from finopsmetrics.store.home import Home
from finopsmetrics.store.publish import publish
from finopsmetrics.store.records import FileRecord
from finopsmetrics.store.tables import lake_files, lake_state
from finopsmetrics.store.writing import WrittenFile


@dataclass
class Change:
    """What a commit does to the data files: files to add for a delivery (live or as history), files to retire.

    Where nothing was `delivered` (samples), `delivery_id` only makes the names of the files.
    """

    delivery_id: str
    source: str
    added: list[tuple[WrittenFile, bool]] = field(default_factory=list)
    retired: list[FileRecord] = field(default_factory=list)
    delivered: bool = True


def apply(connection: Connection, home: Home, change: Change, at: datetime, *, publishing: bool = True) -> int:
    """Apply a change inside the caller's writing transaction; give the lake's new version.

    Without `publishing` the change is in effect here, and Iceberg's snapshots follow with the next change that publishes.
    """
    move(connection, home, change, at)
    if publishing:
        publish(connection, home, change.delivery_id)
    return bump(connection)


def move(connection: Connection, home: Home, change: Change, at: datetime) -> None:
    """Put the files of a change in their place, and say so in the state; no answer about costs counts as changed yet."""
    placed = [_place(home, change, number, file, live) for number, (file, live) in enumerate(change.added)]
    gone = [file.path for file in change.retired]
    if gone:
        connection.execute(lake_files.update().where(lake_files.c.path.in_(gone)).values(live=False, retired_at=at))
    if placed:
        connection.execute(lake_files.insert(), [_row(file, at) for file in placed])


def bump(connection: Connection) -> int:
    """Count one more version of the lake; readers that cache by version look again."""
    connection.execute(lake_state.update().where(lake_state.c.id == 1).values(version=lake_state.c.version + 1))
    return version(connection)


def version(connection: Connection) -> int:
    """The lake's version: it grows with every change of what an answer may read."""
    return int(connection.execute(lake_state.select()).mappings().one()["version"])


def _place(home: Home, change: Change, number: int, file: WrittenFile, live: bool) -> FileRecord:
    """Flush a staged file and move it to its place in the lake."""
    folder = home.lake / file.table / change.source / file.period
    make_folder(folder)
    target = folder / f"{change.delivery_id}-{number}.parquet"
    flush(file.path)
    os.replace(file.path, target)
    flush(folder)
    return FileRecord(
        path=str(target.relative_to(home.root)),
        table=file.table,
        source=change.source,
        period=file.period,
        delivery_id=change.delivery_id if change.delivered else "",
        rows=file.rows,
        bytes=target.stat().st_size,
        extras=list(file.extras),
        first=file.first,
        last=file.last,
        live=live,
        within=file.within,
    )


def _row(file: FileRecord, at: datetime) -> dict[str, object]:
    known = {**file.__dict__, "delivery_id": file.delivery_id or None}
    return {**known, "retired_at": None if file.live else at, "published": False}
