"""The state as text: one file of JSON lines a table, the same from SQLite and PostgreSQL, so that either can take it in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, MetaData, Table, func, select

from finopsmetrics.core.errors import ConflictError, StoreError
from finopsmetrics.store.tables import lake_state, metadata

# The catalog's pointers are absolute paths; a restored home makes its own.
LEFT_OUT = ("iceberg_tables", "iceberg_namespace_properties")
CHUNK = 500


def tables() -> list[Table]:
    """The tables that are dumped; one that others refer to comes before them."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def dump(connection: Connection, folder: Path) -> dict[str, int]:
    """Write every table as the connection sees it; give their rows."""
    return {table.name: _dump_table(connection, table, folder / f"{table.name}.jsonl") for table in tables()}


def _dump_table(connection: Connection, table: Table, path: Path) -> int:
    count = 0
    found = connection.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key.columns))
    with path.open("w", encoding="utf-8") as out:
        for row in found.mappings():
            plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
            out.write(json.dumps(plain, ensure_ascii=False) + "\n")
            count += 1
    return count


def load(connection: Connection, folder: Path) -> dict[str, int]:
    """Fill an empty state from a dump of the same schema, in the caller's writing transaction; give the rows of each table.

    Raises ConflictError when the state is not empty, and StoreError for a dump that cannot be read.
    """
    reflected = MetaData()
    reflected.reflect(connection)
    for table in tables():
        if table.name != lake_state.name and connection.execute(select(func.count()).select_from(table)).scalar_one():
            cure = "Restore into a state database that is empty; give another with FINOPSMETRICS_STATE_URL."
            raise ConflictError(f"The state database holds something already (table {table.name}).", cure=cure)
    connection.execute(lake_state.delete())
    counts = {}
    for file in [folder / f"{table.name}.jsonl" for table in reflected.sorted_tables]:
        if file.is_file():
            counts[file.stem] = _load_table(connection, reflected.tables[file.stem], file)
    connection.execute(lake_state.update().values(root=""))
    return counts


def _load_table(connection: Connection, table: Table, path: Path) -> int:
    times = [column.name for column in table.columns if isinstance(column.type, DateTime)]
    count = 0
    rows = _rows(path, times)
    while chunk := list(islice(rows, CHUNK)):
        connection.execute(table.insert(), chunk)
        count += len(chunk)
    return count


def _rows(path: Path, times: list[str]) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                yield {**row, **{name: datetime.fromisoformat(row[name]) for name in times if row[name] is not None}}
            except (ValueError, KeyError, TypeError) as error:
                cause = f"Line {number} of {path.name} in the backup cannot be read."
                raise StoreError(cause, cure="The backup is damaged; take another one.") from error
