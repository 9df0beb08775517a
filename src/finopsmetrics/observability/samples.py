"""Questions about samples: one measure along time and by dimensions, answered set by set, in one unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Literal, get_args

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.samples import MEASURE
from finopsmetrics.core.windows import Window
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.observability.fields import value_sql
from finopsmetrics.observability.query import Filters, naive, read_filters
from finopsmetrics.observability.sample_fields import sample_dimension, sample_filter, sample_scope
from finopsmetrics.store.engines.base import normalise
from finopsmetrics.store.engines.duck import named_error
from finopsmetrics.store.sample_reading import Reach, samples_at

if TYPE_CHECKING:
    import pyarrow
    from duckdb import DuckDBPyConnection

    from finopsmetrics.store.opened import OpenedHome

Statistic = Literal["sum", "mean", "max", "min", "count", "p95"]
UsageGrain = Literal["hour", "day", "month"]
MOST_GROUPS = 2
MOST_ROWS = 100_000
_PLACE = Decimal("1e-18")
_STATISTICS = {
    "sum": "sum(Value)",
    "mean": "sum(Value)",  # divided exactly afterwards: DuckDB's own mean is a double
    "max": "max(Value)",
    "min": "min(Value)",
    "count": "count(*)",
    "p95": "quantile_disc(Value, 0.95)",
}


@dataclass(frozen=True)
class UsageQuery:
    """One question about a measure. Times are UTC without zone, the end exclusive, None for no bound.

    `p95` is the smallest sample below or at which 95 of 100 lie, so it is always one that was measured; `mean` is exact to 18
    places. Where nothing was measured there is no row.
    """

    measure: str
    start: datetime | None = None
    end: datetime | None = None
    grain: UsageGrain | None = None
    group_by: tuple[str, ...] = ()
    statistic: Statistic = "sum"
    where: str | None = None

    def __post_init__(self) -> None:
        if not MEASURE.fullmatch(self.measure):
            raise QueryError(f"{self.measure[:120]!r} is no measure.", cure="See `finopsmetrics samples measures`.")
        for value, kind, what in ((self.statistic, Statistic, "statistic"), (self.grain, UsageGrain, "grain")):
            if value is not None and value not in get_args(kind):
                raise QueryError(f"There is no {what} {value!r}.", cure=f"Use one of {', '.join(get_args(kind))}.")
        if len(self.group_by) > MOST_GROUPS:
            raise QueryError(f"{len(self.group_by)} dimensions are too many.", cure=f"Group by at most {MOST_GROUPS}.")
        columns = [(found.column, found.tag) for found in map(sample_dimension, self.group_by)]
        if len(set(columns)) < len(columns):
            raise QueryError("A dimension is named twice.", cure="Name each once.")


@dataclass(frozen=True)
class UsageAnswer:
    """What was measured: rows of `period` (with a grain), the dimensions as asked, `unit`, `value` and `samples`, their number.

    Values are Decimal, of the statistic `count` whole numbers. `unit` is None where there is no row.
    """

    query: UsageQuery
    table: pyarrow.Table
    unit: str | None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain dictionaries."""
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return int(self.table.num_rows)


def usage_query(
    measure: str,
    window: Window | None = None,
    *,
    grain: str | None = None,
    group_by: list[str] | tuple[str, ...] | str | None = None,
    statistic: str = "sum",
    filters: Filters = None,
) -> UsageQuery:
    """Make a question of what people pass. Raises QueryError, WindowError or ConditionError."""
    groups = (group_by,) if isinstance(group_by, str) else tuple(group_by or ())
    return UsageQuery(
        measure=measure,
        start=naive(window.start) if window else None,
        end=naive(window.end) if window else None,
        grain=grain,  # type: ignore[arg-type]
        group_by=tuple(name.strip() for name in groups),
        statistic=statistic,  # type: ignore[arg-type]
        where=read_filters(filters),
    )


def ask_usage(opened: OpenedHome, query: UsageQuery, scope: Condition | None = None) -> UsageAnswer:
    """Answer a question within a scope, a condition on charges. Raises QueryError, also for samples of several units."""
    with samples_at(opened, Reach((query.measure,), query.start, query.end)) as (duck, _):
        table = _run(duck, _sql(query, scope))
    if table.num_rows > MOST_ROWS:
        raise QueryError(f"The answer has more than {MOST_ROWS} rows.", cure="Ask for a shorter time or a longer grain.")
    units = sorted(set(table.column("unit").to_pylist()))
    if len(units) > 1:
        told = f"Samples of {query.measure} are in several units: {', '.join(units)}."
        raise QueryError(told, cure=f'Choose one with a filter, such as unit == "{units[0]}".')
    if query.statistic == "mean":
        table = _divided(table)
    return UsageAnswer(query, table, units[0] if units else None)


