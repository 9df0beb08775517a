"""Condition: a test on records, written as text or as a dict filter, run in Python or turned into SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions.bounds import check_bounds
from finopsmetrics.core.conditions.filters import read_filters
from finopsmetrics.core.conditions.parse import parse_test
from finopsmetrics.core.conditions.paths import Record
from finopsmetrics.core.conditions.printing import show_test
from finopsmetrics.core.conditions.python import compile_test
from finopsmetrics.core.conditions.tree import And, Field, Not, Or, Path, Test, walk

if TYPE_CHECKING:
    from sqlglot import exp

    from finopsmetrics.core.conditions.columns import Resolve


class Condition:
    """One condition. Immutable, hashable, picklable; equal when the trees are.

    `Condition.parse('ServiceName == "Amazon EC2" AND tags.team IS NULL')`. Answers are three-valued as in SQL: a test on
    a missing value, or on values of different types, is unknown, and an unknown condition does not match.
    """

    __slots__ = ("_answer", "_tree")

    def __init__(self, tree: Test) -> None:
        check_bounds(tree)
        self._tree = tree
        self._answer = compile_test(tree)

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a condition. Raises ConditionError with line, column and the cure, and nothing else."""
        return cls(parse_test(text))

    @classmethod
    def from_dict(cls, filters: Mapping[str, Any]) -> Condition:
        """Read a dict filter: every key must match. A value means equality, a list IN, None IS NULL; keys may be dotted.

        `{}` matches everything. Raises ConditionError.
        """
        return cls(read_filters(filters))

    @property
    def tree(self) -> Test:
        """The typed tree (see `finopsmetrics.core.conditions.tree`)."""
        return self._tree

    def matches(self, record: Record) -> bool:
        """True when the condition is true for the record; false and unknown do not match."""
        return self._answer(record) is True

    def evaluate(self, record: Record) -> bool | None:
        """True, False, or None when a value that matters is missing or of another type."""
        return self._answer(record)

    def fields(self) -> frozenset[Path]:
        """The paths of all fields the condition reads."""
        return frozenset(node.path for node in walk(self._tree) if isinstance(node, Field))

    def to_sql(self, resolve: Resolve) -> exp.Expr:
        """A SQLGlot expression that is TRUE, FALSE or NULL as `evaluate` is True, False or None.

        `resolve` gives the Column of a path; what it raises passes through. WHERE keeps exactly the rows that match.
        """
        from finopsmetrics.core.conditions.sql import SqlWriter

        return SqlWriter(resolve).test(self._tree)

    def __and__(self, other: Condition) -> Condition:
        return Condition(And(_operands(self._tree, And) + _operands(other._tree, And)))

    def __or__(self, other: Condition) -> Condition:
        return Condition(Or(_operands(self._tree, Or) + _operands(other._tree, Or)))

    def __invert__(self) -> Condition:
        return Condition(self._tree.operand if isinstance(self._tree, Not) else Not(self._tree))

    def __eq__(self, other: object) -> bool:
        return self._tree == other._tree if isinstance(other, Condition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._tree)

    def __str__(self) -> str:
        """The canonical text: `Condition.parse(str(condition)) == condition`."""
        return show_test(self._tree)

    def __repr__(self) -> str:
        return f"Condition.parse({str(self)!r})"

    def __reduce__(self) -> tuple[type[Condition], tuple[Test]]:
        return Condition, (self._tree,)


def _operands(tree: Test, joined: type[And | Or]) -> tuple[Test, ...]:
    return tree.operands if isinstance(tree, (And, Or)) and isinstance(tree, joined) else (tree,)
