"""The fields that questions and conditions name, as SQL over the charges (DuckDB's dialect)."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from finopsmetrics.core.conditions import Column, Condition, Path
from finopsmetrics.core.errors import QueryError
from finopsmetrics.focus.columns import Dimension, charges, dimension
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.rollup import tag_path


def fields_of(condition: Condition, extras: tuple[str, ...]) -> list[Dimension]:
    """The dimensions that a condition reads. Raises QueryError for a field that charges do not have."""
    return [field_of(path, extras) for path in condition.fields()]


def field_of(path: Path, extras: tuple[str, ...]) -> Dimension:
    """The dimension that a path names. Raises QueryError for a field that charges do not have."""
    head = path[0].lower()
    if head == "tags" and len(path) > 1:
        return Dimension(".".join(path), "Tags", ".".join(path[1:]))
    if head in {"resource", "charge"} and len(path) == 2:
        return dimension(path[1], extras)
    if len(path) > 1:
        raise QueryError(f"There is no field {'.'.join(path)!r} of a charge.", cure="Use a FOCUS column or tags.KEY.")
    return dimension(path[0], extras)


def filter_sql(condition: Condition, extras: tuple[str, ...]) -> str:
    """A condition over charges as a predicate in DuckDB's dialect, in brackets. Raises QueryError or ConditionError."""

    def resolve(path: Path) -> Column:
        found = field_of(path, extras)
        kind = "text"
        known = charges().columns.get(found.column)
        if found.tag is None and known is not None:
            kind = {"decimal": "number", "time": "utc_time"}.get(known.kind, "text")
        return Column(parsed(value_sql(found)), kind)  # type: ignore[arg-type]

    return f"({condition.to_sql(resolve).sql('duckdb')})"


@lru_cache(maxsize=512)
def _parse(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")


def parsed(text: str) -> exp.Expr:
    """SQL in DuckDB's dialect as an expression of the caller's own."""
    return _parse(text).copy()


def value_sql(dim: Dimension) -> str:
    """The value of a dimension: a column, or one tag as text."""
    if dim.tag is not None:
        return f"json_extract_string(Tags, {literal(tag_path(dim.tag))})"
    return quote(dim.column)
