"""The shapes of values in specs: amounts, shares, durations, schedules, conditions, filters. Each is checked and canonical."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from finopsmetrics.core import checks
from finopsmetrics.core.form import Label
from finopsmetrics.core.messages import text

shown = checks.shown
days = checks.days

_AS_TEXT = PlainSerializer(checks.shown, return_type=str, when_used="json")
_DIGITS = r"[0-9][0-9_]*(\.[0-9]+)?([eE][+-]?[0-9]+)?"


def _written(lowest: int | None = None, *, percent: bool = False) -> WithJsonSchema:
    """The JSON Schema of a number that may be written as text."""
    pattern = f"^{'-?' if lowest is None else ''}{_DIGITS}{' *%?' if percent else ''}$"
    least = {} if lowest is None else {"minimum": lowest}
    return WithJsonSchema({"anyOf": [{"type": "number", **least}, {"type": "string", "pattern": pattern}]})


Number = Annotated[Decimal, Label("number"), BeforeValidator(checks.number), _AS_TEXT, _written()]
"""An exact number of at most 18 decimal places, given as a number or as text; JSON carries it as text."""

Amount = Annotated[Decimal, Label("amount"), BeforeValidator(checks.number), _AS_TEXT, Field(ge=0), _written(0)]
"""An amount of money from zero up."""

PositiveAmount = Annotated[Decimal, Label("amount"), BeforeValidator(checks.number), _AS_TEXT, Field(gt=0), _written(0)]
"""An amount of money above zero."""

Share = Annotated[Decimal, Label("share"), BeforeValidator(checks.share), Field(ge=0, le=1), _AS_TEXT, _written(0, percent=True)]
"""A share of one: 0.8 or 80%."""

Change = Annotated[Decimal, Label("share"), BeforeValidator(checks.share), Field(ge=-1, le=100), _AS_TEXT, _written(percent=True)]
"""A change as a share of what was: 0.15, 15%, -5%."""

Threshold = Annotated[
    Decimal, Label("share"), BeforeValidator(checks.threshold), Field(gt=0), _AS_TEXT, _written(0, percent=True)
]
"""A share that may pass one, up to ten: 0.8, 80%, 1.2, 120%."""

Currency = Annotated[
    str, Label("currency"), text(r"^[A-Z]{3}$", "a currency is written in three capitals (ISO 4217), such as USD")
]
"""An ISO 4217 code."""

Duration = Annotated[
    str,
    Label("duration"),
    AfterValidator(checks.duration),
    WithJsonSchema({"type": "string", "pattern": f"^{checks.DURATION.pattern}$"}),
]
"""A length of time: 30m, 24h, 7d, 2w, 6mo, 1y."""

Horizon = Annotated[
    str,
    Label("horizon"),
    AfterValidator(checks.horizon),
    WithJsonSchema({"type": "string", "pattern": f"^{checks.HORIZON.pattern}$"}),
]
"""How far ahead to look: 30d, 8w, 6mo, 1y; 6m are six months too, as in windows of time."""

ConditionText = Annotated[
    str, Label("condition"), StringConstraints(min_length=1, max_length=10_000), AfterValidator(checks.condition)
]
"""A condition (docs/conditions.md), kept as it was written."""

_CHOICE = {"type": ["string", "number", "boolean", "null"]}
_FILTERS_SCHEMA = {"type": "object", "additionalProperties": {"anyOf": [_CHOICE, {"type": "array", "items": _CHOICE}]}}

Filters = Annotated[dict[str, Any], Label("filters"), AfterValidator(checks.filters), WithJsonSchema(_FILTERS_SCHEMA)]
"""A filter by keys: every key must match; keys that are no FOCUS column are tags."""

Settings = Annotated[dict[str, Any], Label("settings"), AfterValidator(checks.data)]
"""Free settings by name: JSON values, at most 12 deep; a date becomes its text."""

Cron = Annotated[str, Label("schedule"), AfterValidator(checks.cron)]
"""A schedule in five cron fields."""

Zone = Annotated[str, Label("time zone"), AfterValidator(checks.zone)]
"""A time zone by its IANA name."""

Regex = Annotated[
    str, Label("regular expression"), StringConstraints(min_length=1, max_length=1_000), AfterValidator(checks.pattern)
]
"""A regular expression, as MATCHES of the condition language reads it."""

Word = Annotated[
    str,
    Label("word"),
    text(r"^[A-Za-z][A-Za-z0-9_.-]{0,79}$", "one word is needed: a letter, then letters, digits, '_', '.' or '-', at most 80"),
]
"""One word: a role, a channel, a template, a section."""

_LINES = "one line of text is needed here, without line breaks or other control characters"
Line = Annotated[str, text(r"^[^\x00-\x1f\x7f]*$", _LINES, min_length=1, max_length=500)]
"""One line of text."""

LongText = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
"""Text of one or more lines."""

Window = Annotated[str, Label("window"), AfterValidator(checks.window)]
"""A window of time as costs are asked for: 30d, mtd, last-month, 2025-Q1."""

Tags = Annotated[
    dict[Line, Annotated[str, text(r"^[^\x00-\x1f\x7f]*$", _LINES, max_length=500)]], Label("tags"), Field(max_length=200)
]
"""Tags: a text for each key."""

Metric = Literal["billed", "effective", "list", "contracted"]
"""Which cost is counted: as invoiced, with commitments spread out, at list prices, or at contracted prices."""

Who = Line
"""Somebody: a role, a team, a user, an e-mail address, a channel such as #finops."""
