"""The periods of budgets: calendar and fiscal ones, rolling and custom ones. Bounds are UTC, ends exclusive."""

from __future__ import annotations

import os
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from finopsmetrics.core.checks import DURATION
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.windows.months import DAY, midnight, month_start, months_after

if TYPE_CHECKING:
    from finopsmetrics.kinds.budget import Budget

FISCAL_START = "FINOPSMETRICS_FISCAL_YEAR_START"
"""The month in which fiscal years start, 1 to 12; January unless set."""
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
MOST_PERIODS = 1_200


@dataclass(frozen=True)
class Period:
    """One period of a budget. `whole` are its bounds, `start` and `end` the part of it that counts.

    A fiscal year carries the year in which it ends, unless it starts in January: FY2026, FY2026-Q1.
    """

    label: str
    whole: tuple[datetime, datetime]
    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """How many days count."""
        return -((self.start - self.end) // DAY)


def current(budget: Budget, now: datetime) -> Period:
    """The period in which `now` lies. Raises UsageError when the budget does not count then."""
    now = now.astimezone(UTC)
    if budget.period in MONTHS:
        return _clipped(budget, *_calendar(budget, now))
    if budget.period == "custom":
        assert budget.start is not None
        assert budget.end is not None
        bounds = (_midnight(budget.start), _midnight(budget.end) + DAY)
        return Period(f"{budget.start}..{budget.end}", bounds, *bounds)
    end = midnight(now) + DAY
    return _clipped(budget, f"last {budget.window}", (_back(end, str(budget.window)), end))


def since(budget: Budget, first: datetime, now: datetime) -> list[Period]:
    """Every period from the one in which `first` lies to the current one, for budgets whose periods follow one another.

    Raises UsageError for more than can be counted.
    """
    last = _calendar(budget, now.astimezone(UTC))[1][0]
    moment = _calendar(budget, first.astimezone(UTC))[1][0]
    found = []
    while moment <= last:
        label, whole = _calendar(budget, moment)
        if (budget.end is None or _midnight(budget.end) + DAY > whole[0]) and _starts(budget, whole):
            found.append(_clipped(budget, label, whole))
        moment = whole[1]
        if len(found) > MOST_PERIODS:
            raise UsageError(f"The budget {budget.name} begins too long ago.", cure="Give it a later start.")
    return found


def fiscal_start() -> int:
    """The month in which fiscal years start. Raises UsageError when the setting is no month."""
    text = os.environ.get(FISCAL_START, "1")
    if not text.isdigit() or not 1 <= int(text) <= 12:
        raise UsageError(f"{FISCAL_START} is no month: {text[:20]!r}.", cure="Write 1 to 12.")
    return int(text)


def _calendar(budget: Budget, now: datetime) -> tuple[str, tuple[datetime, datetime]]:
    """The label and bounds of the month, quarter or year in which `now` lies."""
    length = MONTHS[budget.period]
    first = fiscal_start() if budget.fiscal else 1
    offset = (now.month - first) % 12 if length > 1 else now.month - 1
    start = months_after(month_start(now.year, now.month), -(offset % length))
    bounds = (start, months_after(start, length))
    if length == 1:
        return f"{start:%Y-%m}", bounds
    opening = months_after(month_start(now.year, now.month), -((now.month - first) % 12))
    year = opening.year + (1 if first > 1 else 0)
    name = f"FY{year}" if budget.fiscal else f"{start.year}"
    return name if length == 12 else f"{name}-Q{offset // 3 + 1}", bounds


def _clipped(budget: Budget, label: str, whole: tuple[datetime, datetime]) -> Period:
    """The part of a period that counts: from the budget's first day to the end of its last."""
    start = max(whole[0], _midnight(budget.start)) if budget.start else whole[0]
    end = min(whole[1], _midnight(budget.end) + DAY) if budget.end else whole[1]
    if start >= end:
        raise UsageError(f"The budget {budget.name} does not count in {label}.", cure="See its start and end.")
    return Period(label, whole, start, end)


def _starts(budget: Budget, whole: tuple[datetime, datetime]) -> bool:
    return budget.start is None or _midnight(budget.start) < whole[1]


def _back(end: datetime, window: str) -> datetime:
    """So long before a midnight. Raises UsageError for a window of less than a day."""
    found = DURATION.fullmatch(window)
    assert found is not None
    number, unit = int(found[1]), found[2]
    if unit in {"mo", "y"}:
        months = end.year * 12 + end.month - 1 - number * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        if year < 1:
            raise UsageError(f"A window of {window} reaches too far back.", cure="Use a shorter one.")
        return end.replace(year=year, month=month + 1, day=min(end.day, monthrange(year, month + 1)[1]))
    whole = {"d": 1, "w": 7}.get(unit, 0) * number or (number // 24 if unit == "h" and number % 24 == 0 else 0)
    if not whole:
        raise UsageError(f"A rolling budget looks back whole days, not {window}.", cure="Write 30d, 4w, 6mo or 1y.")
    return end - timedelta(days=whole)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
