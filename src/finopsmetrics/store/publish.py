"""Bring the Iceberg tables in line with the state: one snapshot a table with what was added and retired since the last.

The state knows which data files are live; `published` says which of them Iceberg's current snapshots name. A single delivery
is published in the transaction that makes it live; a call that takes many publishes once, with its last, and whatever a kill
left unpublished goes out with the next.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from finopsmetrics.store.catalog import follow
from finopsmetrics.store.home import Home
from finopsmetrics.store.records import file_of
from finopsmetrics.store.rollup import ROLLUP_TABLE
from finopsmetrics.store.tables import lake_files


def publish(connection: Connection, home: Home, note: str) -> None:
    """Add and remove in Iceberg what the state added and retired, inside the caller's writing transaction."""
    pending = lake_files.c.live != lake_files.c.published
    rows = connection.execute(select(lake_files).where(pending).order_by(lake_files.c.path)).mappings().all()
    if not rows or follow(connection, home):
        return
    from finopsmetrics.store.iceberg import GoneFile, LakeCatalog, replace_files

    files = [file_of(row) for row in rows]
    catalog = LakeCatalog(connection, home.lake)
    for table in sorted({file.table for file in files}):
        added = [file for file in files if file.table == table and file.live]
        removed = [
            GoneFile(home.root / file.path, file.source, file.period, file.rows, file.bytes)
            for file in files
            if file.table == table and not file.live
        ]
        extras = {name for file in added for name in file.extras} if table != ROLLUP_TABLE else set()
        replace_files(catalog, table, [home.root / file.path for file in added], removed, extras, note)
    connection.execute(lake_files.update().where(pending).values(published=lake_files.c.live))


def is_published(connection: Connection) -> bool:
    """Whether Iceberg's current snapshots name exactly the live files."""
    pending = lake_files.c.live != lake_files.c.published
    return connection.execute(select(lake_files.c.path).where(pending).limit(1)).first() is None
