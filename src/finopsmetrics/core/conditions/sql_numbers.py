"""Arithmetic of conditions in SQL; the rules, and their Python twin, are in numbers.py."""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal

from sqlglot import exp

from finopsmetrics.core.conditions.numbers import LARGEST_DOUBLE, calculate
from finopsmetrics.core.conditions.texts import write_number
from finopsmetrics.core.conditions.tree import Arithmetic, ArithmeticOperator, Number, Value

STORED = "DECIMAL(38, 18)"
BOUNDED = "DECIMAL(37, 18)"
WHOLE = "DECIMAL(19, 0)"
FRACTION = "DECIMAL(18, 18)"

_WIDE = Context(prec=60, rounding=ROUND_DOWN)


def bounded(expression: exp.Expr) -> exp.Expr:
    """A number that arithmetic takes, below 10**19; NULL otherwise."""
    return exp.TryCast(this=expression, to=exp.DataType.build(BOUNDED))


def literal(value: Decimal, to: str = STORED) -> exp.Expr:
    """A number literal of an exact type."""
    return exp.cast(exp.Literal.string(write_number(value)), to)


def to_double(expression: exp.Expr) -> exp.Expr:
    """The nearest double of a decimal; engines round this cast correctly, and the tests compare it with Python's."""
    return exp.cast(expression, "DOUBLE")


def finite(expression: exp.Expr) -> exp.Expr:
    """The double, or NULL when it is infinite or NaN."""
    limit = exp.cast(exp.Literal.string(LARGEST_DOUBLE), "DOUBLE")
    is_finite = exp.LTE(this=exp.Abs(this=expression), expression=limit)
    return exp.Case(ifs=[exp.If(this=is_finite, true=expression.copy())])


def exact(operator: ArithmeticOperator, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Add or subtract two bounded numbers: exact, NULL from 10**19 on."""
    node = exp.Add if operator == "+" else exp.Sub
    return bounded(node(this=left, expression=right))


def product(left: Value, right: Value, first: exp.Expr, second: exp.Expr) -> exp.Expr:
    """Multiply two bounded numbers: exact, rounded to 18 places, NULL from 10**19 on.

    A product of two 37-digit decimals fits no engine's decimal, so each factor is split into its whole part (19 digits) and
    its fraction (18 digits): the four partial products fit, and all have the sign of the whole.
    """
    parts = [
        _partial(one, other, is_fraction)
        for one in _split(left, first)
        for other in _split(right, second)
        if (is_fraction := (one[1], other[1])) and one[0] is not None and other[0] is not None
    ]
    if not parts:
        # A factor is the constant zero: the product is zero, but unknown where a factor is.
        return exact("+", exact("-", first, first.copy()), exact("-", second, second.copy()))
    total = parts[0]
    for part in parts[1:]:
        total = exact("+", total, part)
    quick = _quick_product(constant(left), second) or _quick_product(constant(right), first)
    return bounded(exp.Coalesce(this=quick, expressions=[total]) if quick else total)


def _quick_product(fixed: Decimal | None, varying: exp.Expr) -> exp.Expr | None:
    """The product with a constant of up to 9 digits, NULL where the other factor is 10**10 or more: no parts needed."""
    if fixed is None:
        return None
    digits, _, decimals = write_number(fixed).lstrip("-").partition(".")
    if len(digits) + len(decimals) > 9:
        return None
    factor = literal(fixed, f"DECIMAL(9, {len(decimals)})")
    multiplied = exp.Mul(this=exp.TryCast(this=varying.copy(), to=exp.DataType.build("DECIMAL(28, 18)")), expression=factor)
    return exp.cast(multiplied, BOUNDED) if decimals else multiplied


def constant(value: Value) -> Decimal | None:
    """The number a value always is, None when it depends on a row or is out of range."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, Arithmetic) and value.operator != "/":
        left, right = constant(value.left), constant(value.right)
        result = None if left is None or right is None else calculate(value.operator, left, right)
        return result if isinstance(result, Decimal) else None
    return None


def in_double(operator: ArithmeticOperator, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """One operation on doubles; x / 0 is NULL."""
    if operator == "/":
        zero = exp.cast(exp.Literal.string("0"), "DOUBLE")
        return exp.paren(exp.Div(this=left, expression=exp.Nullif(this=right, expression=zero), typed=True), copy=False)
    node = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}[operator]
    return exp.paren(node(this=left, expression=right), copy=False)


def _split(value: Value, expression: exp.Expr) -> list[tuple[exp.Expr | None, bool]]:
    """The whole part and the fraction of a number, each with whether it is the fraction; None for a part that is zero."""
    fixed = constant(value)
    if fixed is not None and abs(fixed) < Decimal(10) ** 19:
        whole = _WIDE.quantize(fixed, Decimal(1))
        rest = _WIDE.subtract(fixed, whole)
        return [
            (literal(whole, WHOLE) if whole else None, False),
            (literal(rest, FRACTION) if rest else None, True),
        ]
    rest_of = exp.Mod(this=expression, expression=exp.Literal.number(1))
    whole_of = exp.Sub(this=expression.copy(), expression=exp.paren(rest_of.copy(), copy=False))
    return [(exp.cast(whole_of, WHOLE), False), (exp.cast(rest_of, FRACTION), True)]


def _partial(one: tuple[exp.Expr | None, bool], other: tuple[exp.Expr | None, bool], fractions: tuple[bool, bool]) -> exp.Expr:
    left, right = one[0], other[0]
    assert left is not None
    assert right is not None
    multiplied = exp.Mul(this=left.copy(), expression=right.copy())
    if not any(fractions):
        return exp.TryCast(this=multiplied, to=exp.DataType.build(WHOLE))
    return exp.cast(multiplied, BOUNDED) if all(fractions) else multiplied
