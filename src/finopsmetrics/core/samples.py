"""Sample: one measurement of use, checked when it is made, so that whatever is a sample can be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

from finopsmetrics.core.errors import UsageError

YEARS = (datetime(1990, 1, 1), datetime(2200, 1, 1))
LARGEST, PLACES = Decimal("1e15"), 18
MOST_TAGS, LONGEST = 50, 1_024
MEASURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,119}")
SOURCE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,78}[a-z0-9])?")
_TEXTS = {"unit": 80, "id": 200} | dict.fromkeys(("resource", "provider", "account", "service", "region"), LONGEST)


class SampleError(UsageError):
    """A sample that cannot be kept. `field` names what is wrong with it, `place` which of a batch it is, from 1."""

    code = "sample"

    def __init__(self, field: str, told: str, *, place: int | None = None, cure: str = "") -> None:
        super().__init__(f"{'The sample' if place is None else f'Sample {place}'}: {field} {told}.", cure=cure)
        self.field, self.told, self.place = field, told, place


@dataclass(frozen=True)
class Sample:
    """One measurement of use: what was measured of which resource, when, and how much.

    `at` is in UTC (aware, or without a zone) and is kept without zone; `measure` is a name such as `cpu.utilization`,
    `tokens.input` or `requests`; `value` is exact (Decimal, int or decimal text; a float is refused). `service`, `account`,
    `resource`, `region` and `provider` are what ServiceName, SubAccountId, ResourceId, RegionId and ServiceProviderName are to
    charges. `source` says who sends: lower-case letters, digits, dots and hyphens. Raises SampleError.
    """

    at: datetime
    measure: str
    value: Decimal
    unit: str
    resource: str | None = None
    provider: str | None = None
    account: str | None = None
    service: str | None = None
    region: str | None = None
    source: str = "api"
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", _moment(self.at))
        object.__setattr__(self, "value", _exact(self.value))
        object.__setattr__(self, "tags", _tags(self.tags))
        if not isinstance(self.measure, str) or not MEASURE.fullmatch(self.measure):
            cure = "Use a name such as cpu.utilization: letters, digits and . _ - : /, at most 120."
            raise SampleError("measure", f"is {self.measure!r}", cure=cure)
        if not isinstance(self.source, str) or not SOURCE.fullmatch(self.source):
            cure = "Use lower-case letters, digits, dots and hyphens, at most 80."
            raise SampleError("source", f"is {self.source!r}", cure=cure)
        if self.unit is None:
            raise SampleError("unit", "is missing", cure="Say in what it is measured, such as percent, GB or request.")
        for name, most in _TEXTS.items():
            _check_text(name, getattr(self, name), most)

    def key(self) -> str:
        """Its identity: its `id` within its source, else a digest of all but its value.

        A sample with the same identity takes the place of one that is kept already.
        """
        told: list[Any] = [self.source, self.id]
        if self.id is None:
            place = [self.resource, self.provider, self.account, self.service, self.region]
            told = [self.source, self.at.isoformat(), self.measure, *place, sorted(self.tags.items()), self.unit]
        return blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()


NAMES = tuple(one.name for one in fields(Sample))
_NEEDED = ("at", "measure", "value", "unit")


def read_samples(rows: Iterable[Mapping[str, Any]]) -> list[Sample]:
    """Samples from plain data, such as JSON gives; a fault names the sample, from 1, and its field. Raises SampleError."""
    return [read_sample(row, place) for place, row in enumerate(rows, start=1)]


def read_sample(row: Mapping[str, Any], place: int | None = None) -> Sample:
    """One sample from plain data: `at` is a time as text (UTC unless it names a zone), a number may be written as it is."""
    if not isinstance(row, Mapping):
        raise SampleError("it", "is no object", place=place, cure=f"Give {', '.join(NAMES)}.")
    for name in row:
        if name not in NAMES:
            raise SampleError(str(name), "is no field of a sample", place=place, cure=f"There are {', '.join(NAMES)}.")
    for name in _NEEDED:
        if row.get(name) is None:
            raise SampleError(name, "is missing", place=place, cure=f"A sample needs {', '.join(_NEEDED)}.")
    given = {name: value for name, value in row.items() if value is not None}
    if isinstance(given["value"], float):
        given["value"] = repr(given["value"])  # the shortest text that means the same number
    try:
        given["at"] = _read_moment(given["at"])
        return Sample(**given)
    except SampleError as error:
        raise SampleError(error.field, error.told, place=place, cure=error.cure) from None


def plain(value: Decimal) -> str:
    """A value as the shortest decimal text that is exactly it."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _read_moment(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return datetime.fromisoformat(given.strip().replace("Z", "+00:00"))
    except ValueError:
        raise SampleError("at", f"is {given[:80]!r}", cure="Write it as 2026-05-17T10:00:00Z.") from None


def _moment(at: Any) -> datetime:
    if not isinstance(at, datetime):
        raise SampleError("at", f"is {str(at)[:80]!r}, which is no time", cure="Write it as 2026-05-17T10:00:00Z.")
    try:
        found = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except OverflowError:
        found = datetime.min
    if not YEARS[0] <= found < YEARS[1]:
        raise SampleError("at", f"is {at}", cure="Use a time from 1990 to 2199.")
    return found


def _exact(value: Any) -> Decimal:
    if isinstance(value, (bool, float)) or not isinstance(value, (Decimal, int, str)):
        raise SampleError("value", f"is {_shown(value)}, which is not exact", cure="Give a Decimal, an int or decimal text.")
    try:
        found = Decimal(value) if not isinstance(value, str) or len(value) <= 80 else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= LARGEST:
        raise SampleError("value", f"is {_shown(value)}", cure="Give a finite number below 1e15, such as 0.37.")
    # What lies far below the last place is refused before it is written out.
    exact = Decimal(plain(found)) if int(found.as_tuple().exponent) > -100 else found
    if -int(exact.as_tuple().exponent) > PLACES:
        raise SampleError("value", f"is {_shown(value)}", cure=f"Give at most {PLACES} digits after the point.")
    return exact


def _shown(value: Any) -> str:
    """What was given, short enough for a message; Python refuses to write out numbers of many thousand digits."""
    try:
        return repr(str(value)[:80])
    except ValueError:
        return "a number of thousands of digits"


def _tags(tags: Any) -> dict[str, str]:
    if not isinstance(tags, Mapping) or len(tags) > MOST_TAGS:
        raise SampleError("tags", "are no tags", cure=f'Give at most {MOST_TAGS} keys with texts, as {{"team": "core"}}.')
    for key, value in tags.items():
        if not isinstance(key, str) or not key.strip() or len(key) > 200 or not key.isprintable():
            raise SampleError("tags", f"has the key {str(key)[:80]!r}", cure="Use a plain text of at most 200 letters.")
        if not isinstance(value, str):
            raise SampleError(f"tags.{key}", f"is {str(value)[:80]!r}, which is no text", cure="Write it in quotes.")
        _check_text(f"tags.{key}", value, LONGEST)
    return dict(tags)


def _check_text(name: str, value: Any, most: int) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value.strip() or len(value) > most or not value.isprintable():
        told = f"is {value[:80]!r}" if isinstance(value, str) else f"is {str(value)[:80]!r}, which is no text"
        cure = f"Use a plain text of at most {most} letters, or leave it out; without control characters."
        raise SampleError(name, told, cure=cure)
