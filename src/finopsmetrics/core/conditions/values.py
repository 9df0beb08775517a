"""What a value of a record is to a condition, and how two of them compare.

A value is a text (str), a boolean, an exact number (Decimal), a double (float) or a time (aware UTC datetime).
Comparing different types is unknown, except a decimal with a double. Text compares by code point, case matters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, TypeAlias

from finopsmetrics.core.conditions.numbers import as_double, stored
from finopsmetrics.core.conditions.tree import CompareOperator

Known: TypeAlias = str | bool | Decimal | float | datetime

OPERATORS: dict[CompareOperator, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def read_value(raw: Any) -> Known | None:
    """A raw value as a condition knows it; None when it is unknown: null, NaN, out of range, or of another type.

    A datetime without a zone is UTC, a date is its midnight.
    """
    read = _READERS.get(raw.__class__)
    if read is not None:
        return read(raw)
    # A subclass, such as a StrEnum; bool and datetime come before the classes they derive from.
    for kind, read in _READERS.items():
        if isinstance(raw, kind):
            return read(raw)
    return None


def _read_integer(raw: int) -> Decimal | None:
    # Longer integers are out of range anyway and would be slow to convert.
    return stored(Decimal(raw)) if raw.bit_length() < 128 else None


def _read_double(raw: float) -> float | None:
    return float(raw) if isfinite(raw) else None


def _read_date(raw: date) -> datetime | None:
    if not isinstance(raw, datetime):
        return datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
    try:
        return raw.replace(tzinfo=UTC) if raw.utcoffset() is None else raw.astimezone(UTC)
    except OverflowError:
        return None


_READERS: dict[type, Callable[[Any], Known | None]] = {
    str: str.__str__,
    bool: bool,
    Decimal: stored,
    int: _read_integer,
    float: _read_double,
    datetime: _read_date,
    date: _read_date,
}


def compare(sign: CompareOperator, left: Known | None, right: Known | None) -> bool | None:
    """Compare two values; None when either is unknown, when types differ, or when booleans are put in order."""
    if left is None or right is None:
        return None
    one, other = type(left), type(right)
    if one is not other:
        if {one, other} != {float, Decimal}:
            return None
        left, right = as_double(left), as_double(right)  # type: ignore[arg-type]
    elif one is bool and sign not in ("==", "!="):
        return None
    return OPERATORS[sign](left, right)


def any_of(answers: list[bool | None]) -> bool | None:
    """OR of three-valued answers."""
    return True if True in answers else None if None in answers else False
