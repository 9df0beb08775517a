"""Filling: the placeholders of templates, and what a finding puts in their place. Nothing is run, no value is read again.

`{impact}`, `{body.spent|money}`, `{context.service}`: a name, and optionally how to write it. `{{` and `}}` stand for braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from math import isfinite
from typing import Any

_PLACE = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_.\-]*)(?:\|(?P<form>[a-z]+))?\}|[{}]")
_CENT = Decimal("0.01")
_WIDE = Context(prec=130)
_BEYOND = 60  # digits before or after the point of a number that is written out
NAMES = frozenset(
    {"id", "title", "severity", "state", "sort", "source", "owner", "where"}
    | {"impact", "currency", "start", "end", "found_at", "at"}
)
"""What a placeholder can name, beside what lies in `body.` and `context.`."""


def faults(text: str) -> list[str]:
    """What is wrong with the placeholders of a text, in words; nothing when it can be filled."""
    found = []
    for place in _PLACE.finditer(text):
        if place[0] in {"{", "}"}:
            found.append(f"a brace stands alone at {place.start() + 1}; write it twice, or a name between a pair of them")
        elif place["name"]:
            top, _, rest = place["name"].partition(".")
            if (top in {"body", "context"}) != bool(rest) or (not rest and top not in NAMES):
                known = f"{', '.join(sorted(NAMES))}, body.NAME and context.NAME"
                found.append(f"there is no {place['name']!r} to put in; there are {known}")
            if place["form"] and place["form"] not in FORMS:
                found.append(f"there is no form {place['form']!r}; there are {', '.join(sorted(FORMS))}")
    return found


def filled(text: str, fields: Mapping[str, Any]) -> str | None:
    """The text with its placeholders filled; None when one of their values is missing. Values are data and are not read again."""
    missing = False

    def put(place: re.Match[str]) -> str:
        nonlocal missing
        if not place["name"]:
            return place[0][0]
        value = _value(fields, place["name"].split("."))
        currency = fields.get("currency")
        form = FORMS[place["form"]] if place["form"] else None
        told = form(value, currency if isinstance(currency, str) else None) if form else plain(value)
        missing = missing or told is None
        return told or ""

    made = _PLACE.sub(put, text)
    return None if missing else made


def plain(value: Any) -> str | None:
    """A value as text; None for what is missing, is no number, or is no plain value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        number = _number(value)
        return _trimmed(number) if number is not None else None
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (0, 0) else f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, (list, tuple)):
        told = [plain(one) for one in value if not isinstance(one, (list, tuple))]
        return ", ".join(one for one in told if one) or None
    return (value.strip() or None) if isinstance(value, str) else None


def money(amount: Decimal, currency: str) -> str:
    """An amount at cents, 1,234.50 USD; one smaller than 1 with every digit that it has. The finding keeps all of them."""
    if abs(amount) >= 1:
        amount = amount.quantize(_CENT, ROUND_HALF_EVEN, _WIDE)
    whole, _, rest = f"{amount:,f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')} {currency}"


def amount(value: Any, currency: str | None) -> str | None:
    """An amount as `money` writes it; None for what is no number, or without a currency."""
    number = _number(value)
    return money(number, currency) if number is not None and currency else None


def _as_percent(value: Any, _currency: str | None) -> str | None:
    number = _number(value)
    return f"{_trimmed(number.scaleb(2))}%" if number is not None else None


def _as_day(value: Any, _currency: str | None) -> str | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else None


def _as_words(value: Any, _currency: str | None) -> str | None:
    told = plain(value)
    return told.replace("_", " ") if told is not None else None


FORMS: Mapping[str, Callable[[Any, str | None], str | None]] = {
    "money": amount,
    "percent": _as_percent,
    "day": _as_day,
    "words": _as_words,
}
"""How a value can be written: an amount in the finding's currency, a share as per cent, a day, a word without underscores."""


def _value(fields: Mapping[str, Any], way: list[str]) -> Any:
    found: Any = fields
    for step in way:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or (isinstance(value, float) and not isfinite(value)):
        return None
    try:
        text = repr(value) if isinstance(value, float) else str(value) if isinstance(value, (int, str, Decimal)) else ""
        number = Decimal(text.strip()) if len(text) <= 2 * _BEYOND else None
    except (InvalidOperation, ValueError):
        return None
    if number is None or not number.is_finite() or (number and not -_BEYOND <= number.adjusted() <= _BEYOND):
        return None
    return number


def _trimmed(number: Decimal) -> str:
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
