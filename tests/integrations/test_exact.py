"""Products of amounts: exact, rounded half-even at the 18th place, and absent where they do not fit."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.integrations.exact import product, too_large

WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
PLACES = Decimal("1e-18")
AMOUNTS = st.decimals(-(10**9), 10**9, places=18) | st.decimals(-100, 100, places=6) | st.decimals(-(10**4), 10**4, places=9)


def multiplied(pairs: list[tuple[Decimal, Decimal]]) -> list[Decimal | None]:
    table = duckdb.connect()
    table.execute("CREATE TABLE r (n BIGINT, a DECIMAL(38,18), b DECIMAL(38,18))")
    table.executemany("INSERT INTO r VALUES (?, ?, ?)", [(n, *pair) for n, pair in enumerate(pairs)])
    return [row[0] for row in table.execute(f"SELECT {product('r.a', 'r.b')} FROM r ORDER BY n").fetchall()]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=20))
def test_a_product_is_exact(pairs: list[tuple[Decimal, Decimal]]) -> None:
    exact = [WIDE.quantize(WIDE.multiply(a, b), PLACES) for a, b in pairs]
    assert multiplied(pairs) == exact


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("0.000000000000000001", "0.5", "0"),
        ("0.000000000000000003", "0.5", "0.000000000000000002"),
        ("-0.000000000000000003", "0.5", "-0.000000000000000002"),
        ("0.999999999999999999", "0.999999999999999999", "0.999999999999999998"),
        ("12345678901234567890.5", "2", "24691357802469135781"),
        ("0", "5", "0"),
    ],
)
def test_the_last_place_is_rounded_half_even(left: str, right: str, told: str) -> None:
    assert multiplied([(Decimal(left), Decimal(right))]) == [Decimal(told)]


def test_what_does_not_fit_is_absent_and_told() -> None:
    big = Decimal("90000000000000000000")
    assert multiplied([(big, big), (big, Decimal(1))]) == [None, big]
    [(first, second)] = duckdb.execute(
        f"SELECT {too_large('a', 'a')}, {too_large('a', 'NULL')} FROM (SELECT CAST(90000000000000000000 AS DECIMAL(38,18)) AS a)"
    ).fetchall()
    assert (first, second) == (True, False)
