"""Compiles values and comparisons to closures; the common shape, a field beside a constant, gets a short path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any, TypeAlias, assert_never

from finopsmetrics.core.conditions.numbers import as_double, calculate, finished, negate
from finopsmetrics.core.conditions.paths import Getter, Record, getter
from finopsmetrics.core.conditions.times import read_time
from finopsmetrics.core.conditions.tree import (
    FLIPPED,
    Arithmetic,
    CompareOperator,
    Comparison,
    Constant,
    Field,
    Flag,
    Membership,
    Negative,
    Number,
    Text,
    Value,
)
from finopsmetrics.core.conditions.values import OPERATORS, Known, any_of, compare, read_value

Answer: TypeAlias = Callable[[Record], bool | None]
Operand: TypeAlias = Callable[[Record], Known | None]

MAX_INTEGER = 10**20
"""Integers below it are numbers of the language as they are."""


def operand(value: Value) -> Operand:
    """The function that gives a value of a record, ready to be compared."""
    if isinstance(value, (Arithmetic, Negative)):
        number = _number(value)
        return lambda record: finished(number(record))
    return _plain(value)


def equals(sought: Value) -> Callable[[Any, Known | None], bool | None]:
    """The function that compares a raw value with the value of `sought`; a text constant may be a time."""
    moment = read_time(sought.value) if isinstance(sought, Text) else None
    is_text = isinstance(sought, Text)

    def answer(raw: Any, value: Known | None) -> bool | None:
        known = read_value(raw)
        return compare("==", known, moment if is_text and type(known) is datetime else value)

    return answer


def compile_comparison(test: Comparison) -> Answer:
    """The closure of a comparison."""
    left, right = test.left, test.right
    if isinstance(left, Field) and isinstance(right, (Number, Text, Flag)):
        return _with_constant(test.operator, left, right)
    if isinstance(right, Field) and isinstance(left, (Number, Text, Flag)):
        return _with_constant(FLIPPED[test.operator], right, left)
    return _general(test.operator, left, right)


def compile_membership(test: Membership) -> Answer:
    """The closure of IN and NOT IN: OR of equalities, with a set look-up when all choices are texts."""
    equalities = [_general("==", test.item, choice) for choice in test.choices]
    negated = test.negated

    def general(record: Record) -> bool | None:
        found = any_of([equal(record) for equal in equalities])
        return None if found is None else found is not negated

    if not (isinstance(test.item, Field) and test.choices and all(isinstance(c, Text) for c in test.choices)):
        return general
    get, texts = getter(test.item.path), frozenset(choice.value for choice in test.choices)

    def answer(record: Record) -> bool | None:
        value = get(record)
        if value.__class__ is str:
            return (value in texts) is not negated
        return None if value is None else general(record)

    return answer


def _with_constant(sign: CompareOperator, field: Field, constant: Constant) -> Answer:
    get, operate, held = getter(field.path), OPERATORS[sign], constant.value
    slow = _beside(sign, constant)
    if isinstance(constant, Number):
        return _with_number(get, operate, constant.value, slow)
    if isinstance(constant, Flag):
        return lambda record: slow(get(record))

    def answer(record: Record) -> bool | None:
        value = get(record)
        if value.__class__ is str:
            return operate(value, held)
        return None if value is None else slow(value)

    return answer


def _with_number(get: Getter, operate: Callable[[Any, Any], bool], held: Decimal, slow: Callable[[Any], bool | None]) -> Answer:
    double = as_double(held)

    def answer(record: Record) -> bool | None:
        value = get(record)
        kind = value.__class__
        if kind is float:
            return operate(value, double) if isfinite(value) else None
        if kind is int and -MAX_INTEGER < value < MAX_INTEGER:
            return operate(value, held)
        return None if value is None else slow(value)

    return answer


def _beside(sign: CompareOperator, constant: Constant) -> Callable[[Any], bool | None]:
    held = constant.value
    moment = read_time(held) if isinstance(held, str) else None

    def answer(raw: Any) -> bool | None:
        value = read_value(raw)
        if value.__class__ is datetime:
            return compare(sign, value, moment)
        return compare(sign, value, held)

    return answer


def _general(sign: CompareOperator, left: Value, right: Value) -> Answer:
    one, other = operand(left), operand(right)
    left_time, right_time = (read_time(side.value) if isinstance(side, Text) else None for side in (left, right))
    left_text, right_text = isinstance(left, Text), isinstance(right, Text)

    def answer(record: Record) -> bool | None:
        first, second = one(record), other(record)
        if left_text and type(second) is datetime:
            first = left_time
        elif right_text and type(first) is datetime:
            second = right_time
        return compare(sign, first, second)

    return answer


def _plain(value: Field | Constant) -> Operand:
    if isinstance(value, Field):
        get = getter(value.path)
        return lambda record: read_value(get(record))
    held = value.value
    return lambda _: held


def _number(value: Value) -> Callable[[Record], Decimal | float | None]:
    """The number of a value; anything else is unknown."""
    match value:
        case Negative():
            inner = _number(value.operand)
            return lambda record: None if (number := inner(record)) is None else negate(number)
        case Arithmetic():
            return _arithmetic(value)
        case Field() | Number() | Text() | Flag():
            return _only_number(_plain(value))
        case _:
            assert_never(value)


def _only_number(plain: Operand) -> Callable[[Record], Decimal | float | None]:
    def number(record: Record) -> Decimal | float | None:
        value = plain(record)
        return value if isinstance(value, (Decimal, float)) else None

    return number


def _arithmetic(value: Arithmetic) -> Callable[[Record], Decimal | float | None]:
    left, right, sign = _number(value.left), _number(value.right), value.operator

    def number(record: Record) -> Decimal | float | None:
        first = left(record)
        second = right(record)
        return None if first is None or second is None else calculate(sign, first, second)

    return number
