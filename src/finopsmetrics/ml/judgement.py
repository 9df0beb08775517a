"""What a detector says of each day, and the checks of what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.money import WHOLE_DIGITS
from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.incidents import incident_ids
from finopsmetrics.ml.levels import Flags, Floats

ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Judgement:
    """One series, one entry a day.

    `expected`: the cost that was expected (NaN where nothing was known); `score`: 1 or more is an alert, 0 where nothing was
    judged; `judged`: False on the first 14 days, on days without a figure and on planned days.
    """

    day: NDArray[np.datetime64]
    expected: Floats
    score: Floats
    judged: Flags

    @property
    def incident(self) -> NDArray[np.int64]:
        """The number of the incident that a day belongs to, from 1; 0 for none. Alerts within 7 days are one incident."""
        return incident_ids(self.score)

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Judgements(Sequence[Judgement]):
    """Many series over the same days: `expected`, `score` and `judged` are series x days; `judgements[i]` is one series."""

    day: NDArray[np.datetime64]
    expected: Floats
    score: Floats
    judged: Flags

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Judgements(self.day, self.expected[index], self.score[index], self.judged[index])
        return Judgement(self.day, self.expected[index], self.score[index], self.judged[index])

    def __len__(self) -> int:
        return len(self.score)

    def __iter__(self) -> Iterator[Judgement]:
        return (self[index] for index in range(len(self)))


def costs_of(costs: Any) -> Floats:
    """Costs (series x days) as doubles; None and NaN are days without a figure. Raises UsageError."""
    try:
        found = np.asarray(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The costs are no numbers: {error}.", cure="Give one number a day; None where there is none."
        ) from error
    if found.ndim != 2:
        raise UsageError(f"The costs have {found.ndim} dimensions.", cure="Give days, or series by days for many.")
    beyond = np.abs(found) >= 10.0**WHOLE_DIGITS
    if beyond.any():
        row, day = np.argwhere(beyond)[0]
        cure = "Give the cost, or NaN where it is not known."
        raise UsageError(f"The cost of day {day} of series {row} is more than an amount can hold.", cure=cure)
    return found


def days_of(dates: Any, count: int) -> NDArray[np.datetime64]:
    """Consecutive days, one a cost. Raises UsageError for a day that is missing, twice there, or out of order."""
    try:
        days = np.asarray(dates, dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise UsageError(f"The dates cannot be read: {error}.", cure="Give dates, or texts such as 2026-01-31.") from error
    if days.shape != (count,):
        raise UsageError(f"There are {count} days of cost and {days.size} dates.", cure="Give one date a day of cost.")
    if count == 0:
        raise UsageError("There is no day to judge.", cure="Give the cost of each day, the oldest first.")
    if np.isnat(days).any():
        raise UsageError(f"Date {int(np.isnat(days).argmax())} is missing.", cure="Give one date a day of cost.")
    wrong = np.flatnonzero(np.diff(days) != ONE_DAY)
    if wrong.size:
        before, after = days[wrong[0]], days[wrong[0] + 1]
        what = f"{after} is there twice" if before == after else f"{after} follows {before}"
        cure = "Give every day once, in order; a day without a figure has the cost NaN, one without any charge 0."
        raise UsageError(f"The dates are not one a day: {what}.", cure=cure)
    return days


def calendar_of(days: NDArray[np.datetime64], holidays: Any) -> Calendar:
    """The calendar of some days; `holidays` is a flag a day or None. Raises UsageError."""
    flags = np.zeros(len(days), dtype=bool) if holidays is None else np.asarray(holidays)
    if flags.dtype != bool or flags.shape != days.shape:
        raise UsageError(
            f"The holidays are no flag a day: {flags.dtype} of {flags.size}.", cure="Give True or False for each date."
        )
    return Calendar(days, flags)


def planned_of(calendar: Calendar, plans: Any) -> Flags:
    """Which days are within a change that had been announced. Raises UsageError for a plan that cannot be read."""
    try:
        return calendar.planned(plans)
    except (TypeError, ValueError) as error:
        cure = "A plan is (announced, start, end, note), with dates; the end is the day after, or None for what stays."
        raise UsageError(f"A planned change cannot be read: {error}.", cure=cure) from error
