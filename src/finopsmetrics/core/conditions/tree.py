"""The typed tree of a condition: values (Field, Number, …) and tests on them (Comparison, And, …).

Every node is a frozen dataclass, so trees compare and hash by what they say. The numbers of the language are those of
DECIMAL(38,18). Text, numbers and booleans are separate classes because Python holds `True == Decimal(1)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A dotted field name in parts: `tags.team` is `("tags", "team")`."""

CompareOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
ArithmeticOperator: TypeAlias = Literal["+", "-", "*", "/"]
TextOperator: TypeAlias = Literal["CONTAINS", "STARTS WITH", "ENDS WITH"]
StaticType: TypeAlias = Literal["text", "number", "boolean"]

FLIPPED: dict[CompareOperator, CompareOperator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The operator that says the same with its sides exchanged."""


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a record at a path; unknown when the record has none there."""

    path: Path


@dataclass(frozen=True, slots=True)
class Number:
    """A number within DECIMAL(38,18); `5%` is 0.05."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """A text; beside a time value it is read as an ISO 8601 date or timestamp in UTC."""

    value: str


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus a value."""

    operand: Value


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers added, subtracted, multiplied or divided."""

    operator: ArithmeticOperator
    left: Value
    right: Value


Constant: TypeAlias = Number | Text | Flag
Value: TypeAlias = Field | Number | Text | Flag | Negative | Arithmetic


@dataclass(frozen=True, slots=True)
class Always:
    """A test with the same answer for every record: `true` or `false`."""

    answer: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values compared; unknown when either is unknown or their types differ."""

    operator: CompareOperator
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Membership:
    """`IN` or, when negated, `NOT IN`: equal to any of the constants. An empty list holds nothing."""

    item: Value
    choices: tuple[Constant, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TextTest:
    """CONTAINS, STARTS WITH or ENDS WITH; case matters. CONTAINS on a list value is membership."""

    operator: TextOperator
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Matches:
    """A text in which a regular expression is found anywhere."""

    operand: Value
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`IS NULL` or, when negated, `IS NOT NULL`: whether the record has a value at all. Never unknown."""

    field: Field
    negated: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """True when all are true, false when one is false, else unknown."""

    operands: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when one is true, false when all are false, else unknown."""

    operands: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True for false, false for true; unknown stays unknown."""

    operand: Test


Test: TypeAlias = Always | Comparison | Membership | TextTest | Matches | IsNull | And | Or | Not
Node: TypeAlias = Test | Value


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below, constants in an IN list excepted."""
    match node:
        case And() | Or():
            return node.operands
        case Comparison() | TextTest() | Arithmetic():
            return node.left, node.right
        case Not() | Negative() | Matches():
            return (node.operand,)
        case Membership():
            return (node.item,)
        case IsNull():
            return (node.field,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def static_type(value: Value) -> StaticType | None:
    """The type a value surely has if it is known at all; None for a field, which may hold anything."""
    match value:
        case Field():
            return None
        case Text():
            return "text"
        case Flag():
            return "boolean"
        case _:
            return "number"


def negative(operand: Value) -> Value:
    """Minus a value, in its simplest form: minus 5 is the number -5, minus minus x is x."""
    if isinstance(operand, Number):
        return Number(operand.value.copy_negate() if operand.value else operand.value)
    return operand.operand if isinstance(operand, Negative) else Negative(operand)
