"""Reads the written forms of a window. Every form is one row: a pattern and the function that gives its window."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from finopsmetrics.core.errors import WindowError
from finopsmetrics.core.windows.months import DAY, is_month_start, midnight, month_start, months_after
from finopsmetrics.core.windows.window import Kind, Window

FORMS = (
    "30d, 4w, 12h, 12m, 2y, today, yesterday, mtd, qtd, ytd, fytd, last-month, last-quarter, last-year, 2026, 2026-Q2, "
    "2026-05, 2026-05-17, FY2026, FY2026-Q1, a..b (2026-05..2026-07, 2026-05-01.., ..2026-05-31) or all"
)
"""The accepted forms, as errors name them."""

_TO_DATE = {"mtd": 1, "qtd": 3, "ytd": 12, "fytd": 12}
_LAST = {"last-month": 1, "last-quarter": 3, "last-year": 12}
_ROLLING = re.compile(r"([0-9]{1,9})([hdwmy])")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(z|[+-][0-9:]{2,6})?")

Bounds: TypeAlias = tuple[datetime, datetime, Kind]


@dataclass(frozen=True, slots=True)
class _Calendar:
    """What a relative form is relative to."""

    now: datetime
    fiscal_start_month: int

    def period_start(self, months: int, *, fiscal: bool = False) -> datetime:
        """The start of the current period of 1, 3 or 12 months."""
        first = self.fiscal_start_month if fiscal else 1
        return months_after(self.now, -((self.now.month - first) % months))

    def fiscal_year(self, year: int) -> datetime:
        """The start of the fiscal year named `year`."""
        return month_start(year if self.fiscal_start_month == 1 else year - 1, self.fiscal_start_month)


def read_window(text: str, now: datetime, fiscal_start_month: int) -> Window:
    """Read one written window; `now` is in UTC. Raises WindowError."""
    if not 1 <= fiscal_start_month <= 12:
        raise WindowError(f"{fiscal_start_month} is not a month.", cure="Give fiscal_start_month as 1 to 12.")
    calendar = _Calendar(now, fiscal_start_month)
    form = text.strip().lower()
    try:
        found = _relative(form, text.strip(), calendar) or _range(form, text.strip(), calendar)
        if found is None and (bounds := _absolute(form, calendar)) is not None:
            found = Window(bounds[0], bounds[1], text.strip(), bounds[2])
    except (ValueError, OverflowError):
        raise WindowError(f"{text!r} names a time that does not exist.", cure=f"Write {FORMS}.") from None
    if found is None:
        raise WindowError(f"{text[:80]!r} is not a window of time.", cure=f"Write {FORMS}.")
    return found


def _relative(form: str, text: str, calendar: _Calendar) -> Window | None:
    today = midnight(calendar.now)
    if form == "all":
        return Window(None, None, text, "all")
    if form == "today":
        return Window(today, today + DAY, text, "days")
    if form == "yesterday":
        return Window(today - DAY, today, text, "days")
    if (period := _TO_DATE.get(form)) is not None:
        start = calendar.period_start(period, fiscal=form == "fytd")
        return Window(start, today + DAY, text, "to-date", period)
    if (period := _LAST.get(form)) is not None:
        end = calendar.period_start(period)
        return Window(months_after(end, -period), end, text, "months")
    return _rolling(form, text, calendar)


def _rolling(form: str, text: str, calendar: _Calendar) -> Window | None:
    found = _ROLLING.fullmatch(form)
    if found is None:
        return None
    count, unit = int(found[1]), found[2]
    if not count:
        raise WindowError(f"The window {text!r} is empty.", cure=f"Write 1{unit} or more.")
    if unit == "h":
        end = calendar.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return Window(end - timedelta(hours=count), end, text, "hours")
    if unit in "dw":
        end = midnight(calendar.now) + DAY
        return Window(end - DAY * (count * 7 if unit == "w" else count), end, text, "days")
    period = 12 if unit == "y" else 1
    end = months_after(calendar.period_start(period), period)
    return Window(months_after(end, -count * period), end, text, "months")


def _absolute(form: str, calendar: _Calendar) -> Bounds | None:
    for pattern, read in _ABSOLUTE:
        found = pattern.fullmatch(form)
        if found is not None:
            return read(calendar, *(int(part) for part in found.groups()))
    return None


def _year(_: _Calendar, year: int) -> Bounds:
    return month_start(year, 1), month_start(year + 1, 1), "months"


def _quarter(_: _Calendar, year: int, quarter: int) -> Bounds:
    start = month_start(year, quarter * 3 - 2)
    return start, months_after(start, 3), "months"


def _month(_: _Calendar, year: int, month: int) -> Bounds:
    start = month_start(year, month)
    return start, months_after(start, 1), "months"


def _day(_: _Calendar, year: int, month: int, day: int) -> Bounds:
    start = datetime(year, month, day, tzinfo=UTC)
    return start, start + DAY, "days"


def _fiscal_year(calendar: _Calendar, year: int) -> Bounds:
    start = calendar.fiscal_year(year)
    return start, months_after(start, 12), "months"


def _fiscal_quarter(calendar: _Calendar, year: int, quarter: int) -> Bounds:
    start = months_after(calendar.fiscal_year(year), quarter * 3 - 3)
    return start, months_after(start, 3), "months"


_ABSOLUTE: tuple[tuple[re.Pattern[str], Callable[..., Bounds]], ...] = (
    (re.compile(r"([0-9]{4})"), _year),
    (re.compile(r"([0-9]{4})-q([1-4])"), _quarter),
    (re.compile(r"([0-9]{4})-([0-9]{2})"), _month),
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), _day),
    (re.compile(r"fy([0-9]{4})"), _fiscal_year),
    (re.compile(r"fy([0-9]{4})-q([1-4])"), _fiscal_quarter),
)


def _range(form: str, text: str, calendar: _Calendar) -> Window | None:
    left, dots, right = form.partition("..")
    if not dots or not (left or right):
        return None
    start = _side(left.strip(), "start", calendar) if left else None
    end = _side(right.strip(), "end", calendar) if right else None
    months = start is not None and end is not None and is_month_start(start) and is_month_start(end)
    return Window(start, end, text, "months" if months else "span")


def _side(form: str, side: Literal["start", "end"], calendar: _Calendar) -> datetime:
    """A timestamp as it is; the start of a period on the left, its end on the right."""
    if _TIMESTAMP.fullmatch(form):
        moment = datetime.fromisoformat(form.upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    bounds = _absolute(form, calendar)
    if bounds is None:
        cure = "Write a date, a timestamp or a period: 2026-05-17, 2026-05-17T10:00Z, 2026-05, 2026-Q2 or FY2026."
        raise WindowError(f"{form[:80]!r} cannot be the {side} of a window.", cure=cure)
    return bounds[0] if side == "start" else bounds[1]
