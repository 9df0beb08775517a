"""Amounts are read exactly, and rounded half-even where they have more than 18 digits after the point."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.focus import sqltext

WIDE = Context(prec=120)
FINE = Decimal("1e-18")


def read(texts: Sequence[str]) -> list[tuple[Decimal | None, bool]]:
    """Each text as an amount (None when it is none), and whether it is told to be rounded."""
    query = f"SELECT {sqltext.decimal('t')}, {sqltext.decimal_is_rounded('t')} FROM (SELECT unnest(?) AS t)"
    with duckdb.connect() as connection:
        return connection.execute(query, [list(texts)]).fetchall()


def expected(text: str) -> Decimal:
    return Decimal(text).quantize(FINE, ROUND_HALF_EVEN, context=WIDE)


signs = st.sampled_from(["", "-", "+"])
wholes = st.integers(0, 10**12).map(str)
digits = st.text("0123456789", min_size=0, max_size=30)
any_digits = st.builds(lambda sign, whole, rest: f"{sign}{whole}{'.' + rest if rest else ''}", signs, wholes, digits)
# Half-way cases are one in 10^12 of random digits; these are nothing else, or next to nothing else.
near_ties = st.builds(
    lambda sign, whole, rest, tail: f"{sign}{whole}.{rest}5{tail}",
    signs,
    wholes,
    st.text("0123456789", min_size=18, max_size=18),
    st.sampled_from(["", "0", "000", "00000000001", "1"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(any_digits, near_ties), min_size=1, max_size=60))
def test_decimal_text_is_rounded_half_even_at_the_18th_digit(texts: list[str]) -> None:
    for text, (value, rounded) in zip(texts, read(texts), strict=True):
        assert value == expected(text), text
        assert rounded == (value != Decimal(text)), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.0000000000000000005", "0"),
        ("0.0000000000000000015", "2e-18"),
        ("0.0000000000000000025", "2e-18"),
        ("-0.0000000000000000025", "-2e-18"),
        ("-0.0000000000000000035", "-4e-18"),
        ("0.00000000000000000250000000000001", "3e-18"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e-3", "0.001"),
        ("1.25E+3", "1250"),
        ("-4.2e-7", "-4.2e-7"),
        ("1E-18", "1e-18"),
        ("1.5e-18", "2e-18"),
        ("2.5E-18", "2e-18"),
        ("25e-19", "2e-18"),
        ("5e-19", "0"),
        ("12345678901.5e0", "12345678901.5"),
    ],
)
def test_edges(text: str, value: str) -> None:
    assert read([text])[0][0] == Decimal(value)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(signs, st.integers(0, 10**9), st.integers(-27, 9)), min_size=1, max_size=40))
def test_exponents_are_read_exactly(parts: list[tuple[str, int, int]]) -> None:
    texts = [f"{sign}{number}e{power}" for sign, number, power in parts]
    for text, (value, _) in zip(texts, read(texts), strict=True):
        assert value == expected(text), text


@pytest.mark.parametrize(
    "text", ["", "abc", "1,234", "1_000", "--1", "1.2.3", "nan", "inf", "-Infinity", "0x10", "1e300", "1e20", "12 3"]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert read([text])[0][0] is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$10,000.00", "10000"),
        ("-$10,000.00", "-10000"),
        ("(3.20)", "-3.2"),
        ("($1,003.20)", "-1003.2"),
        ("1,234.5", "1234.5"),
        ("1,234,567", "1234567"),
        ("€ 12", "12"),
        ("£0.01", "0.01"),
    ],
)
def test_what_spreadsheets_put_around_a_number_is_taken_off(text: str, value: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {sqltext.amount_text('t')} FROM (SELECT ? AS t)", [text]).fetchone()
    assert found is not None
    assert Decimal(found[0]) == Decimal(value)


@pytest.mark.parametrize("text", ["1,234", "-1,234", "(1,234)", "1.234,56", "12,34.5", "$1,23", "1,2345.0", "$", "()"])
def test_what_could_be_two_numbers_stays_as_it_is(text: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {sqltext.amount_text('t')} FROM (SELECT ? AS t)", [text]).fetchone()
    assert found == (text,)
    assert read([text])[0][0] is None
