"""Sums and differences of amounts at full length.

Python's decimals round to 28 digits in silence unless told otherwise; a stored amount has up to 38. Where amounts are added
outside `Money`, they are added here.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

_WIDE = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero of nothing."""
    found = Decimal(0)
    for amount in amounts:
        found = _WIDE.add(found, amount)
    return found


def plus(one: Decimal, other: Decimal) -> Decimal:
    """`one` and `other` together, exactly."""
    return _WIDE.add(one, other)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """`one` less `other`, exactly."""
    return _WIDE.subtract(one, other)


def times(one: Decimal, other: Decimal) -> Decimal:
    """`one` multiplied by `other`, exactly."""
    return _WIDE.multiply(one, other)
