"""How a caller tells the SQL back end where a field lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from finopsmetrics.core.conditions.tree import Path

if TYPE_CHECKING:
    from sqlglot import exp

ColumnType: TypeAlias = Literal["text", "number", "double", "boolean", "time", "utc_time"]
"""text · number (DECIMAL with at most 18 decimal places, or integer) · double (binary floating point) · boolean ·
time (TIMESTAMP WITH TIME ZONE) · utc_time (DATE, or TIMESTAMP without a zone that holds UTC)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field in SQL: the expression that gives it and the type it has in every row."""

    expression: exp.Expr
    type: ColumnType


Resolve: TypeAlias = Callable[[Path], Column]
"""From a field's path to its column. It raises what the caller wants to see for a field that does not exist."""
