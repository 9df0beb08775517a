"""The Iceberg catalog follows the state: it can always be made again from the data files that the state knows.

Iceberg names files by absolute path, so a home that was moved, copied or restored needs a catalog of its own.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from finopsmetrics.store.home import Home
from finopsmetrics.store.rollup import ROLLUP_TABLE
from finopsmetrics.store.tables import iceberg_tables, lake_files, lake_state

if TYPE_CHECKING:
    from pyiceberg.table import Table


def follow(connection: Connection, home: Home) -> bool:
    """Make the catalog again when it belongs to another place than this home; give whether that was so.

    Runs inside the caller's writing transaction; afterwards everything live is published.
    """
    if is_elsewhere(connection, home):
        rebuild(connection, home)
        return True
    connection.execute(lake_state.update().where(lake_state.c.root == "").values(root=str(home.lake)))
    return False


def is_elsewhere(connection: Connection, home: Home) -> bool:
    """Whether the catalog belongs to another place: the home was moved, or copied, or mounted elsewhere."""
    pointers = connection.execute(select(iceberg_tables.c.metadata_location)).scalars().all()
    root = connection.execute(select(lake_state.c.root)).scalar_one()
    return root not in ("", str(home.lake)) or any(not str(one).startswith(f"file://{home.lake}/") for one in pointers)


def rebuild(connection: Connection, home: Home) -> list[str]:
    """Drop every pointer and make each table again, with one snapshot of its live files; give the tables' names."""
    from finopsmetrics.store.iceberg import LakeCatalog, open_table, replace_files

    known = set(connection.execute(select(iceberg_tables.c.table_name)).scalars())
    connection.execute(iceberg_tables.delete())
    catalog = LakeCatalog(connection, home.lake)
    live = connection.execute(
        select(lake_files.c.table, lake_files.c.path, lake_files.c.extras).where(lake_files.c.live).order_by(lake_files.c.path)
    ).all()
    tables = sorted(known | {row[0] for row in live})
    for table in tables:
        files = [row for row in live if row[0] == table]
        extras = {name for row in files for name in row[2]} if table != ROLLUP_TABLE else set()
        if files:
            replace_files(catalog, table, [home.root / row[1] for row in files], [], extras, "catalog made again")
        else:
            open_table(catalog, table)
    connection.execute(lake_files.update().values(published=lake_files.c.live))
    connection.execute(lake_state.update().values(root=str(home.lake)))
    return tables


def table_names(connection: Connection) -> list[str]:
    """The tables that the catalog holds."""
    return sorted(connection.execute(select(iceberg_tables.c.table_name)).scalars())


def load(connection: Connection, home: Home, table: str) -> Table:
    """A table of the catalog as its current metadata describes it."""
    from finopsmetrics.store.iceberg import NAMESPACE, LakeCatalog

    return LakeCatalog(connection, home.lake).load_table((NAMESPACE, table))


def current_files(table: Table) -> dict[str, tuple[int, int]]:
    """The data files of a table's current snapshot: path -> (rows, bytes)."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return {}
    entries = [entry for manifest in snapshot.manifests(table.io) for entry in manifest.fetch_manifest_entry(table.io)]
    from finopsmetrics.store.iceberg import local_path

    files = [entry.data_file for entry in entries]
    return {str(local_path(file.file_path)): (file.record_count, file.file_size_in_bytes) for file in files}


def expire(table: Table, before_ms: int) -> int:
    """Expire the snapshots that were superseded before a moment (ms since 1970); give how many."""
    from finopsmetrics.store.iceberg import make_durable

    kept = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    gone = [older.snapshot_id for older, newer in pairwise(kept) if newer.timestamp_ms < before_ms]
    if gone:
        table.maintenance.expire_snapshots().by_ids(gone).commit()
        make_durable(table.refresh())
    return len(gone)


def metadata_in_use(table: Table, since_ms: int) -> set[Path]:
    """Metadata files that a reader may need: of every kept snapshot, and table metadata that was current since a moment."""
    from finopsmetrics.store.iceberg import local_path

    # An entry of the log is superseded by the entry after it, the last one by the current metadata.
    log = [*((entry.metadata_file, entry.timestamp_ms) for entry in table.metadata.metadata_log)]
    log.append((table.metadata_location, table.metadata.last_updated_ms))
    used = {place for (place, _), (_, superseded) in pairwise(log) if superseded >= since_ms} | {table.metadata_location}
    for snapshot in table.metadata.snapshots:
        used.add(snapshot.manifest_list)
        used |= {manifest.manifest_path for manifest in snapshot.manifests(table.io)}
    return {local_path(place) for place in used}
