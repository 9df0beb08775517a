"""DuckDB for reading: views over the data files, bounded memory, and no way out of the lake's folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import FinOpsError, QueryError, StoreError
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.engines.base import TableSource, normalise

if TYPE_CHECKING:
    import pyarrow
    from duckdb import DuckDBPyConnection

READ_MEMORY = "256MB"
_SQL_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP", "decimal(38, 18)": "DECIMAL(38,18)", "long": "BIGINT"}


class DuckEngine:
    """The embedded engine. One instance serves many threads; each query has a connection of its own."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, folders: Sequence[Path], spill: Path, memory: str = READ_MEMORY) -> None:
        self._folders, self._spill, self._memory = tuple(folders), spill, memory
        self._lock = threading.Lock()
        self._root: DuckDBPyConnection | None = None

    def query(self, sql: str, tables: Sequence[TableSource]) -> pyarrow.Table:
        """The answer of one SELECT as Arrow. Raises QueryError or StoreError."""
        import duckdb

        try:
            with self.connection(tables) as connection:
                return normalise(connection.sql(sql).to_arrow_table())
        except duckdb.Error as error:
            raise named_error(error) from error

    @contextmanager
    def connection(self, tables: Sequence[TableSource]) -> Iterator[DuckDBPyConnection]:
        """A connection that sees the tables as views."""
        with self._lock:
            if self._root is None:
                self._root = self._open()
            connection = self._root.cursor()
        try:
            for table in tables:
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(table.name)} AS {table_select(table)}")
            yield connection
        finally:
            connection.close()

    def close(self) -> None:
        """Close the engine; a second call does nothing."""
        with self._lock:
            if self._root is not None:
                self._root.close()
                self._root = None

    def _open(self) -> DuckDBPyConnection:
        import duckdb

        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self._memory,
            "temp_directory": str(self._spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        connection = duckdb.connect(":memory:", config=config)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        folders = ", ".join(literal(str(folder)) for folder in (*self._folders, self._spill))
        connection.execute(f"SET allowed_directories = [{folders}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection


def table_select(table: TableSource) -> str:
    """A SELECT of all columns of a table over its Parquet files."""
    if not table.files:
        empty = ", ".join(f"CAST(NULL AS {_SQL_TYPES[kind]}) AS {quote(name)}" for name, kind in table.columns.items())
        return f"SELECT {empty} WHERE false"
    listed = ", ".join(literal(path) for path in table.files)
    extras = [name for name in table.columns if name.startswith("x_") and not name.startswith("x_fm_")]
    names = ", ".join(quote(name) for name in table.columns)
    return f"SELECT {names} FROM read_parquet([{listed}], union_by_name = {str(bool(extras)).lower()}, hive_partitioning = false)"


def named_error(error: Exception) -> FinOpsError:
    """An error of DuckDB's in our words: StoreError when the lake is at fault, else QueryError."""
    import duckdb

    from finopsmetrics.store.duck import first_line

    told = first_line(error)
    if isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InternalException)):
        return StoreError(f"The lake could not be read: {told}.", cure="Try again; see `finopsmetrics doctor`.", retryable=True)
    return QueryError(f"The query cannot be answered: {told}.", cure="Check names and types; see `finopsmetrics sql --tables`.")
