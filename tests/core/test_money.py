"""The laws of exact money."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.errors import MoneyError
from finopsmetrics.core.money import Money, sum_money

# The default context keeps 28 digits; an amount may have 38.
WIDE = Context(prec=60)
amounts = st.integers(-(10**37), 10**37).map(lambda units: WIDE.scaleb(Decimal(units), -18))
cents = st.integers(-(10**14), 10**14).map(lambda units: WIDE.scaleb(Decimal(units), -2))
currencies = st.sampled_from(["USD", "EUR", "TOKENS", "AWS credits"])
weights = st.lists(
    st.one_of(st.integers(0, 10**12), st.decimals(0, 10**6, places=6, allow_nan=False)), min_size=1, max_size=12
).filter(any)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


@given(amounts, amounts, amounts)
def test_addition_is_exact_in_any_order(a: Decimal, b: Decimal, c: Decimal) -> None:
    first, second, third = (Money(amount, "EUR") for amount in (a, b, c))
    assert (first + second) + third == first + (third + second)
    assert (first + second) - second == first
    assert first + -first == Money.zero("EUR")
    assert (first < second) == (a < b)
    assert (first >= second) == (a >= b)


@given(amounts, currencies)
def test_text_round_trip(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.parse(str(money)) == money
    assert hash(Money.parse(str(money))) == hash(money)


@given(amounts, weights, st.integers(0, 18))
def test_parts_sum_to_the_whole(amount: Decimal, shares: list[Decimal | int], places: int) -> None:
    whole = Money(amount, "USD")
    parts = whole.split(shares, places)
    assert sum_money(parts) == {"USD": whole}
    assert all(part.is_zero for part, share in zip(parts, shares, strict=True) if share == 0)
    assert [-part for part in parts] == (-whole).split(shares, places)
    assert all(part.is_zero or (part.amount < 0) == (amount < 0) for part in parts)


@given(cents, weights)
def test_each_part_is_within_one_unit_of_its_fair_share(amount: Decimal, shares: list[Decimal | int]) -> None:
    total = sum(Fraction(share) for share in shares)
    for part, share in zip(Money(amount, "USD").split(shares, 2), shares, strict=True):
        assert abs(Fraction(part.amount) * total - Fraction(amount) * Fraction(share)) < total * Fraction(1, 100)


def test_all_thirty_eight_digits_are_kept() -> None:
    largest = "99999999999999999999.999999999999999999 USD"
    assert str(Money.parse(largest)) == largest
    assert str(abs(Money.parse("-" + largest))) == largest
    assert str(Money.parse(largest) - usd("0.000000000000000001")) == largest[:-5] + "8 USD"
    assert Money.parse("-" + largest).split([1]) == [Money.parse("-" + largest)]
    with pytest.raises(MoneyError):
        _ = Money.parse(largest) + usd("0.000000000000000001")


def test_largest_remainder_and_ties() -> None:
    assert usd("0.10").split([1, 1, 1], 2) == [usd("0.04"), usd("0.03"), usd("0.03")]
    assert usd("1").split([6, 3, 1], 0) == [usd("1"), usd("0"), usd("0")]
    assert usd("1.005").split([1, 3, 0], 2) == [usd("0.25"), usd("0.755"), usd("0")]
    assert usd("-0.05").split([Decimal("0.5"), Decimal("0.5")], 2) == [usd("-0.03"), usd("-0.02")]


@pytest.mark.parametrize(
    ("shares", "places"), [([], 18), ([0, 0], 18), ([1, -1], 18), ([0.5], 18), ([1], 19), ([Decimal("1e5000")], 2)]
)
def test_splits_that_are_refused(shares: list[Decimal | int], places: int) -> None:
    with pytest.raises(MoneyError):
        usd("1").split(shares, places)


def test_sum_keeps_currencies_apart() -> None:
    assert sum_money([usd("1"), Money(Decimal(2), "EUR"), usd("0.5")]) == {
        "USD": usd("1.5"),
        "EUR": Money(Decimal(2), "EUR"),
    }
    assert sum_money([]) == {}


def test_currencies_do_not_mix() -> None:
    with pytest.raises(MoneyError, match="USD with EUR"):
        _ = usd("1") + Money(Decimal(1), "EUR")
    with pytest.raises(MoneyError, match="USD with EUR"):
        _ = usd("1") < Money(Decimal(1), "EUR")
    assert usd("1") != Money(Decimal(1), "EUR")


@pytest.mark.parametrize(
    "amount",
    [
        1.5,
        True,
        "1",
        None,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal(10) ** 20,
        Decimal("1e-19"),
        Decimal("1e999999"),
    ],
)
def test_amounts_that_are_refused(amount: object) -> None:
    with pytest.raises(MoneyError):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", " USD", "usd", "Usd", "US\nD", None])
def test_currencies_that_are_refused(currency: str) -> None:
    with pytest.raises(MoneyError):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("text", ["", "12", "USD 12", "12.34USD", "1,000 USD", "1e3 USD", "nan USD", "1. USD", "٣ USD"])
def test_texts_that_are_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(text)


def test_products_are_exact_or_refused() -> None:
    assert usd("0.1") * Decimal("0.3") == usd("0.03")
    assert 3 * usd("0.1") == usd("0.3")
    for factor in (0.5, Decimal("1e-18"), Decimal("1e25"), True):
        with pytest.raises(MoneyError):
            _ = usd("0.1") * factor  # type: ignore[operator]


def test_presentation() -> None:
    assert str(usd("12.3400")) == "12.34 USD"
    assert str(usd("100")) == "100 USD"
    assert str(Money(Decimal("1E+2"), "TOKENS")) == "100 TOKENS"
    assert f"{usd('1234.565'):,.2f}" == "1,234.56 USD"
    assert f"{usd('1.5')}" == "1.5 USD"
    assert str(-Money.zero("USD")) == "0 USD"
    assert abs(usd("-2")) == usd("2")
