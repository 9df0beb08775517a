"""How large a condition may be, so that no text can exhaust the stack, the engine or the reader."""

from __future__ import annotations

from finopsmetrics.core.conditions.tree import Arithmetic, Node, Number, children
from finopsmetrics.core.errors import ConditionError

MAX_TEXT = 10_000
"""Characters in a written condition."""

MAX_DEPTH = 100
"""Levels of nodes, and levels of parentheses."""

MAX_PRODUCTS = 3
"""Multiplications one inside another; an exact product is written out in parts in SQL, so each level multiplies its size."""


def check_bounds(root: Node) -> None:
    """Raise ConditionError when a tree is too deep or multiplies too often."""
    waiting: list[tuple[Node, int, int]] = [(root, 1, 0)]
    while waiting:
        node, depth, products = waiting.pop()
        if depth > MAX_DEPTH:
            raise too_deep()
        if isinstance(node, Arithmetic) and node.operator == "*":
            # Two constants make a constant: nothing is written out for them.
            products += not (isinstance(node.left, Number) and isinstance(node.right, Number))
        if products > MAX_PRODUCTS:
            cure = "Compute the constant part yourself, or split the condition."
            raise ConditionError(f"more than {MAX_PRODUCTS} multiplications one inside another.", cure=cure)
        waiting.extend((child, depth + 1, products) for child in children(node))


def too_deep(line: int = 1, column: int = 1) -> ConditionError:
    """The error for nesting beyond MAX_DEPTH."""
    cure = "Split it into several conditions."
    return ConditionError(f"nested more than {MAX_DEPTH} levels deep.", line=line, column=column, cure=cure)
