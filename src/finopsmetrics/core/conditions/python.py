"""The Python back end: compiles a tree to closures that answer True, False or None (unknown) for a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

from finopsmetrics.core.conditions.automaton import automaton
from finopsmetrics.core.conditions.comparing import compile_comparison, compile_membership, equals, operand
from finopsmetrics.core.conditions.paths import Record, getter
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Comparison,
    Field,
    IsNull,
    Matches,
    Membership,
    Not,
    Or,
    Test,
    TextTest,
)
from finopsmetrics.core.conditions.values import any_of

Answer: TypeAlias = Callable[[Record], bool | None]

_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": str.__contains__,
    "STARTS WITH": str.startswith,
    "ENDS WITH": str.endswith,
}


def compile_test(test: Test) -> Answer:
    """The function that evaluates a test. It raises nothing, whatever the record holds."""
    match test:
        case Always():
            return lambda _: test.answer
        case Comparison():
            return compile_comparison(test)
        case Membership():
            return compile_membership(test)
        case TextTest():
            return _text_test(test)
        case Matches():
            return _matches(test)
        case IsNull():
            get, negated = getter(test.field.path), test.negated
            return lambda record: (get(record) is None) is not negated
        case And():
            return _all([compile_test(part) for part in test.operands])
        case Or():
            return _any([compile_test(part) for part in test.operands])
        case Not():
            return _inverted(compile_test(test.operand))
        case _:
            assert_never(test)


def _all(parts: list[Answer]) -> Answer:
    def answer(record: Record) -> bool | None:
        result: bool | None = True
        for part in parts:
            one = part(record)
            if one is False:
                return False
            if one is None:
                result = None
        return result

    return answer


def _any(parts: list[Answer]) -> Answer:
    def answer(record: Record) -> bool | None:
        result: bool | None = False
        for part in parts:
            one = part(record)
            if one:
                return True
            if one is None:
                result = None
        return result

    return answer


def _inverted(part: Answer) -> Answer:
    def answer(record: Record) -> bool | None:
        one = part(record)
        return None if one is None else not one

    return answer


def _text_test(test: TextTest) -> Answer:
    left, right, check = operand(test.left), operand(test.right), _TEXT_TESTS[test.operator]
    held = getter(test.left.path) if test.operator == "CONTAINS" and isinstance(test.left, Field) else None
    is_equal = equals(test.right)

    def answer(record: Record) -> bool | None:
        values: Any = None if held is None else held(record)
        if isinstance(values, (list, tuple, set, frozenset)):
            sought = right(record)
            return any_of([is_equal(value, sought) for value in values])
        one, other = left(record), right(record)
        return check(one, other) if type(one) is str and type(other) is str else None

    return answer


def _matches(test: Matches) -> Answer:
    value, search = operand(test.operand), automaton(test.pattern).search

    def answer(record: Record) -> bool | None:
        text = value(record)
        return search(text) if type(text) is str else None

    return answer
