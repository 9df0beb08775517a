"""Fees by the calendar: what comes on top at the same place of every month, and so will come again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.levels import Flags, Floats

BY_START, BY_END = 28, 3
FIRST_WORKDAY = BY_START + BY_END
PLACES = BY_START + BY_END + 1
"""Places of a month: its first 28 days, its last three, its first working day."""
BACK = 4
"""Months that are looked back on."""
TIMES = 4.0
"""A fee is so many times what a day usually lies off."""
ALIKE = 1.8
"""The greatest of the last three is at most so many times the least."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Months:
    """For each day of a run its month, and whether it stands at each place of a month (days x places)."""

    month: NDArray[np.int64]
    at: Flags

    @classmethod
    def of(cls, dates: NDArray[np.datetime64]) -> Months:
        """Read consecutive days."""
        months = dates.astype("datetime64[M]")
        day = (dates - months.astype("datetime64[D]")).astype(np.int64)
        left = ((months + 1).astype("datetime64[D]") - dates).astype(np.int64) - 1
        weekday = (dates.astype(np.int64) + 3) % 7
        at = np.zeros((len(dates), PLACES), dtype=bool)
        every = np.arange(len(dates))
        early = day < BY_START
        at[every[early], day[early]] = True
        late = left < BY_END
        at[every[late], BY_START + left[late]] = True
        at[:, FIRST_WORKDAY] = (weekday < 5) & ((day == 0) | ((weekday == 0) & (day <= 2)))
        return cls(months.astype(np.int64), at)

    def places(self, end: int) -> Places:
        """The day of each place in each of the last months before day `end` (places x BACK, the newest first); -1 for none."""
        out = np.full((PLACES, BACK), -1)
        for place in range(PLACES):
            days = np.flatnonzero(self.at[:end, place])[::-1][:BACK]
            out[place, : len(days)] = days
        return out


def fees(excess: Floats, sparse: Flags, months: Months, end: int, steps: int) -> tuple[Flags, Floats]:
    """The days before `end` on which a fee was booked (series x end), and the fees of the `steps` days from it on.

    `excess` (series x days): how far each day lay above what was expected. A fee came in at least three of the last four months
    (in both of two while there are no more), each time about as large, and far above what is usual.
    """
    places = months.places(end)
    count = (places >= 0).sum(axis=1)
    seen = np.where(places >= 0, excess[:, np.maximum(places, 0)], 0.0)  # series x places x months
    usual = np.abs(excess[:, max(0, end - 84) : end]).mean(axis=1)
    median = np.median(np.abs(excess[:, max(0, end - 84) : end]), axis=1) * 1.48
    limit = np.where(sparse, TIMES * usual, np.minimum(TIMES * usual, 1.25 * TIMES * median + 1e-12 * usual))
    above = (seen > limit[:, None, None]) & (places >= 0)
    hits = above.sum(axis=2)
    most = np.where(above, seen, -np.inf).max(axis=2)
    least = np.where(above, seen, np.inf).min(axis=2)
    needed = np.where(count >= BACK, BACK - 1, np.maximum(count, 2))
    found = (hits >= needed) & (most <= ALIKE * least) & (limit > 0)[:, None]
    # The first of the month and its first working day: the one that was hit more often in a year.
    fixed, moving = (_often(excess, months, end, place, limit) * found[:, place] for place in (0, FIRST_WORKDAY))
    found[:, FIRST_WORKDAY] &= moving > fixed
    found[:, 0] &= ~(moving > fixed)
    amount = np.where(found, _middle(seen, above), 0.0)
    booked = (found.astype(float) @ months.at[:end].T.astype(float)) > 0
    ahead = months.at[end : end + steps]
    future = np.where(ahead[None, :, :], amount[:, None, :], 0.0).max(axis=2)
    return booked & (excess[:, :end] > limit[:, None]), future


def _often(excess: Floats, months: Months, end: int, place: int, limit: Floats) -> NDArray[np.int64]:
    """In how many of the last twelve months a fee was booked at a place (series)."""
    days = np.flatnonzero(months.at[:end, place])[-12:]
    return np.asarray((excess[:, days] > limit[:, None]).sum(axis=1), dtype=np.int64)


def _middle(seen: Floats, above: Flags) -> Floats:
    """The median of what was above, newest three (series x places)."""
    order = np.sort(np.where(above, seen, np.inf), axis=2)
    hits = np.maximum(above.sum(axis=2), 1)
    low = np.take_along_axis(order, ((hits - 1) // 2)[:, :, None], axis=2)[:, :, 0]
    high = np.take_along_axis(order, (hits // 2)[:, :, None], axis=2)[:, :, 0]
    found: Floats = np.where(np.isfinite(high), (low + high) / 2, 0.0)
    return found
