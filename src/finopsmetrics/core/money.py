"""Exact money: a decimal amount and its currency, never a float, never a lost cent.

Amounts fit DECIMAL(38,18), the type of every cost and price column: 20 whole digits and 18 decimal places.
A result that needs more is refused with MoneyError, it is never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any

from finopsmetrics.core.errors import MoneyError

PLACES = 18
"""Decimal places of a stored amount."""

WHOLE_DIGITS = 20
"""Digits before the decimal point of a stored amount."""

_LIMIT = Decimal(10) ** WHOLE_DIGITS
_UNIT = Decimal(1).scaleb(-PLACES)
# The default context keeps 28 digits and rounds in silence, so every operation goes through this one:
# 100 digits hold any product of two amounts, and Inexact is trapped.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
_TEXT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s+(\S.*)", re.ASCII)
_NATIONAL = re.compile(r"[A-Za-z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency: `Money(Decimal("12.34"), "USD")`.

    `currency` is an ISO 4217 code (three upper-case letters) or the name of a FOCUS virtual currency ("TOKENS", "AWS
    credits"). Hashable; ordered within one currency. Raises MoneyError for a float, NaN or infinite amount, an amount
    outside DECIMAL(38,18), or a currency that is empty, padded, or a code in lower case.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _fitting(_number(self.amount, "an amount")))
        _check_currency(self.currency)

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `"12.34 USD"`: a plain decimal, white space, a currency. Raises MoneyError."""
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise MoneyError(f"{text!r} is not an amount of money.", cure='Write it like "12.34 USD".')
        return cls(Decimal(found[1]), found[2])

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in `currency`."""
        return cls(Decimal(0), currency)

    @property
    def is_zero(self) -> bool:
        """True when the amount is exactly zero."""
        return self.amount == 0

    def __add__(self, other: Money) -> Money:
        return Money(self._exactly(_EXACT.add, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self._exactly(_EXACT.subtract, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(_EXACT.minus(self.amount), self.currency)

    def __abs__(self) -> Money:
        return Money(_EXACT.abs(self.amount), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self._exactly(_EXACT.multiply, _number(factor, "a factor")), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        """Every digit, so that `Money.parse(str(money)) == money`."""
        return f"{_plain(self.amount)} {self.currency}"

    def __format__(self, spec: str) -> str:
        """Present the amount with a number format, rounded half-even: `f"{money:,.2f}"` is `1,234.50 USD`."""
        return f"{self.amount:{spec}} {self.currency}" if spec else str(self)

    def split(self, weights: Sequence[Decimal | int], places: int = PLACES) -> list[Money]:
        """Share this amount by weight; the parts always sum to the whole exactly.

        Parts are multiples of 10**-places; what is left over goes, one unit each, to the largest remainders (Hamilton's
        method; the earlier part wins a tie). Digits of the whole finer than `places` go to the heaviest part. A zero
        weight gets zero. Splitting the negative gives the negated parts. Raises MoneyError when there is no positive
        weight, when a weight is negative or a float, or when `places` is not within 0..18.
        """
        if not 0 <= places <= PLACES:
            raise MoneyError(f"Cannot split into {places} decimal places.", cure=f"Use 0 to {PLACES}.")
        shares = _whole_weights(weights)
        sign = -1 if self.amount < 0 else 1
        smallest = int(_EXACT.scaleb(self.amount.copy_abs(), PLACES))
        unit: int = 10 ** (PLACES - places)
        units, finer = divmod(smallest, unit)
        parts = [part * unit for part in _largest_remainder(units, shares)]
        parts[shares.index(max(shares))] += finer
        return [Money(_EXACT.multiply(Decimal(sign * part), _UNIT), self.currency) for part in parts]

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise MoneyError(f"Cannot combine money with {type(other).__name__}.", cure="Both sides must be Money.")
        if other.currency != self.currency:
            cure = "Convert one of them first, or keep a sum per currency (sum_money)."
            raise MoneyError(f"Cannot combine {self.currency} with {other.currency}.", cure=cure)
        return other.amount

    def _exactly(self, operation: Callable[[Decimal, Decimal], Decimal], other: Decimal) -> Decimal:
        try:
            return operation(self.amount, other)
        except (Inexact, InvalidOperation, Overflow):
            raise _too_fine() from None


def sum_money(amounts: Iterable[Money]) -> dict[str, Money]:
    """Sum per currency, in order of first appearance; no amounts give no sums. Raises MoneyError on overflow."""
    totals: dict[str, Money] = {}
    for money in amounts:
        held = totals.get(money.currency)
        totals[money.currency] = money if held is None else held + money
    return totals


def _number(value: Any, what: str) -> Decimal:
    """A finite exact number: Decimal or int. Anything else, a float above all, is refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise MoneyError(f"{what.capitalize()} of type {type(value).__name__} is not exact.", cure="Use Decimal.")
    if not value.is_finite():
        raise MoneyError(f"{value} is not {what}.", cure="Use a finite Decimal.")
    return value


def _fitting(amount: Decimal) -> Decimal:
    """The amount, if DECIMAL(38,18) holds it without rounding; minus zero becomes zero."""
    if amount.copy_abs() >= _LIMIT:
        raise MoneyError(f"{amount} has more than {WHOLE_DIGITS} whole digits.", cure="Use a larger currency unit.")
    try:
        _EXACT.quantize(amount, _UNIT)
    except (Inexact, InvalidOperation):
        raise _too_fine() from None
    return amount if amount else Decimal(0)


def _too_fine() -> MoneyError:
    return MoneyError(f"The amount needs more than {PLACES} decimal places.", cure="Round it on purpose first.")


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_currency(currency: str) -> None:
    if not isinstance(currency, str) or not currency or currency != currency.strip() or not currency.isprintable():
        raise MoneyError(f"{currency!r} is not a currency.", cure='Use a code such as "USD", or a name such as "TOKENS".')
    if _NATIONAL.fullmatch(currency) and not currency.isupper():
        raise MoneyError(f"{currency!r} is not a currency code.", cure=f"Write {currency.upper()!r}.")


def _whole_weights(weights: Sequence[Decimal | int]) -> list[int]:
    """The weights as integers in the same proportions."""
    numbers = [_number(weight, "a weight") for weight in weights]
    if any(number < 0 for number in numbers):
        raise MoneyError("A weight is negative.", cure="Give weights of zero or more.")
    if not any(numbers):
        raise MoneyError("There is nothing to split by: no weight is above zero.", cure="Give one positive weight.")
    if any(number and not -100 <= number.adjusted() <= 100 for number in numbers):
        raise MoneyError("A weight is too large or too small.", cure="Give weights between 1e-100 and 1e100.")
    places = max(0, *(-int(number.as_tuple().exponent) for number in numbers))
    wide = Context(prec=1000 + places)
    return [int(wide.scaleb(number, places)) if number else 0 for number in numbers]


def _largest_remainder(units: int, shares: list[int]) -> list[int]:
    """Hand out whole units in proportion to the shares; fewer are left over than there are positive remainders."""
    total = sum(shares)
    parts, remainders = zip(*(divmod(units * share, total) for share in shares), strict=True)
    handed = list(parts)
    by_remainder = sorted(range(len(shares)), key=lambda index: -remainders[index])
    for index in by_remainder[: units - sum(handed)]:
        handed[index] += 1
    return handed
