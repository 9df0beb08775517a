"""Checks of single values: each takes what was written, and gives what is kept or says how to write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.conditions.pattern import parse_pattern
from finopsmetrics.core.errors import ConditionError

DURATION = re.compile(r"([1-9][0-9]{0,5})(m|h|d|w|mo|y)")
HORIZON = re.compile(r"([1-9][0-9]{0,3})(d|w|m|mo|y)")
_HIGHEST, _LOWEST = 18, -100  # places of the first digit: what lies beyond is refused before it is computed with
_PLACES = 18
_DEEPEST = 12


def number(value: Any) -> Decimal:
    """An exact number of at most 18 decimal places, from a number or its text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError("this is no number; write it as 12.34")
    if (isinstance(value, int) and value.bit_length() > 128) or (isinstance(value, str) and len(value) > 80):
        raise ValueError("this number is beyond what can be counted")
    try:
        found = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value).strip().replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no number; write it as 12.34") from error
    if not found.is_finite() or (found and not _LOWEST <= found.adjusted() < _HIGHEST):
        raise ValueError(f"{str(value)[:40]!r} is beyond what can be counted")
    return _placed(found)


def _placed(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_PLACES:
        raise ValueError(f"{str(value)[:40]} has more than {_PLACES} decimal places")
    return value or Decimal(0)  # a negative zero is zero


def share(value: Any) -> Decimal:
    """A number, or a percentage as a share of one. Raises ValueError."""
    if isinstance(value, str) and value.strip().endswith("%"):
        sign, digits, exponent = number(value.strip()[:-1]).as_tuple()
        # Not a division: that would round to the digits of the context.
        return _placed(Decimal((sign, digits, int(exponent) - 2)))
    return number(value)


def threshold(value: Any) -> Decimal:
    """A share of at most ten, so that 80 is not taken for 80 %. Raises ValueError."""
    found = share(value)
    if found > 10:
        raise ValueError(f"{value!r} would be {shown(found * 100)} %; write 80% or 0.8 for eighty per cent")
    return found


def shown(value: Decimal) -> str:
    """A number as its shortest exact text: 0.8, 50000."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def _parts(value: str) -> tuple[int, str]:
    found = DURATION.fullmatch(value)
    if not found:
        raise ValueError(f"{value[:60]!r} is no duration; write 30m, 24h, 7d, 2w, 6mo or 1y")
    return int(found[1]), found[2]


def duration(value: str) -> str:
    """A length of time as it was written. Raises ValueError."""
    _parts(value)
    return value


def horizon(value: str) -> str:
    """A horizon; 6m becomes 6mo, so that it cannot be read as minutes. Raises ValueError."""
    found = HORIZON.fullmatch(value)
    if not found:
        raise ValueError(f"{value[:60]!r} is no horizon; write 30d, 8w, 6m (months) or 1y")
    return found[1] + ("mo" if found[2] == "m" else found[2])


def condition(text: str) -> str:
    """A condition as it was written. Raises ValueError, with line and column."""
    try:
        Condition.parse(text)
    except ConditionError as error:
        raise ValueError(str(error)) from error
    return text


def filters(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A filter by keys, as JSON data. Raises ValueError."""
    try:
        Condition.from_dict(value)
    except ConditionError as error:
        # A filter is no text: it has no line and no column.
        raise ValueError(str(error).removeprefix(f"line {error.line}, column {error.column}: ")) from error
    return data(value)  # type: ignore[no-any-return]  # a mapping stays a mapping


def data(value: Any, depth: int = 0) -> Any:
    """JSON data of at most 12 levels; dates become texts. Raises ValueError."""
    if depth > _DEEPEST:
        raise ValueError(f"this is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("the keys of a mapping must be texts; put them in quotes")
        return {data(key): data(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [data(item, depth + 1) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("a text holds half a character")
    if value is None or isinstance(value, (str, bool)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise ValueError(f"{str(value)[:40]!r} is neither a text, a number, true, false, null, a list nor a mapping")


def cron(text: str) -> str:
    """Five cron fields as they were written. Raises ValueError."""
    from croniter import croniter

    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError(f"{text!r} is no schedule; write five cron fields such as '0 9 1 * *' (9:00 on the 1st)")
    return text


def zone(text: str) -> str:
    """The IANA name of a time zone. Raises ValueError."""
    from zoneinfo import available_timezones

    if text not in available_timezones():
        raise ValueError(f"{text!r} is no time zone; write one such as UTC or Europe/Berlin")
    return text


def window(text: str) -> str:
    """A window of time as it was written. Raises ValueError."""
    from datetime import UTC, datetime

    from finopsmetrics.core.errors import WindowError
    from finopsmetrics.core.windows import Window as Read

    try:
        Read.parse(text, now=datetime(2025, 1, 1, tzinfo=UTC))
    except WindowError as error:
        raise ValueError(str(error)) from error
    return text


def pattern(text: str) -> str:
    """A regular expression that every engine reads alike. Raises ValueError."""
    try:
        parse_pattern(text)
    except ConditionError as error:
        raise ValueError(f"{text[:60]!r} is no regular expression that can be used: {error}") from error
    return text


_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080, "mo": 43_200, "y": 525_600}


def minutes(text: str) -> int:
    """A duration in minutes; a month counts 30 days and a year 365. Raises ValueError."""
    number, unit = _parts(text)
    return number * _MINUTES[unit]


def days(text: str) -> Decimal:
    """A duration in days; a month counts 30 and a year 365. Raises ValueError."""
    return Decimal(minutes(text)) / 1440
