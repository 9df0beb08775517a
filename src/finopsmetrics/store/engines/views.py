"""Table sources as Spark views: by Iceberg metadata where there is any, else by a list of local Parquet files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from finopsmetrics.core.errors import StoreError
from finopsmetrics.store.engines.base import TableSource

_SPARK_TYPES = {
    "string": "STRING",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamptz": "TIMESTAMP_LTZ",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "int": "INT",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "binary": "BINARY",
}
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")


def view_name(table: TableSource) -> str:
    """The name of the view of exactly these rows and columns: equal sources share one, a new snapshot gets another."""
    parts = [table.metadata_location or "", *(() if table.metadata_location else table.files)]
    columns = [f"{column} {kind}" for column, kind in table.columns.items()]
    digest = hashlib.sha256("\n".join([*parts, "", *columns]).encode()).hexdigest()[:24]
    return f"fm_{table.name}_{digest}"


def create_view(session: Any, table: TableSource, view: str, *, sail: bool) -> None:
    """Register `table` as the temporary view `view`."""
    if table.metadata_location:
        frame = _iceberg(session, table.metadata_location, sail=sail)
    elif table.files:
        frame = _parquet(session, table)
    else:
        frame = session.createDataFrame([], _ddl(table))
    if table.columns:
        frame = frame.select(*(quoted(column) for column in table.columns))
    frame.createOrReplaceTempView(view)


def quoted(column: str) -> str:
    """A column's name as Spark SQL reads it, whatever characters it holds."""
    return "`" + column.replace("`", "``") + "`"


def spark_type(logical: str) -> str:
    """The Spark SQL type of a logical type, for example `decimal(38, 18)` or `timestamp` (without zone)."""
    text = logical.strip().lower()
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        return f"DECIMAL({decimal[1]}, {decimal[2]})"
    if text not in _SPARK_TYPES:
        cure = f"Use one of: decimal(p, s), {', '.join(_SPARK_TYPES)}."
        raise StoreError(f"{logical!r} is not a logical type of a column.", cure=cure)
    return _SPARK_TYPES[text]


def _iceberg(session: Any, location: str, *, sail: bool) -> Any:
    """The table as this one metadata file describes it, and not as a later commit does.

    Sail lists the metadata folder and takes the newest file unless the table is marked as a catalog's, which is what the
    two options do; Spark's Iceberg reader takes the path of the metadata file itself.
    """
    reader = session.read.format("iceberg")
    if not sail:
        return reader.load(location)
    folder = location.rsplit("/metadata/", 1)[0]
    return reader.options(metadata_location=location, table_type="ICEBERG").load(folder)


def _parquet(session: Any, table: TableSource) -> Any:
    """The files by path. Sail reads a missing path as no rows, so only paths that can be checked here are taken."""
    for path in table.files:
        local = _local(path)
        if local is None:
            cure = "Give the table's Iceberg metadata location instead."
            raise StoreError(f"{path} is not on this machine, so it cannot be read by path.", cure=cure)
        if not local.is_file():
            cure = "Restore the file, or load the delivery again."
            raise StoreError(f"A data file of {table.name} is missing: {path}.", cure=cure)
    reader = session.read.schema(_ddl(table)) if table.columns else session.read
    return reader.parquet(*table.files)


def _local(path: str) -> Path | None:
    parts = urlsplit(path)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(path) if not parts.scheme else None


def _ddl(table: TableSource) -> str:
    if not table.columns:
        cure = "Give the columns of the table source."
        raise StoreError(f"Table {table.name} has no files and no columns.", cure=cure)
    return ", ".join(f"{quoted(column)} {spark_type(kind)}" for column, kind in table.columns.items())
