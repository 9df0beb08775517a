"""The exact product of two amounts, which no decimal type of the engine holds, as SQL. Pure."""

from __future__ import annotations

from finopsmetrics.integrations.native import NULL_AMOUNT

_UNIT = "CAST(1000000000000000000 AS HUGEINT)"  # ten to the 18th: the places of an amount
_ONE = "CAST(1000000000000000000 AS DECIMAL(19,0))"
_HALF = "500000000000000000"
_LAST = "CAST('0.000000000000000001' AS DECIMAL(18,18))"
_LIMIT = "99999999999999000000"  # an amount has 20 digits before the point


def product(left: str, right: str) -> str:
    """The product of two amounts, rounded half-even at the 18th place; NULL where either is absent, or it is too large.

    The parts before and after the points are multiplied as whole numbers, so that nothing is lost before the last step.
    """
    (a, b), (c, d) = _parts(left), _parts(right)
    whole = f"({a} * {c} * {_UNIT} + {a} * {d} + {b} * {c} + ({b} * {d}) // {_UNIT})"
    rest = f"(({b} * {d}) % {_UNIT})"
    up = f"CASE WHEN abs({rest}) > {_HALF} OR (abs({rest}) = {_HALF} AND {whole} % 2 <> 0) THEN sign({rest}) ELSE 0 END"
    exact = f"CAST({whole} + {up} AS DECIMAL(38,0)) * {_LAST}"
    # Most quantities have 12 places at most and most prices six: their product has 18, and the engine's own is exact.
    quantity, price = f"CAST({left} AS DECIMAL(32,12))", f"CAST({right} AS DECIMAL(26,6))"
    short = f"{left} = {quantity} AND {right} = {price}"
    return f"CASE WHEN {too_large(left, right)} THEN {NULL_AMOUNT} WHEN {short} THEN {quantity} * {price} ELSE {exact} END"


def too_large(left: str, right: str) -> str:
    """Whether the product of two amounts does not fit an amount."""
    return f"coalesce(abs(CAST({left} AS DOUBLE) * CAST({right} AS DOUBLE)) >= {_LIMIT}, false)"


def _parts(amount: str) -> tuple[str, str]:
    """The digits before the point and the 18 after it, as whole numbers with the amount's sign."""
    after = f"CAST({amount} - trunc({amount}) AS DECIMAL(19,18))"
    return f"CAST(trunc({amount}) AS HUGEINT)", f"CAST({after} * {_ONE} AS HUGEINT)"
