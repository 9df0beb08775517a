"""DuckDB for SQL that strangers write: one connection for one statement, which sees a few views and nothing else.

The connection may open the data files behind its views and no other file, cannot be configured, finds no Python variables,
and works in bounded memory. It does not judge the statement: `observability.sql_guard` does, on the tree that this gives.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import QueryError
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.engines.base import TableSource, normalise
from finopsmetrics.store.engines.duck import named_error, table_select

if TYPE_CHECKING:
    import pyarrow
    from duckdb import DuckDBPyConnection

MEMORY = "256MB"
SPILL_SPACE = "8GB"
BATCH_ROWS = 20_000
MOST_ROWS = 9_223_372_036_854_775_807
# DuckDB's own json_value gives JSON ('"x"'); the standard's, which the official use-case queries mean, gives the value ('x').
JSON_VALUE = """
CREATE TEMP MACRO json_value(json, path) AS
CASE WHEN json_type(json, path) NOT IN ('OBJECT', 'ARRAY') THEN json_extract_string(json, path) END
"""
Params = Sequence[Any] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Bounds:
    """What an answer may take: rows kept (None: all), seconds (None: any), bytes of Arrow."""

    rows: int | None
    seconds: float | None
    size: int


@dataclass(frozen=True)
class View:
    """A table as the statement sees it: its name, its source, and the condition (DuckDB SQL) on the rows that may be seen."""

    name: str
    source: TableSource
    where: str | None = None

    def sql(self) -> str:
        """The view's SELECT.

        A view with a condition ends in a LIMIT that limits nothing: no predicate of the statement is pushed below it, so none
        is ever evaluated on a hidden row, where an error message could tell its value.
        """
        own = [name for name in self.source.columns if not name.startswith("x_fm_")]
        names = ", ".join(quote(name) for name in [*own, *(name for name in self.source.columns if name not in own)])
        rows = f"SELECT {names} FROM ({table_select(self.source)})"
        return rows if self.where is None else f"SELECT * FROM ({rows} WHERE {self.where} LIMIT {MOST_ROWS})"


class Sandbox:
    """One connection; see `sandbox`."""

    def __init__(self, connection: DuckDBPyConnection, spill: Path) -> None:
        self._connection, self._spill = connection, spill

    def kinds(self, sql: str) -> list[str]:
        """The kind of each statement in a text (`SELECT`, `COPY`), as DuckDB reads it. Raises QueryError."""
        import duckdb

        try:
            return [str(statement.type).rsplit(".", 1)[-1] for statement in self._connection.extract_statements(sql)]
        except duckdb.Error as error:
            raise named_error(error) from error

    def tree(self, sql: str) -> dict[str, Any]:
        """DuckDB's own parse tree of a text of SELECT statements, as JSON gives it. Raises QueryError."""
        row = self._connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
        try:
            tree: dict[str, Any] = json.loads(row[0] if row else "{}")
        except RecursionError as error:
            raise QueryError("The statement is nested too deeply.", cure="Split it with WITH.") from error
        if tree.get("error"):
            raise QueryError(f"The statement cannot be read: {tree.get('error_message')}.", cure="Write one SELECT.")
        return tree

    def show(self, views: Sequence[View]) -> None:
        """Make the views, then let go of every right but to read their files."""
        import duckdb

        paths = sorted({path for view in views for path in view.source.files})
        listed = ", ".join(literal(path) for path in paths)
        try:
            self._connection.execute(f"SET allowed_paths = [{listed}]")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute(JSON_VALUE)
            for view in views:
                self._connection.execute(f"CREATE TEMP VIEW {quote(view.name)} AS {view.sql()}")
            self._connection.execute("SET lock_configuration = true")
        except duckdb.Error as error:
            raise named_error(error) from error

    def answer(self, sql: str, params: Params, bounds: Bounds) -> pyarrow.Table:
        """The answer of a SELECT as Arrow, in the types of `normalise`. Raises QueryError, MoneyError or StoreError."""
        import duckdb

        over = threading.Event()

        def stop() -> None:
            over.set()
            self._connection.interrupt()

        timer = threading.Timer(bounds.seconds, stop) if bounds.seconds is not None else None
        try:
            if timer is not None:
                timer.start()
            return normalise(self._read(sql, params, bounds))
        except duckdb.OutOfMemoryException as error:
            cause = f"The statement needs more memory than it may have ({MEMORY})."
            raise QueryError(cause, cure="Group by fewer columns, or narrow the window.") from error
        except (duckdb.Error, RuntimeError) as error:  # an interrupted reader of batches raises RuntimeError
            if over.is_set():
                cause = f"The statement took longer than {bounds.seconds:g} seconds and was stopped."
                raise QueryError(cause, cure="Narrow the window, or give it more time.") from error
            raise named_error(error) from error
        finally:
            if timer is not None:
                timer.cancel()

    def _read(self, sql: str, params: Params, bounds: Bounds) -> pyarrow.Table:
        import pyarrow as pa

        relation = self._connection.sql(sql, params=params) if params else self._connection.sql(sql)
        reader = relation.to_arrow_reader(BATCH_ROWS)
        batches, rows, size = [], 0, 0
        for batch in reader:
            left = batch.num_rows if bounds.rows is None else min(batch.num_rows, bounds.rows - rows)
            batches.append(batch.slice(0, left))
            rows, size = rows + left, size + batch.nbytes
            if size > bounds.size:
                cause = f"The answer is larger than {bounds.size >> 20} MB after {rows:,} rows."
                raise QueryError(cause, cure="Add a LIMIT, sum it up, or use `finopsmetrics export` for whole tables.")
            if rows == bounds.rows:
                break
        return pa.Table.from_batches(batches, schema=reader.schema)


@contextmanager
def sandbox(spill: Path) -> Iterator[Sandbox]:
    """A connection for one statement, spilling into `spill`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "temp_directory": str(spill),
        "max_temp_directory_size": SPILL_SPACE,
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield Sandbox(connection, spill)
    finally:
        connection.close()
