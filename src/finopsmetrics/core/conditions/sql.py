"""The SQL back end: turns a tree into a SQLGlot expression with the same three answers as the Python back end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from sqlglot import exp

from finopsmetrics.core.conditions.columns import ColumnType, Resolve
from finopsmetrics.core.conditions.pattern import parse_pattern, write_pattern
from finopsmetrics.core.conditions.sql_numbers import (
    STORED,
    bounded,
    constant,
    exact,
    finite,
    in_double,
    literal,
    product,
    to_double,
)
from finopsmetrics.core.conditions.times import read_time
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Arithmetic,
    CompareOperator,
    Comparison,
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
    TextOperator,
    TextTest,
    Value,
)

_COMPARISONS: dict[CompareOperator, type[exp.Binary]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_TEXT_TESTS: dict[TextOperator, type[exp.Expr]] = {
    "CONTAINS": exp.Contains,
    "STARTS WITH": exp.StartsWith,
    "ENDS WITH": exp.EndsWith,
}


@dataclass(frozen=True, slots=True)
class _Typed:
    """An expression, its type, and the text when it is a text literal (which may turn out to be a time)."""

    expression: exp.Expr
    type: ColumnType
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SqlWriter:
    """Writes trees for one set of columns."""

    resolve: Resolve

    def test(self, test: Test) -> exp.Expr:
        """The boolean expression of a test: TRUE, FALSE or NULL in every row. Raises what `resolve` raises."""
        match test:
            case Always():
                return exp.Boolean(this=test.answer)
            case Comparison():
                return _compare(test.operator, self._value(test.left), self._value(test.right))
            case Membership():
                return self._membership(test)
            case TextTest():
                left, right = self._value(test.left), self._value(test.right)
                if left.type != "text" or right.type != "text":
                    return unknown()
                return _TEXT_TESTS[test.operator](this=left.expression, expression=right.expression)
            case Matches():
                return self._matches(test)
            case IsNull():
                is_null = exp.Is(this=self.resolve(test.field.path).expression.copy(), expression=exp.Null())
                return exp.Not(this=is_null) if test.negated else is_null
            case And() | Or():
                return _joined(exp.And if isinstance(test, And) else exp.Or, [self.test(part) for part in test.operands])
            case Not():
                return exp.Not(this=exp.paren(self.test(test.operand), copy=False))
            case _:
                assert_never(test)

    def _membership(self, test: Membership) -> exp.Expr:
        item = self._value(test.item)
        if item.type == "text" and test.choices and all(isinstance(choice, Text) for choice in test.choices):
            # One IN lets the engine build a set and skip files; other types are compared one by one.
            choices = [self._value(choice).expression for choice in test.choices]
            found: exp.Expr = exp.In(this=item.expression, expressions=choices)
        else:
            equal = [_compare("==", item, self._value(choice)) for choice in test.choices]
            found = exp.paren(_joined(exp.Or, equal), copy=False) if equal else exp.false()
        return exp.Not(this=found) if test.negated else found

    def _matches(self, test: Matches) -> exp.Expr:
        value = self._value(test.operand)
        pattern = exp.Literal.string(write_pattern(parse_pattern(test.pattern)))
        return exp.RegexpLike(this=value.expression, expression=pattern) if value.type == "text" else unknown()

    def _value(self, value: Value) -> _Typed:
        match value:
            case Field():
                return self._field(value)
            case Number():
                return _Typed(literal(value.value), "number")
            case Text():
                return _Typed(exp.Literal.string(value.value), "text", value.value)
            case Flag():
                return _Typed(exp.Boolean(this=value.value), "boolean")
            case Negative() | Arithmetic():
                number = self._number(value)
                return _Typed(finite(number.expression), "double") if number.type == "double" else number
            case _:
                assert_never(value)

    def _field(self, field: Field) -> _Typed:
        column = self.resolve(field.path)
        expression = column.expression.copy()
        if column.type == "number":
            expression = exp.TryCast(this=expression, to=exp.DataType.build(STORED))
        elif column.type == "double":
            expression = finite(expression)
        return _Typed(expression, column.type)

    def _number(self, value: Value) -> _Typed:
        """A number or a double; anything else is NULL."""
        match value:
            case Negative():
                inner = self._number(value.operand)
                return _Typed(exp.paren(exp.Neg(this=inner.expression), copy=False), inner.type)
            case Arithmetic():
                return self._arithmetic(value)
            case _:
                typed = self._value(value)
                return typed if typed.type in ("number", "double") else _Typed(_null(STORED), "number")

    def _arithmetic(self, value: Arithmetic) -> _Typed:
        fixed = constant(value)
        if fixed is not None:
            return _Typed(literal(fixed), "number")
        left, right = self._number(value.left), self._number(value.right)
        if value.operator == "/" or "double" in (left.type, right.type):
            return _Typed(in_double(value.operator, _double(left), _double(right)), "double")
        one, other = bounded(left.expression), bounded(right.expression)
        if value.operator == "*":
            return _Typed(product(value.left, value.right, one, other), "number")
        return _Typed(exact(value.operator, one, other), "number")


def unknown() -> exp.Expr:
    """NULL as a boolean."""
    return _null("BOOLEAN")


def _null(type_name: str) -> exp.Expr:
    return exp.cast(exp.Null(), type_name)


def _joined(node: type[exp.Connector], parts: Sequence[exp.Expr]) -> exp.Expr:
    """A balanced tree, so that a thousand operands nest ten deep in the engine's parser."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    halves = (_joined(node, parts[:middle]), _joined(node, parts[middle:]))
    left, right = (exp.paren(half, copy=False) if isinstance(half, exp.Connector) else half for half in halves)
    return node(this=left, expression=right)


def _double(value: _Typed) -> exp.Expr:
    return value.expression if value.type == "double" else to_double(value.expression)


def _compare(sign: CompareOperator, left: _Typed, right: _Typed) -> exp.Expr:
    if {left.type, right.type} == {"number", "double"}:
        left, right = _Typed(_double(left), "double"), _Typed(_double(right), "double")
    left, right = _as_time(left, right), _as_time(right, left)
    if left.type != right.type or (left.type == "boolean" and sign not in ("==", "!=")):
        return unknown()
    return _COMPARISONS[sign](this=left.expression.copy(), expression=right.expression.copy())


def _as_time(value: _Typed, beside: _Typed) -> _Typed:
    """A text literal or a zoneless time, turned to the kind of time it stands beside."""
    if beside.type == "time" and value.type == "utc_time":
        zoned = exp.AtTimeZone(this=exp.cast(value.expression, "TIMESTAMP"), zone=exp.Literal.string("UTC"))
        return _Typed(zoned, "time")
    moment = read_time(value.text) if value.text is not None and beside.type in ("time", "utc_time") else None
    if moment is None:
        return value
    if beside.type == "time":
        return _Typed(exp.cast(exp.Literal.string(moment.isoformat(" ")), "TIMESTAMPTZ"), "time")
    return _Typed(exp.cast(exp.Literal.string(moment.replace(tzinfo=None).isoformat(" ")), "TIMESTAMP"), "utc_time")
