"""Builds nodes as the parser recognises them, and refuses what cannot mean anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, cast

from lark import Token, Transformer

from finopsmetrics.core.conditions.bounds import MAX_DEPTH, too_deep
from finopsmetrics.core.conditions.pattern import parse_pattern
from finopsmetrics.core.conditions.texts import read_number, read_path, read_text
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Arithmetic,
    ArithmeticOperator,
    CompareOperator,
    Comparison,
    Constant,
    Field,
    Flag,
    IsNull,
    Matches,
    Membership,
    Negative,
    Node,
    Not,
    Number,
    Or,
    Test,
    Text,
    TextOperator,
    TextTest,
    Value,
    negative,
    static_type,
)
from finopsmetrics.core.errors import ConditionError

VALUES = (Field, Number, Text, Flag, Negative, Arithmetic)
CONSTANTS = (Number, Text, Flag)


@dataclass(frozen=True, slots=True)
class Null:
    """The word `null`, which only stands behind `==` and `!=`."""


@dataclass(frozen=True, slots=True)
class Part:
    """A node, where its text begins, and how deep its nodes and its parentheses go."""

    node: Node | Null
    line: int
    column: int
    depth: int = 1
    groups: int = 0

    def fail(self, cause: str, cure: str) -> ConditionError:
        """An error at this part."""
        return ConditionError(cause, line=self.line, column=self.column, cure=cure)

    def value(self) -> Value:
        """The node as a value. Raises ConditionError for a test."""
        if isinstance(self.node, VALUES):
            return self.node
        if isinstance(self.node, Null):
            raise self.fail("null has no value to calculate or compare with.", "Write IS NULL or IS NOT NULL.")
        if isinstance(self.node, Always):
            return Flag(self.node.answer)
        raise self.fail("expected a value, found a whole test.", "Join tests with AND or OR, as in a < b AND b < c.")

    def test(self) -> Test:
        """The node as a test; a field alone asks whether it is true. Raises ConditionError for other values."""
        if isinstance(self.node, Flag):
            return Always(self.node.value)
        if isinstance(self.node, Field):
            return Comparison("==", self.node, Flag(True))
        if isinstance(self.node, (Number, Text, Negative, Arithmetic, Null)):
            raise self.fail("expected a test, found only a value.", 'Compare it, as in ServiceName == "Amazon EC2".')
        return self.node


Item: TypeAlias = Part | Token


class Builder(Transformer[Token, Part]):
    """One method per rule of the grammar; every method takes the parts of its rule and gives one part."""

    def number(self, items: list[Token]) -> Part:
        """A number literal."""
        return _positioned(items[0], lambda text: Number(read_number(text)))

    def text(self, items: list[Token]) -> Part:
        """A text literal."""
        return _positioned(items[0], lambda text: Text(read_text(text)))

    def field(self, items: list[Token]) -> Part:
        """A field name."""
        return _positioned(items[0], lambda text: Field(read_path(text)))

    def true(self, items: list[Token]) -> Part:
        """The word true."""
        return _at(items[0], Flag(True))

    def false(self, items: list[Token]) -> Part:
        """The word false."""
        return _at(items[0], Flag(False))

    def null(self, items: list[Token]) -> Part:
        """The word null."""
        return _at(items[0], Null())

    def group(self, items: list[Item]) -> Part:
        """Parentheses, around a value or a test."""
        inner = cast(Part, items[1])
        opening = cast(Token, items[0])
        return _at(opening, inner.node, depth=inner.depth, groups=inner.groups + 1)

    def minus(self, items: list[Item]) -> Part:
        """A minus sign before a value."""
        operand = cast(Part, items[1])
        _check_number(operand)
        return _over(items[0], negative(operand.value()), operand)

    def arithmetic(self, items: list[Item]) -> Part:
        """Two numbers and an operator."""
        left, operator, right = cast(tuple[Part, Token, Part], tuple(items))
        _check_number(left)
        _check_number(right)
        node = Arithmetic(cast(ArithmeticOperator, str(operator)), left.value(), right.value())
        return _over(left, node, left, right)

    def compare(self, items: list[Item]) -> Part:
        """A comparison; `== null` is read as IS NULL, which is what people mean by it."""
        left, operator, right = cast(tuple[Part, Token, Part], tuple(items))
        sign = cast(CompareOperator, "==" if operator == "=" else str(operator))
        if isinstance(right.node, Null) and sign in ("==", "!="):
            return _null_test(left, negated=sign == "!=")
        node = Comparison(sign, left.value(), right.value())
        _check_types(right, node.left, node.right)
        if sign not in ("==", "!=") and "boolean" in (static_type(node.left), static_type(node.right)):
            raise left.fail(f"true and false have no order, so {sign} has no meaning.", "Write == or !=.")
        return _over(left, node, left, right)

    def choices(self, items: list[Item | None]) -> list[Item]:
        """What stands between the brackets of IN, behind the opening one."""
        return [item for item in items if item is not None]

    def within(self, items: list[object]) -> Part:
        """IN a list of constants."""
        item, (_, *parts) = cast(tuple[Part, list[Part]], tuple(items))
        value = item.value()
        constants: list[Constant] = []
        for part in parts:
            constant = part.value() if not isinstance(part.node, Null) else None
            if not isinstance(constant, CONSTANTS):
                cure = "Write x == a OR x == b." if constant else "Write x IN [...] OR x IS NULL."
                raise part.fail("a list holds only texts, numbers, true and false.", cure)
            _check_types(part, value, constant)
            constants.append(constant)
        return _over(item, Membership(value, tuple(constants)), item)

    def not_within(self, items: list[object]) -> Part:
        """NOT IN a list of constants."""
        part = self.within([items[0], items[2]])
        node = cast(Membership, part.node)
        return _over(part, Membership(node.item, node.choices, negated=True), cast(Part, items[0]))

    def text_test(self, items: list[Item]) -> Part:
        """CONTAINS, STARTS WITH and ENDS WITH."""
        left, written, right = cast(tuple[Part, Token, Part], tuple(items))
        operator = "".join(written.upper().split()).replace("SWITH", "S WITH")
        node = TextTest(cast(TextOperator, operator), left.value(), right.value())
        if static_type(node.left) in ("number", "boolean"):
            raise left.fail(f"{operator} needs a text on its left side.", _DASH)
        return _over(left, node, left, right)

    def matches(self, items: list[Item]) -> Part:
        """MATCHES a regular expression, which is checked here."""
        operand, quoted = cast(tuple[Part, Token], tuple(items))
        if static_type(operand.value()) in ("number", "boolean"):
            raise operand.fail("MATCHES needs a text on its left side.", _DASH)
        pattern = _positioned(quoted, lambda text: _checked_pattern(read_text(text)))
        return _over(operand, Matches(operand.value(), cast(Text, pattern.node).value), operand)

    def not_text_test(self, items: list[Item]) -> Part:
        """`x NOT CONTAINS y` is `NOT x CONTAINS y`."""
        return _inverted(self.text_test([items[0], *items[2:]]))

    def not_matches(self, items: list[Item]) -> Part:
        """`x NOT MATCHES y` is `NOT x MATCHES y`."""
        return _inverted(self.matches([items[0], *items[2:]]))

    def is_null(self, items: list[Item]) -> Part:
        """IS NULL."""
        return _null_test(cast(Part, items[0]), negated=False)

    def is_not_null(self, items: list[Item]) -> Part:
        """IS NOT NULL."""
        return _null_test(cast(Part, items[0]), negated=True)

    def invert(self, items: list[Item]) -> Part:
        """NOT a test."""
        operand = cast(Part, items[1])
        return _over(items[0], Not(operand.test()), operand)

    def all_of(self, items: list[Part]) -> Part:
        """Tests joined by AND."""
        return _over(items[0], And(tuple(item.test() for item in items)), *items)

    def any_of(self, items: list[Part]) -> Part:
        """Tests joined by OR."""
        return _over(items[0], Or(tuple(item.test() for item in items)), *items)


_DASH = 'If the field name holds a dash or a slash, quote that part: tags."cost-center".'


def _at(token: Token, node: Node | Null, *, depth: int = 1, groups: int = 0) -> Part:
    line, column = token.line or 1, token.column or 1
    if max(depth, groups) > MAX_DEPTH:
        raise too_deep(line, column)
    return Part(node, line, column, depth, groups)


def _positioned(token: Token, read: Callable[[str], Node]) -> Part:
    """The node that `read` makes of the token; its errors get the token's position."""
    try:
        node = read(str(token))
    except ConditionError as error:
        cause = error.cause.partition(": ")[2]
        raise ConditionError(cause, line=token.line or 1, column=token.column or 1, cure=error.cure) from None
    return _at(token, node)


