"""The fields of samples, as questions and conditions name them: those of charges that samples have, and their own."""

from __future__ import annotations

from sqlglot import exp

from finopsmetrics.core.conditions import Column, Condition, Path
from finopsmetrics.core.conditions.tree import And, Comparison, Field, Not, Or, Test, Text, walk
from finopsmetrics.core.errors import QueryError
from finopsmetrics.focus.columns import Dimension
from finopsmetrics.observability.fields import field_of, parsed, value_sql
from finopsmetrics.store.sample_rows import SAMPLE_COLUMNS

GROUPS = ("resource", "provider", "account", "service", "region", "source", "tags.KEY")
_OWN = {
    "measure": ("Measure", "text"),
    "unit": ("Unit", "text"),
    "value": ("Value", "number"),
    "at": ("SampledAt", "utc_time"),
    "sampledat": ("SampledAt", "utc_time"),
}
_GROUPED = {"ResourceId", "ServiceProviderName", "SubAccountId", "ServiceName", "RegionId", "x_fm_source", "Tags"}


def sample_dimension(name: str) -> Dimension:
    """Something to group samples by. Raises QueryError."""
    cure = f"Use one of {', '.join(GROUPS)}."
    path = tuple(name.strip().split(".", 1)) if name.strip().lower().startswith("tags.") else (name.strip(),)
    try:
        found = field_of(path, ())
    except QueryError as error:
        raise QueryError(f"Samples cannot be grouped by {name!r}.", cure=cure) from error
    if found.column not in _GROUPED or (found.column == "Tags" and not found.tag):
        raise QueryError(f"Samples cannot be grouped by {name!r}.", cure=cure)
    return Dimension(name.strip(), found.column, found.tag)


def sample_filter(condition: Condition) -> str:
    """A condition over samples as SQL in DuckDB's dialect, in brackets. Raises QueryError for a field that they do not have."""
    for path in condition.fields():
        if _column(path) is None:
            cure = f"Use one of {', '.join(GROUPS)}, measure, unit, value or at."
            raise QueryError(f"Samples have no {'.'.join(path)}.", cure=cure)
    return f"({condition.to_sql(_resolve).sql('duckdb')})"


def sample_scope(scope: Condition) -> str:
    """A condition on charges as one on samples, in SQL: whatever it asks of a column that samples lack is unknown.

    What is unknown does not match, so that a sample is seen only where its own columns say that it may be; `IS NULL` of a
    column that no sample has would otherwise let everything be seen.
    """
    lacking = frozenset(path for path in scope.fields() if _column(path) is None)
    closed = Condition(_unknown(scope.tree, lacking)) if lacking else scope
    return f"({closed.to_sql(_resolve).sql('duckdb')})"


def _unknown(test: Test, lacking: frozenset[Path]) -> Test:
    """The same test, with each single one that reads a lacking field made unknown."""
    match test:
        case And() | Or():
            return type(test)(tuple(_unknown(part, lacking) for part in test.operands))
        case Not():
            return Not(_unknown(test.operand, lacking))
        case _:
            read = next((node for node in walk(test) if isinstance(node, Field) and node.path in lacking), None)
            return test if read is None else Comparison("==", read, Text(""))


def _resolve(path: Path) -> Column:
    found = _column(path)
    return found or Column(exp.cast(exp.Null(), "VARCHAR"), "text")


def _column(path: Path) -> Column | None:
    """Where a field of samples lives; None for one that they do not have."""
    if len(path) == 1 and path[0].lower() in _OWN:
        column, kind = _OWN[path[0].lower()]
        return Column(parsed(f'"{column}"'), kind)  # type: ignore[arg-type]
    try:
        found = field_of(path, ())
    except QueryError:
        return None
    if found.column not in _GROUPED or (found.column not in SAMPLE_COLUMNS) or (found.column == "Tags" and not found.tag):
        return None
    return Column(parsed(value_sql(found)), "text")
