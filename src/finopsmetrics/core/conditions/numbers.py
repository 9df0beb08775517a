"""What arithmetic means in a condition, the same in Python and in SQL.

- A number is a DECIMAL(38,18), as costs are: a value with more decimal places is rounded (half away from zero), a value
  of 10**20 or more is unknown.
- `+`, `-` and `*` are exact, a product is rounded to 18 decimal places (half away from zero). Arithmetic takes and gives
  numbers below 10**19 in size (DECIMAL(37,18)); beyond that the answer is unknown, never wrong.
- `/` is done in IEEE double, and so is everything that uses its result; x / 0 is unknown.
- A value kept as binary floating point (a Sample's CPU share) stays double; a decimal beside it is turned to the nearest
  double. A double that is not finite is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from math import isfinite

from finopsmetrics.core.conditions.tree import ArithmeticOperator

LARGEST_DOUBLE = "1.7976931348623157e308"
"""Anything beyond it is infinite."""

ARITHMETIC_LIMIT = Decimal(10) ** 19
_LIMIT = Decimal(10) ** 20
_UNIT = Decimal(1).scaleb(-18)
_STORED = Context(prec=38, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_BOUNDED = Context(prec=37, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_WIDE = Context(prec=80, traps=[InvalidOperation])


def stored(value: Decimal) -> Decimal | None:
    """The number as DECIMAL(38,18) holds it; None when it cannot."""
    try:
        rounded = _STORED.quantize(value, _UNIT)
    except InvalidOperation:
        return None
    return rounded if rounded.is_finite() else None


def fits(value: Decimal) -> bool:
    """True when DECIMAL(38,18) holds the number without rounding."""
    return stored(value) == value


def as_double(value: Decimal | float) -> float:
    """The nearest double."""
    return float(value)


def calculate(operator: ArithmeticOperator, left: Decimal | float, right: Decimal | float) -> Decimal | float | None:
    """One operation on two known numbers; None when the answer is unknown. Raises nothing."""
    if operator == "/":
        divisor = as_double(right)
        return as_double(left) / divisor if divisor else None
    if isinstance(left, float) or isinstance(right, float):
        return _DOUBLE[operator](as_double(left), as_double(right))
    if left.copy_abs() >= ARITHMETIC_LIMIT or right.copy_abs() >= ARITHMETIC_LIMIT:
        return None
    try:
        return _BOUNDED.quantize(_EXACT[operator](left, right), _UNIT)
    except InvalidOperation:
        return None


def negate(number: Decimal | float) -> Decimal | float:
    """Minus the number, all digits kept (the minus sign of Decimal would round to 28)."""
    return number.copy_negate() if isinstance(number, Decimal) else -number


def finished(value: Decimal | float | None) -> Decimal | float | None:
    """A result that may be compared: an infinite double or NaN is unknown."""
    return None if isinstance(value, float) and not isfinite(value) else value


_EXACT: dict[ArithmeticOperator, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _WIDE.add,
    "-": _WIDE.subtract,
    "*": _WIDE.multiply,
}
_DOUBLE: dict[ArithmeticOperator, Callable[[float, float], float]] = {
    "+": float.__add__,
    "-": float.__sub__,
    "*": float.__mul__,
}
