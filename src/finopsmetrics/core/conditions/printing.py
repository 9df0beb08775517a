"""Writes a tree as its one canonical text; parsing that text gives the same tree."""

from __future__ import annotations

from typing import assert_never

from finopsmetrics.core.conditions.texts import write_number, write_path, write_text
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Arithmetic,
    Comparison,
    Constant,
    Field,
    Flag,
    IsNull,
    Matches,
    Membership,
    Negative,
    Not,
    Number,
    Or,
    Test,
    Text,
    TextTest,
    Value,
)


def show_test(test: Test) -> str:
    """The canonical text of a test. Raises ConditionError for a field name that cannot be written."""
    match test:
        case Always():
            return _flag(test.answer)
        case Comparison() | TextTest():
            return f"{show_value(test.left)} {test.operator} {show_value(test.right)}"
        case Membership():
            choices = ", ".join(show_value(choice) for choice in test.choices)
            return f"{show_value(test.item)} {'NOT IN' if test.negated else 'IN'} [{choices}]"
        case Matches():
            return f"{show_value(test.operand)} MATCHES {write_text(test.pattern)}"
        case IsNull():
            return f"{show_value(test.field)} {'IS NOT NULL' if test.negated else 'IS NULL'}"
        case And():
            return " AND ".join(_within(operand, And, Or) for operand in test.operands)
        case Or():
            return " OR ".join(_within(operand, Or) for operand in test.operands)
        case Not():
            return f"NOT {_within(test.operand, And, Or)}"
        case _:
            assert_never(test)


def show_value(value: Value) -> str:
    """The canonical text of a value."""
    match value:
        case Field():
            return write_path(value.path)
        case Arithmetic():
            return _arithmetic(value)
        case Negative():
            inner = show_value(value.operand)
            return f"-({inner})" if isinstance(value.operand, Arithmetic) else f"-{inner}"
        case _:
            return _constant(value)


def _constant(constant: Constant) -> str:
    match constant:
        case Number():
            return write_number(constant.value)
        case Text():
            return write_text(constant.value)
        case Flag():
            return _flag(constant.value)
        case _:
            assert_never(constant)


def _within(test: Test, *looser: type[Test]) -> str:
    return f"({show_test(test)})" if isinstance(test, looser) else show_test(test)


def _arithmetic(value: Arithmetic) -> str:
    """Operators of one rank group to the left, so only a right side of the same rank needs parentheses."""
    product = value.operator in "*/"
    left, right = show_value(value.left), show_value(value.right)
    if isinstance(value.left, Arithmetic) and product and value.left.operator in "+-":
        left = f"({left})"
    if isinstance(value.right, Arithmetic) and (product or value.right.operator in "+-"):
        right = f"({right})"
    return f"{left} {value.operator} {right}"


def _flag(answer: bool) -> str:
    return "true" if answer else "false"