def _over(start: Item, node: Node, *below: Part) -> Part:
    """A part that begins where `start` does and lies one level above the parts below."""
    depth = 1 + max(part.depth for part in below)
    groups = max(part.groups for part in below)
    line, column = start.line or 1, start.column or 1
    if depth > MAX_DEPTH:
        raise too_deep(line, column)
    return Part(node, line, column, depth, groups)


def _inverted(part: Part) -> Part:
    return _over(part, Not(part.test()), part)


def _null_test(part: Part, *, negated: bool) -> Part:
    if not isinstance(part.node, Field):
        raise part.fail("only a field can be null.", "Write a field name before it, as in tags.team IS NULL.")
    return _over(part, IsNull(part.node, negated), part)


def _checked_pattern(pattern: str) -> Text:
    parse_pattern(pattern)
    return Text(pattern)


def _check_number(part: Part) -> None:
    if isinstance(part.node, (Text, Flag)):
        raise part.fail("expected a number to calculate with.", "Calculate with numbers and fields only.")


def _check_types(right: Part, first: Value, second: Value) -> None:
    """Refuse what can never match; fields may hold anything."""
    types: Iterable[str | None] = (static_type(first), static_type(second))
    if None not in types and len(set(types)) > 1:
        one, other = types
        cure = _DASH if isinstance(first, Arithmetic) or isinstance(second, Arithmetic) else "Compare like with like."
        raise right.fail(f"a {one} is compared with a {other}, which can never match.", cure)
