"""Dict filters, `{"service": "x", "environment": ["a", "b"]}`, as trees: all keys must match."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

from finopsmetrics.core.conditions.numbers import fits
from finopsmetrics.core.conditions.texts import check_path, check_text
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Comparison,
    Constant,
    Field,
    Flag,
    IsNull,
    Membership,
    Number,
    Or,
    Test,
    Text,
)
from finopsmetrics.core.errors import ConditionError


def read_filters(filters: Mapping[str, Any]) -> Test:
    """One equality per key; a list is IN, None is IS NULL, no keys match everything. Raises ConditionError."""
    from finopsmetrics.core.conditions.parse import parse_field

    tests: list[Test] = []
    for name, wanted in filters.items():
        quoted = not isinstance(name, str) or any(mark in name for mark in "\"'`")
        field = parse_field(str(name)) if quoted else Field(_parts(name))
        tests.append(_filter(field, name, wanted))
    return Always(True) if not tests else tests[0] if len(tests) == 1 else And(tuple(tests))


def _parts(name: str) -> tuple[str, ...]:
    parts = check_path(tuple(check_text(name).split(".")))
    if not all(parts):
        raise ConditionError(f"{name!r} is not a field name.", cure="Write it like tags.team.")
    return parts


def _filter(field: Field, name: str, wanted: Any) -> Test:
    if wanted is None:
        return IsNull(field)
    if not isinstance(wanted, (list, tuple, set, frozenset)):
        return Comparison("==", field, _constant(name, wanted))
    # A set has no order of its own; sorting gives the same text every time.
    ordered = sorted(wanted, key=repr) if isinstance(wanted, (set, frozenset)) else wanted
    held = Membership(field, tuple(_constant(name, choice) for choice in ordered if choice is not None))
    return Or((held, IsNull(field))) if None in ordered else held


def _constant(name: str, wanted: Any) -> Constant:
    match wanted:
        case str():
            return Text(check_text(str.__str__(wanted)))
        case bool():
            return Flag(wanted)
        case int() if wanted.bit_length() < 128 and fits(Decimal(wanted)):
            return Number(Decimal(wanted))
        case Decimal() if wanted.is_finite() and fits(wanted):
            return Number(wanted)
        case float() if isfinite(wanted) and fits(Decimal(repr(wanted))):
            return Number(Decimal(repr(wanted)))
        case date():
            return Text(wanted.isoformat())
    cure = "Give a text, a number of at most 20 and 18 digits, true, false, a date, None, or a list of these."
    raise ConditionError(f"the filter {name!r} cannot be {str(wanted)[:40]!r}.", cure=cure)
