"""From a cost question to one SQL text: which table answers, which files, and the SELECT in the engine's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlglot
from sqlglot import exp

from finopsmetrics.focus.columns import Dimension, charges, dimension
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.observability.fields import fields_of, filter_sql, value_sql
from finopsmetrics.observability.query import OTHER, CostQuery
from finopsmetrics.store.engines.base import TableSource
from finopsmetrics.store.lake import CHARGES, Snapshot
from finopsmetrics.store.prorate import with_parts
from finopsmetrics.store.records import FileRecord
from finopsmetrics.store.rollup import DIMENSIONS, ROLLUP_TABLE

_FINER = ("hour", "day", "week", "month", "quarter", "year")
_ROLLUP_COLUMNS = {*DIMENSIONS, "x_fm_source", "x_fm_period", "x_fm_delivery"}


@dataclass(frozen=True)
class Planned:
    """A question made ready: the SQL, the table it reads, and whether the rollup serves it."""

    sql: str
    source: TableSource
    rollup: bool


def plan(query: CostQuery, snapshot: Snapshot, dialect: str = "duckdb", *, allow_rollup: bool = True) -> Planned:
    """Plan a question. Raises QueryError for a dimension or a field that does not exist."""
    extras = snapshot.extras()
    # Every answer has its currency; asked for by that name it is there already.
    dims = [dimension(name, extras) for name in query.group_by if name.lower() != "currency"]
    read = _fields(query, extras)
    first, last = _reach(query)
    rollup = allow_rollup and _rollup_serves(query, [*dims, *read], snapshot)
    table = ROLLUP_TABLE if rollup else CHARGES
    # The daily rollup is in files by day; charges of no duration may start at the very end of a file's reach.
    files = snapshot.within(table, first, last) if query.basis == "accrual" else list(snapshot.files.get(table, ()))
    source = source_of(table, snapshot, files, [*dims, *read])
    whole = rollup or _lies_whole(query, files)
    sql = _select(query, dims, extras, rollup=rollup, whole=whole, dialect=dialect)
    return Planned(sql, source, rollup)


def source_of(table: str, snapshot: Snapshot, files: Sequence[FileRecord], dims: Sequence[Dimension]) -> TableSource:
    """These files of `table` as a source; all of its files where these lack a column that is asked for."""
    source = snapshot.source(table, None if len(files) == len(snapshot.files.get(table, ())) else files)
    return source if all(dim.column in source.columns for dim in dims) else snapshot.source(table)


def _lies_whole(query: CostQuery, files: Sequence[FileRecord]) -> bool:
    """Whether no charge of these files can span a bound of the window or of the grain: nothing is to be split then."""
    units = {file.within for file in files}
    if "" in units or not units:
        return False
    unit = next(unit for unit in ("month", "day", "hour") if unit in units)
    if query.grain is not None and _FINER.index(query.grain) < _FINER.index(unit):
        return False
    if query.grain == "week" and unit == "month":
        return False
    return all(_starts(moment, unit) for moment in (query.start, query.end, query.previous_start, query.previous_end))


def _starts(moment: datetime | None, unit: str) -> bool:
    """Whether a moment is the start of an hour, a day or a month."""
    if moment is None:
        return True
    bare = {"hour": {"minute": 0}, "day": {"hour": 0, "minute": 0}, "month": {"day": 1, "hour": 0, "minute": 0}}[unit]
    return moment == moment.replace(second=0, microsecond=0, **bare)  # type: ignore[arg-type]


def _reach(query: CostQuery) -> tuple[datetime | None, datetime | None]:
    first = query.start if query.previous_start is None else query.previous_start
    return first, query.end


def _fields(query: CostQuery, extras: tuple[str, ...]) -> list[Dimension]:
    condition = query.condition
    return fields_of(condition, extras) if condition else []


def _rollup_serves(query: CostQuery, dims: Sequence[Dimension], snapshot: Snapshot) -> bool:
    if query.grain == "hour":
        return False
    moments = (query.start, query.end, query.previous_start, query.previous_end)
    if query.basis == "accrual" and any(m is not None and m != datetime(m.year, m.month, m.day) for m in moments):
        return False
    return rollup_holds(dims, snapshot)


def rollup_holds(dims: Sequence[Dimension], snapshot: Snapshot) -> bool:
    """Whether every row of the daily rollup tells these dimensions, so that it can be grouped and filtered by them."""
    keys = {dim.tag for dim in dims if dim.tag is not None}
    columns = {dim.column for dim in dims if dim.tag is None}
    if not columns <= _ROLLUP_COLUMNS:
        return False
    return not keys or keys <= snapshot.rollup_keys(snapshot.files.get(ROLLUP_TABLE, ()))


def _select(
    query: CostQuery, dims: Sequence[Dimension], extras: tuple[str, ...], *, rollup: bool, whole: bool, dialect: str
) -> str:
    names = [f"g{number}" for number in range(len(dims))]
    grouped = [f"{_group(dim, query)} AS {name}" for dim, name in zip(dims, names, strict=True)]
    rows = _rows(query, grouped, extras, rollup=rollup, whole=whole)
    keys = [*(["period"] if query.grain else []), *names, "currency"]
    sums = "sum(cost) AS cost" + (", sum(previous) AS previous" if query.compares else "")
    sql = f"SELECT {', '.join(keys)}, {sums} FROM ({rows}) AS charged GROUP BY {', '.join(keys)}"
    if query.top is not None and names:
        sql = _topped(query, names, sql)
    # The currency is told anyway; grouping by it adds no second column of that name.
    outer = [f"{name} AS {quote(dim.asked)}" for name, dim in zip(names, dims, strict=True) if dim.asked != "currency"]
    listed = [*(["period"] if query.grain else []), *outer, "currency", "cost"]
    listed += ["previous", "cost - previous AS change"] if query.compares else []
    order = [*(["period"] if query.grain else []), "currency", "cost DESC NULLS LAST", *(f"{n} NULLS LAST" for n in names)]
    return _in_dialect(f"SELECT {', '.join(listed)} FROM ({sql}) AS answered ORDER BY {', '.join(order)}", dialect)


def _rows(query: CostQuery, grouped: list[str], extras: tuple[str, ...], *, rollup: bool, whole: bool) -> str:
    """The charges that count, each with its groups, currency and cost within the window(s)."""
    where = _where(query, extras)
    if query.basis == "cash":
        return _by_moment(query, grouped, where, "BillingPeriodStart", ROLLUP_TABLE if rollup else CHARGES)
    if rollup:
        return _by_moment(query, grouped, where, "ChargeDay", ROLLUP_TABLE)
    if whole:
        return _by_moment(query, grouped, where, "ChargePeriodStart", CHARGES)
    return _by_time(query, grouped, where)


def _by_moment(query: CostQuery, grouped: list[str], where: list[str], moment: str, table: str) -> str:
    now = _between(moment, query.start, query.end)
    before = _between(moment, query.previous_start, query.previous_end)
    period = [f"date_trunc('{query.grain}', {moment}) AS period"] if query.grain else []
    if query.compares:
        nothing = "CAST(0 AS DECIMAL(38, 18))"
        windows = {"cost": now, "previous": before}
        costs = [f"CASE WHEN {test} THEN {query.column} ELSE {nothing} END AS {name}" for name, test in windows.items()]
        where = [*where, f"(({now}) OR ({before}))"]
    else:
        costs = [f"{query.column} AS cost"]
        where = [*where, *([now] if now != "TRUE" else [])]
    listed = ", ".join([*period, *grouped, "BillingCurrency AS currency", *costs])
    return f"SELECT {listed} FROM {table}{_clause(where)}"


def _by_time(query: CostQuery, grouped: list[str], where: list[str]) -> str:
    """Charges by their charge period, split where they span a bound of the window or of a grain."""
    if query.start is None and query.end is None and query.grain is None:
        listed = ", ".join([*grouped, "BillingCurrency AS currency", f"{query.column} AS cost"])
        return f"SELECT {listed} FROM {CHARGES}{_clause(where)}"
    first, last = _reach(query)
    overlap = [f"ChargePeriodStart < {_stamp(last)}"] if last else []
    overlap += [f"(ChargePeriodEnd > {_stamp(first)} OR ChargePeriodStart >= {_stamp(first)})"] if first else []
    listed = ", ".join(
        [*grouped, "BillingCurrency AS currency", f"{query.column} AS cost", "ChargePeriodStart", "ChargePeriodEnd"]
    )
    rows = f"(SELECT {listed} FROM {CHARGES}{_clause([*where, *overlap])})"
    names = ", ".join([*(text.rsplit(" AS ", 1)[1] for text in grouped), "currency"])
    if query.grain is None:
        stretches = {"now": _bounds(query.start, query.end)}
        if query.compares:
            stretches["before"] = _bounds(query.previous_start, query.previous_end)
            split = with_parts(rows, names.split(", "), stretches, ["cost"])
            return f"SELECT {names}, now_cost AS cost, before_cost AS previous FROM ({split}) AS parts"
        # Most charges lie inside; only those that span a bound are split.
        inside = [f"ChargePeriodStart >= {_stamp(query.start)}"] if query.start else []
        inside += [f"ChargePeriodEnd <= {_stamp(query.end)}"] if query.end else []
        across = f"(SELECT * FROM {rows} AS near WHERE NOT ({' AND '.join(inside)}))"
        split = with_parts(across, names.split(", "), stretches, ["cost"])
        return (
            f"SELECT {names}, cost FROM {rows} AS near WHERE {' AND '.join(inside)} "
            f"UNION ALL SELECT {names}, now_cost AS cost FROM ({split}) AS parts"
        )
    return _by_grain(query, rows, names)


def _by_grain(query: CostQuery, rows: str, names: str) -> str:
    """A charge within one bucket counts there; one that spans several is spread over them."""
    step = "INTERVAL 3 MONTH" if query.grain == "quarter" else f"INTERVAL 1 {str(query.grain).upper()}"
    bucket = f"date_trunc('{query.grain}', ChargePeriodStart)"
    several = f"ChargePeriodEnd > {bucket} + {step}"
    edges = [f"ChargePeriodEnd > {_stamp(query.end)}"] if query.end else []
    edges += [f"ChargePeriodStart < {_stamp(query.start)}"] if query.start else []
    spans = " OR ".join([several, *edges])
    last = "ChargePeriodEnd - INTERVAL 1 MICROSECOND"
    every = f"unnest(generate_series({bucket}, {last}, {step}))"
    columns = f"{names}, cost, ChargePeriodStart, ChargePeriodEnd"
    spread = f"SELECT {columns}, {every} AS period FROM {rows} AS spanning WHERE {spans}"
    lower = f"greatest(period, {_stamp(query.start)})" if query.start else "period"
    upper = f"least(period + {step}, {_stamp(query.end)})" if query.end else f"period + {step}"
    clipped = f"SELECT {columns}, period, {lower} AS from_time, {upper} AS until_time FROM ({spread}) AS spread"
    inside = f"(SELECT * FROM ({clipped}) AS clipped WHERE from_time < until_time)"
    split = with_parts(
        inside, ["period", "from_time", "until_time", *names.split(", ")], {"now": ("from_time", "until_time")}, ["cost"]
    )
    whole = f"SELECT {bucket} AS period, {names}, cost FROM {rows} AS whole WHERE NOT ({spans})"
    return f"{whole} UNION ALL SELECT period, {names}, now_cost AS cost FROM ({split}) AS parts"


def _topped(query: CostQuery, names: list[str], sql: str) -> str:
    """Keep the greatest groups of each currency by their sum over all periods; the rest becomes one group that still sums."""
    listed = ", ".join([*names, "currency"])
    # Without periods a group is one row, and its cost is its total.
    total = f"sum(cost) OVER (PARTITION BY {listed})" if query.grain else "cost"
    totals = f"SELECT *, {total} AS total FROM ({sql}) AS grouped"
    ordered = f"PARTITION BY currency ORDER BY total DESC NULLS LAST, {', '.join(f'{name} NULLS LAST' for name in names)}"
    ranked = f"SELECT *, dense_rank() OVER ({ordered}) AS place FROM ({totals}) AS totals"
    kept = [f"CASE WHEN place <= {query.top} THEN {name} ELSE {literal(OTHER)} END AS {name}" for name in names]
    period = ["period"] if query.grain else []
    measures = ["cost", "previous"] if query.compares else ["cost"]
    inner = ", ".join([*period, *kept, "currency", *measures])
    keys = ", ".join([*period, *names, "currency"])
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in measures)
    return f"SELECT {keys}, {sums} FROM (SELECT {inner} FROM ({ranked}) AS ranked) AS kept GROUP BY {keys}"


def _where(query: CostQuery, extras: tuple[str, ...]) -> list[str]:
    condition = query.condition
    return [] if condition is None else [filter_sql(condition, extras)]


def _group(dim: Dimension, query: CostQuery) -> str:
    """A dimension to group by; a time or a number as text where `top` puts "(other)" in its place."""
    known = charges().columns.get(dim.column)
    typed = dim.tag is None and known is not None and known.kind in ("time", "decimal")
    return f"CAST({value_sql(dim)} AS VARCHAR)" if typed and query.top is not None else value_sql(dim)


def _between(moment: str, start: datetime | None, end: datetime | None) -> str:
    tests = [f"{moment} >= {_stamp(start)}"] if start else []
    tests += [f"{moment} < {_stamp(end)}"] if end else []
    return " AND ".join(tests) or "TRUE"


def _bounds(start: datetime | None, end: datetime | None) -> tuple[str | None, str | None]:
    return (_stamp(start) if start else None, _stamp(end) if end else None)


def _stamp(moment: datetime) -> str:
    return f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMP)"


def _clause(tests: list[str]) -> str:
    return f" WHERE {' AND '.join(tests)}" if tests else ""


def _in_dialect(sql: str, dialect: str) -> str:
    return sql if dialect == "duckdb" else _carried(sqlglot.parse_one(sql, read="duckdb")).sql(dialect)


def _carried(tree: exp.Expr) -> exp.Expr:
    """Say in words that both engines read alike what SQLGlot would carry over with another meaning.

    Spark's DATEDIFF counts elapsed seconds, DuckDB's counts seconds on the clock. Spark has no JSON pointers, which name the tag
    keys that no path can name: there the tags are read as a map.
    """

    def carry(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.DateDiff) and str(node.args.get("unit")).strip("'").lower() == "second":
            later, earlier = (exp.func("UNIX_TIMESTAMP", node.args[side].copy()) for side in ("this", "expression"))
            return exp.paren(exp.Sub(this=later, expression=earlier))
        if isinstance(node, exp.JSONExtractScalar) and node.expression.name.startswith("/"):
            key = node.expression.name[1:].replace("~1", "/").replace("~0", "~")
            tags = exp.func("FROM_JSON", node.this.copy(), exp.Literal.string("MAP<STRING, STRING>"))
            return exp.Anonymous(this="ELEMENT_AT", expressions=[tags, exp.Literal.string(key)])
        return node

    return tree.transform(carry)


def conditions_of(query: CostQuery, extras: tuple[str, ...]) -> list[str]:
    """SQL tests, in DuckDB's dialect, for the charges that a question's filter matches and that touch its window."""
    tests = _where(query, extras)
    tests += [f"ChargePeriodStart < {_stamp(query.end)}"] if query.end else []
    tests += [f"(ChargePeriodEnd > {_stamp(query.start)} OR ChargePeriodStart >= {_stamp(query.start)})"] if query.start else []
    return tests


def charge_rows(query: CostQuery, snapshot: Snapshot, limit: int | None, offset: int, dialect: str) -> str:
    """SQL for the charge rows that touch the question's window, in a stable order where they are paged."""
    page = f" ORDER BY ALL LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else ""
    return charges_sql("*", query, snapshot, dialect, page)


def charges_sql(selected: str, query: CostQuery, snapshot: Snapshot, dialect: str, rest: str = "") -> str:
    """SQL that selects something of the charges that match a question's filter and touch its window."""
    return _in_dialect(f"SELECT {selected} FROM {CHARGES}{_clause(conditions_of(query, snapshot.extras()))}{rest}", dialect)
