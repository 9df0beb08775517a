"""The calendar of a run of days: where a day stands in its month, which are holidays, what was announced and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

MONTHS_BACK = (1, 2, 3, 6, 12)
"""How many months back a fee is looked for: monthly, quarterly, half-yearly, yearly."""
SHIFTS = (-2, -1, 0, 1, 2)
"""A fee of the first working day moves by as much."""
OPEN_PLAN = 28
"""Days for which a planned change without an end is expected; by then its level is known."""

Plan = tuple[Any, Any, Any, str]
"""(announced, start, end, note): days; `end` is exclusive, None for a change that stays."""


@dataclass(frozen=True)
class Calendar:
    """Consecutive days with what is known of them; `holiday` is a flag a day."""

    dates: NDArray[np.datetime64]
    holiday: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.dates)

    @cached_property
    def edge(self) -> NDArray[np.bool_]:
        """The first two and the last two days of a month, on which fees and closes are booked."""
        months = self.dates.astype("datetime64[M]")
        day = (self.dates - months.astype("datetime64[D]")).astype(int)
        left = ((months + 1).astype("datetime64[D]") - self.dates).astype(int)
        found: NDArray[np.bool_] = (day < 2) | (left <= 2)
        return found

    @cached_property
    def rest(self) -> NDArray[np.bool_]:
        """Holidays, the day after one, and a day between two."""
        rest = self.holiday.copy()
        rest[1:] |= self.holiday[:-1]
        return rest

    @cached_property
    def slots(self) -> list[NDArray[np.int64]]:
        """For each day the earlier days at the same place of a month or year, two days before and after included."""
        months = self.dates.astype("datetime64[M]")
        first = months.astype("datetime64[D]")
        day = self.dates - first
        left = (months + 1).astype("datetime64[D]") - self.dates
        places = []
        for back in MONTHS_BACK:
            start, after = ((months - back + more).astype("datetime64[D]") for more in (0, 1))
            by_start = np.minimum(start + day, after - 1)
            places += [by_start + shift for shift in SHIFTS] + [after - left + shift for shift in SHIFTS]
        found = (np.stack(places) - self.dates[0]).astype(np.int64)
        return [np.unique(column[(column >= 0) & (column < today - 14)]) for today, column in enumerate(found.T)]

    def planned(self, plans: Iterable[Plan] | None) -> NDArray[np.bool_]:
        """Which days are within a change that had been announced by then."""
        mask = np.zeros(len(self.dates), dtype=bool)
        for announced, start, end, _ in plans or ():
            begin, known = np.datetime64(start, "D"), np.datetime64(announced, "D")
            until = begin + OPEN_PLAN if end is None else np.datetime64(end, "D")
            mask |= (self.dates >= max(begin, known)) & (self.dates < until)
        return mask
