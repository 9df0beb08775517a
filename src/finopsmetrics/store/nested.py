"""Lay the fields of nested records side by side: `project STRUCT(id)` becomes the column `project.id`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.duck import ROW_GROUP_ROWS
from finopsmetrics.store.landing import Landed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def is_nested(landed: Landed) -> bool:
    """Whether any column is a record of several fields."""
    return any(kind.upper().startswith("STRUCT") and not kind.endswith("[]") for kind in landed.types.values())


def flattened(connection: DuckDBPyConnection, landed: Landed) -> dict[str, tuple[str, str]]:
    """Each field of the records and each other column: its dotted name to its SQL over the relation `r` and its type."""
    return {name: (sql, kind) for name, sql, kind in _fields(connection, landed, list(landed.types.items()), "", "r")}


def laid_out(connection: DuckDBPyConnection, landed: Landed, room: Path) -> Landed:
    """The relation with the fields of its records as columns, written once, each row with its place."""
    fields = flattened(connection, landed)
    columns = ", ".join(f"{sql} AS {quote(name)}" for name, (sql, _) in fields.items())
    target = room / "laid-out.parquet"
    query = f'SELECT {columns}, r."x:path", r.file_row_number FROM {landed.placed()} r'
    options = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
    connection.execute(f"COPY ({query}) TO {literal(str(target))} ({options})")
    types = {name: kind for name, (_, kind) in fields.items()}
    return Landed(f"read_parquet({literal(str(target))})", types, landed.rows, landed.files, landed, (str(target),))


def _fields(
    connection: DuckDBPyConnection, landed: Landed, columns: list[tuple[str, str]], prefix: str, parent: str
) -> Iterator[tuple[str, str, str]]:
    for name, kind in columns:
        sql, dotted = f"{parent}.{quote(name)}", f"{prefix}{name}"
        if not kind.upper().startswith("STRUCT") or kind.endswith("[]"):
            yield dotted, sql, kind
            continue
        described = connection.execute(f"DESCRIBE SELECT s.* FROM (SELECT {sql} AS s FROM {landed.relation} r)").fetchall()
        inner = [(str(row[0]), str(row[1])) for row in described]
        yield from _fields(connection, landed, inner, f"{dotted}.", sql)
