"""Read-only SQL over the FOCUS tables: one SELECT in DuckDB's dialect, within bounds, and within a scope where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.observability.fields import fields_of, filter_sql
from finopsmetrics.observability.plan import rollup_holds
from finopsmetrics.observability.sql_guard import refuse_odd_text, refuse_other_statements, tables_read
from finopsmetrics.store.engines.sandbox import Bounds, View, sandbox
from finopsmetrics.store.entry_book import EntryBook
from finopsmetrics.store.lake import CHARGES, TABLES, Snapshot
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.records import files_of
from finopsmetrics.store.rollup import ROLLUP_TABLE
from finopsmetrics.store.sample_book import SampleBook
from finopsmetrics.store.sample_rows import SAMPLES

if TYPE_CHECKING:
    import pyarrow

SECONDS = 60.0
MOST_BYTES = 512 << 20
ALIASES = {"focus_data_table": CHARGES}
"""Other names of tables: the official FOCUS use-case queries call the charges `focus_data_table`."""

_SQL_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP", "decimal(38, 18)": "DECIMAL(38,18)", "long": "BIGINT"}
_PLAIN_VALUES = (str, int, float, bool, Decimal, datetime, date, type(None))


def run_sql(
    opened: OpenedHome,
    sql: str,
    *,
    scope: Condition | None = None,
    params: Sequence[Any] | Mapping[str, Any] | None = None,
    limit: int | None = None,
    seconds: float | None = SECONDS,
) -> pyarrow.Table:
    """The answer of one SELECT (or WITH … SELECT) over the tables of `table_columns`, as Arrow.

    Amounts are exact where SQL is exact: sums and differences of decimals are decimal128(38, 18), a quotient is a double.
    Times are UTC without zone. `params` fill `?` in order, or `$name` by name; times may be given as text. `scope` lets only
    the rows be seen that match it, in every table. `limit` keeps the first rows of the answer.

    Raises QueryError for whatever is not one SELECT over these tables, for a table that the scope closes, for an answer of
    more than 512 MB and for one that takes longer than `seconds`; MoneyError when a result has more than 18 digits after the
    point; StoreError when the lake cannot be read.
    """
    refuse_odd_text(sql)
    _refuse_odd(params, limit)
    EntryBook(opened).flush()
    snapshot = opened.lake.snapshot()
    with opened.home.workroom() as room, sandbox(room / "spill") as box:
        refuse_other_statements(box.kinds(sql))
        names = tables_read(sql, box.tree(sql), [*TABLES, SAMPLES, *ALIASES])
        if SAMPLES in names:
            snapshot = _with_samples(opened, snapshot)
        box.show([_view(name, snapshot, scope) for name in sorted(names)])
        return box.answer(sql, params, Bounds(limit, seconds, MOST_BYTES))


def table_columns(opened: OpenedHome) -> dict[str, dict[str, str]]:
    """The tables that `run_sql` knows, the charges first: each with its columns and their types in DuckDB."""
    snapshot = opened.lake.snapshot()
    found = {}
    for name in [*ALIASES, *TABLES, SAMPLES]:
        columns = snapshot.source(ALIASES.get(name, name)).columns
        found[name] = {column: _SQL_TYPES[kind] for column, kind in columns.items()}
    return found


def _with_samples(opened: OpenedHome, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the files of samples, what waited of them included."""
    SampleBook(opened).compact()
    with opened.database.read() as connection:
        return replace(snapshot, files=snapshot.files | {SAMPLES: tuple(files_of(connection, SAMPLES))})


def _view(name: str, snapshot: Snapshot, scope: Condition | None) -> View:
    table = ALIASES.get(name, name)
    source = snapshot.source(table)
    if scope is None:
        return View(name, source)
    extras = snapshot.extras()
    missing = _missing(table, set(source.columns), snapshot, scope)
    if missing:
        cause = f"The table {name} cannot be read within the scope {str(scope)!r}: it does not hold {', '.join(missing)}."
        raise QueryError(cause, cure=f"Ask {CHARGES} instead.")
    return View(name, source, filter_sql(scope, extras))


def _missing(table: str, columns: set[str], snapshot: Snapshot, scope: Condition) -> list[str]:
    """The fields of the scope that a table cannot be filtered by, and so cannot be shown under."""
    fields = fields_of(scope, snapshot.extras())
    if table == ROLLUP_TABLE:
        return [field.asked for field in fields if not rollup_holds([field], snapshot)]
    return [field.asked for field in fields if field.column not in columns]


def _refuse_odd(params: Sequence[Any] | Mapping[str, Any] | None, limit: int | None) -> None:
    values = list(params.values() if isinstance(params, Mapping) else params or ())
    for value in values:
        if not isinstance(value, _PLAIN_VALUES):
            cure = "Give text, a number, a date or a time."
            raise QueryError(f"A parameter cannot be a {type(value).__name__}.", cure=cure)
    if isinstance(params, str):
        raise QueryError("The parameters are one text.", cure="Give a list of values, one for each ?.")
    if limit is not None and limit < 0:
        raise QueryError(f"The limit is {limit}.", cure="Give a number of rows from 0 up.")
