"""What every engine is: SQL and table sources in, one Arrow table of agreed types out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from finopsmetrics.core.errors import MoneyError, StoreError

if TYPE_CHECKING:
    import pyarrow

MONEY_PRECISION = 38
MONEY_SCALE = 18

_TABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class TableSource:
    """One table of one snapshot, as an engine needs it.

    `files` and `metadata_location` name the same rows: every data file of the snapshot, and the Iceberg metadata file that
    lists them. An engine reads the one it can. A list of files that was pruned to a window therefore comes with
    `metadata_location=None`. `columns` maps a column to its logical type (`decimal(38, 18)`, `timestamp`, `string`, `long`,
    `int`, `double`, `boolean`, `date`), in the order of `SELECT *`; a column that a file lacks is NULL there.
    """

    name: str
    files: tuple[str, ...]
    metadata_location: str | None
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _TABLE_NAME.fullmatch(self.name):
            cure = "Use letters, digits and underscores, at most 64, not starting with a digit."
            raise StoreError(f"{self.name!r} cannot be the name of a table.", cure=cure)


class Engine(Protocol):
    """Something that answers SQL over table sources. One instance serves many threads."""

    name: str
    """`duckdb` or `spark`."""
    dialect: str
    """The SQLGlot dialect that `query` expects: `duckdb` or `spark`."""

    def query(self, sql: str, tables: Sequence[TableSource]) -> pyarrow.Table:
        """The answer of one SELECT as Arrow, in the types of `normalise`.

        Raises QueryError when the question is at fault and StoreError when the tables or the engine are.
        """
        ...

    def close(self) -> None:
        """Release connections; a second call does nothing."""
        ...


def normalise(table: pyarrow.Table) -> pyarrow.Table:
    """The same values in the types that all engines agree on, every column nullable.

    decimals with digits -> decimal128(38, 18) · decimals without, and all integers -> int64 · floats -> float64 ·
    timestamps of any zone -> timestamp[us] in UTC without zone · text of any layout -> string. Nothing is rounded:
    MoneyError when a value has more than 18 fractional digits or does not fit.
    """
    import pyarrow as pa

    columns = [_cast(table.column(index), table.schema.field(index)) for index in range(table.num_columns)]
    schema = pa.schema([pa.field(name, column.type) for name, column in zip(table.column_names, columns, strict=True)])
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pyarrow.ChunkedArray, source: pyarrow.Field) -> pyarrow.ChunkedArray:
    import pyarrow as pa

    target = agreed_type(source.type)
    if target == source.type:
        return column
    try:
        return column.cast(target)
    except pa.ArrowInvalid as error:
        cure = f"Round the column in the query, for example CAST({source.name} AS DECIMAL(38, 18))."
        raise MoneyError(f"Column {source.name!r} does not fit {target} exactly: {error}.", cure=cure) from error


def agreed_type(source: pyarrow.DataType) -> pyarrow.DataType:
    """The Arrow type that stands for `source` in every engine's answers."""
    import pyarrow as pa

    kinds = pa.types
    if kinds.is_decimal(source):
        return pa.int64() if source.scale == 0 else pa.decimal128(MONEY_PRECISION, MONEY_SCALE)
    if kinds.is_integer(source):
        return pa.int64()
    if kinds.is_floating(source):
        return pa.float64()
    if kinds.is_timestamp(source):
        return pa.timestamp("us")
    if kinds.is_dictionary(source):
        return agreed_type(source.value_type)
    if kinds.is_large_string(source) or kinds.is_string_view(source):
        return pa.string()
    if kinds.is_list(source) or kinds.is_large_list(source):
        return pa.list_(agreed_type(source.value_type))
    return source
