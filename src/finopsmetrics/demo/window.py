"""The months of the estate: which days have charges, which billing periods exist, what a date in the window is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from finopsmetrics.core.errors import UsageError

DAY = timedelta(days=1)


def next_month(day: date) -> date:
    """Return the first day of the month after the month of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def previous_month(day: date) -> date:
    """Return the first day of the month before the month of `day`."""
    return (day.replace(day=1) - DAY).replace(day=1)


def year_after(day: date, years: int = 1) -> date:
    """Return the same calendar day `years` later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


@dataclass(frozen=True)
class Window:
    """All charged days: from `start` up to, and without, `end` (the day on which the estate is looked at)."""

    start: date
    end: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every charged day in order."""
        return tuple(self.start + DAY * i for i in range((self.end - self.start).days))

    @property
    def periods(self) -> tuple[date, ...]:
        """First day of every billing period (calendar month); the last one is still running."""
        found = [self.start]
        while next_month(found[-1]) < self.end:
            found.append(next_month(found[-1]))
        return tuple(found)

    def at(self, share: int) -> date:
        """Return the day that lies `share` per mille into the window."""
        return self.start + DAY * ((self.end - self.start).days * share // 1000)


def window_of(months: int, end: date) -> Window:
    """Return the window of `months` billing periods that ends with the month of the day before `end`.

    Raises UsageError for fewer than two months, because a correction needs a month to correct.
    """
    if months < 2:
        raise UsageError(f"A demo estate needs at least 2 months, not {months}.", cure="Ask for 2 or more.")
    start = (end - DAY).replace(day=1)
    for _ in range(months - 1):
        start = previous_month(start)
    return Window(start, end)
