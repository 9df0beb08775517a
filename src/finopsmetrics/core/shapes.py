"""The shapes of values in specs: amounts, shares, durations, schedules, conditions, filters. Each is checked and canonical."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from finopsmetrics.core.conditions import Condition

_DURATION = re.compile(r"([1-9][0-9]{0,5})(m|h|d|w|mo|y)")
_LARGEST = Decimal("1e18")


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError("this is no number; write it as 12.34")
    try:
        found = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value).strip().replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no number; write it as 12.34") from error
    if not found.is_finite() or abs(found) >= _LARGEST:
        raise ValueError(f"{value!r} is beyond what can be counted")
    return found


def _share(value: Any) -> Decimal:
    if isinstance(value, str) and value.strip().endswith("%"):
        return _number(value.strip()[:-1]) / 100
    return _number(value)


def shown(value: Decimal) -> str:
    """A number as its shortest exact text: 0.8, 50000."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError(f"{value!r} is no duration; write 30m, 24h, 7d, 2w, 6mo or 1y")
    return value


def _condition(text: str) -> str:
    Condition.parse(text)  # a ConditionError is not a ValueError: the validators below turn it into one
    return text


def _checked_condition(text: str) -> str:
    from finopsmetrics.core.errors import ConditionError

    try:
        return _condition(text)
    except ConditionError as error:
        raise ValueError(str(error)) from error


def _filters(value: Mapping[str, Any]) -> Mapping[str, Any]:
    from finopsmetrics.core.errors import ConditionError

    try:
        Condition.from_dict(value)
    except ConditionError as error:
        raise ValueError(str(error)) from error
    return value


def _cron(text: str) -> str:
    from croniter import croniter

    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError(f"{text!r} is no schedule; write five cron fields such as '0 9 1 * *' (9:00 on the 1st)")
    return text


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    if text not in available_timezones():
        raise ValueError(f"{text!r} is no time zone; write one such as UTC or Europe/Berlin")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


_AS_TEXT = PlainSerializer(shown, return_type=str, when_used="json")

Number = Annotated[Decimal, BeforeValidator(_number), _AS_TEXT]
"""An exact number, given as a number or as text; JSON carries it as text."""

Amount = Annotated[Number, Field(ge=0)]
"""An amount of money from zero up."""

PositiveAmount = Annotated[Number, Field(gt=0)]
"""An amount of money above zero."""

Share = Annotated[Decimal, BeforeValidator(_share), Field(ge=0, le=1), _AS_TEXT]
"""A share of one: 0.8 or 80%."""

Threshold = Annotated[Decimal, BeforeValidator(_share), Field(gt=0, le=100), _AS_TEXT]
"""A share that may pass one: 0.8, 80%, 1.2, 120%."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Duration = Annotated[str, AfterValidator(_duration)]
"""A length of time: 30m, 24h, 7d, 2w, 6mo, 1y."""

ConditionText = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_checked_condition)]
"""A condition (docs/conditions.md), kept as it was written."""

Filters = Annotated[dict[str, Any], AfterValidator(_filters)]
"""A filter by keys: every key must match; keys that are no FOCUS column are tags."""

Cron = Annotated[str, AfterValidator(_cron)]
"""A schedule in five cron fields."""

Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone by its IANA name."""

Regex = Annotated[str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_pattern)]
"""A regular expression in Python's syntax."""

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,79}$")]
"""One word: a role, a channel, a template, a section."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text."""

Who = Line
"""Somebody: a role, a team, a user, an e-mail address, a channel such as #finops."""


def days(text: str) -> Decimal:
    """A duration in days; a month counts 30 and a year 365. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; write 30m, 24h, 7d, 2w, 6mo or 1y")
    length = {
        "m": Decimal(1) / 1440,
        "h": Decimal(1) / 24,
        "d": Decimal(1),
        "w": Decimal(7),
        "mo": Decimal(30),
        "y": Decimal(365),
    }
    return int(found[1]) * length[found[2]]