def measures(opened: OpenedHome, scope: Condition | None = None) -> pyarrow.Table:
    """What there is within a scope, by measure and unit: `measure`, `unit`, `first`, `last`, `samples`."""
    where = f" WHERE {sample_scope(scope)}" if scope is not None else ""
    told = "Measure AS measure, Unit AS unit, min(SampledAt) AS first, max(SampledAt) AS last, count(*) AS samples"
    with samples_at(opened) as (duck, _):
        return _run(duck, f"SELECT {told} FROM samples{where} GROUP BY 1, 2 ORDER BY 1, 2")


def news(
    opened: OpenedHome, scope: Condition | None = None, *, only: tuple[str, ...] | None = None, after: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Measures that changed with batches after a place (all measures without one), and the place reached.

    Each as it stands now within the scope: `measure`, `unit`, `at` (the newest time there is), `value` (the sum of what was
    measured then) and `new` (how many samples came or changed).
    """
    tests = [sample_scope(scope)] if scope is not None else []
    tests += [f"Measure IN ({', '.join(literal(name) for name in only)})"] if only is not None else []
    later = [*tests, *([f"Place > {int(after)}"] if after is not None else [])]
    counted = "SELECT Measure AS measure, Unit AS unit, max(SampledAt) AS newest, count(*) AS new FROM samples"
    with samples_at(opened, Reach(only, after=after)) as (duck, place):
        changed = _run(duck, f"{counted}{_clause(later)} GROUP BY 1, 2 ORDER BY 1, 2").to_pylist()
    if not changed:
        return [], place
    names = tuple(sorted({row["measure"] for row in changed}))
    since = min(row["newest"] for row in changed)  # what is newest of a measure is no older than what came of it
    mine = [*tests, f"SampledAt >= CAST('{since}' AS TIMESTAMP)"]
    newest = f"SELECT *, max(SampledAt) OVER (PARTITION BY Measure, Unit) AS newest FROM samples{_clause(mine)}"
    summed = "SELECT Measure AS measure, Unit AS unit, SampledAt AS at, sum(Value) AS value"
    with samples_at(opened, Reach(names, start=since)) as (duck, _):
        found = _run(duck, f"{summed} FROM ({newest}) WHERE SampledAt = newest GROUP BY 1, 2, 3 ORDER BY 1, 2").to_pylist()
    counts = {(row["measure"], row["unit"]): row["new"] for row in changed}
    return [{**row, "new": counts[key]} for row in found if (key := (row["measure"], row["unit"])) in counts], place


def _sql(query: UsageQuery, scope: Condition | None) -> str:
    tests = [f"Measure = {literal(query.measure)}"]
    tests += [f"SampledAt >= {_stamp(query.start)}"] if query.start is not None else []
    tests += [f"SampledAt < {_stamp(query.end)}"] if query.end is not None else []
    tests += [sample_filter(Condition.parse(query.where))] if query.where else []
    tests += [sample_scope(scope)] if scope is not None else []
    groups = [f"date_trunc({literal(query.grain)}, SampledAt) AS period"] if query.grain else []
    groups += [f"{value_sql(sample_dimension(name))} AS {quote(name)}" for name in query.group_by]
    listed = ", ".join([*groups, "Unit AS unit", f"{_STATISTICS[query.statistic]} AS value", "count(*) AS samples"])
    keys = ", ".join(str(place) for place in range(1, len(groups) + 2))
    order = [*(["1"] if query.grain else []), "value DESC", *(str(place) for place in range(1, len(groups) + 2))]
    return f"SELECT {listed} FROM samples{_clause(tests)} GROUP BY {keys} ORDER BY {', '.join(order)} LIMIT {MOST_ROWS + 1}"


def _run(duck: DuckDBPyConnection, sql: str) -> pyarrow.Table:
    import duckdb

    try:
        return normalise(duck.sql(sql).to_arrow_table())
    except duckdb.Error as error:
        raise named_error(error) from error


def _divided(table: pyarrow.Table) -> pyarrow.Table:
    """Means of sums: each divided by its number, half-even at 18 places; within a period the greatest first, as ever."""
    import pyarrow as pa

    with localcontext(prec=100):
        pairs = zip(table.column("value").to_pylist(), table.column("samples").to_pylist(), strict=True)
        means = [(value / number).quantize(_PLACE) for value, number in pairs]
    divided = table.set_column(table.column_names.index("value"), "value", pa.array(means, pa.decimal128(38, 18)))
    period = [("period", "ascending")] if "period" in table.column_names else []
    return divided.sort_by([*period, ("value", "descending")])


def _clause(tests: list[str]) -> str:
    return f" WHERE {' AND '.join(tests)}" if tests else ""


def _stamp(moment: datetime) -> str:
    return f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMP)"
