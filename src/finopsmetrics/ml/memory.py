"""What came on top before: fees, closes and purchases by their place in the month or year, and what was booked late."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.levels import Base, Flags, Floats, over

SLACK = 1.3
"""What came before may come again this many times as large."""
LONG = 5
"""Days in a row on which something comes on top, from which on it is a level and no fee."""
FIRST_EDGES = 45
"""Days in which a month's edge is seen for the first time: what comes then is a fee, unless it lasts."""


class Memory:
    """The excess of each day over its forecast, in money and as a share of the level; 0 where it is no more than noise."""

    def __init__(self, count: int, calendar: Calendar) -> None:
        self.calendar = calendar
        self.money = np.zeros((count, len(calendar)))
        self.shares = np.zeros((count, len(calendar)))
        self.run = np.zeros(count, dtype=int)

    def fees(self, day: int, level: Floats) -> Floats:
        """What may come on top at this place of the month, as it came in earlier months or a year ago."""
        slots = self.calendar.slots[day]
        if not len(slots):
            return np.zeros(len(level))
        most: Floats = np.maximum(self.money[:, slots], self.shares[:, slots] * level[:, None]).max(axis=1)
        return SLACK * np.maximum(most, 0)

    def late(self, day: int) -> Floats:
        """What the last two days fell short of, which may be booked today."""
        short: Floats = np.minimum(self.money[:, day - 2 : day], 0).sum(axis=1)
        return -short

    def allowed(self, day: int, made: Base) -> Floats:
        """All that may come on top today without being unusual."""
        fees = self.fees(day, made.level) + 1.1 * self.late(day)
        if self.calendar.rest[day]:
            fees = np.maximum(fees, made.level / 2)
        if self.calendar.edge[day] and day < FIRST_EDGES:
            fees = np.where(self.run == 0, np.inf, fees)
        return fees

    def keep(self, day: int, above: Floats, far: Flags, level: Floats) -> None:
        """Remember today's excess where it is far from the forecast; forget a run that is no fee."""
        self.money[:, day] = np.where(far, above, 0)
        self.shares[:, day] = over(self.money[:, day], level)
        self.run = np.where(far & (above > 0), self.run + 1, 0)
        long = self.run >= LONG
        if long.any():
            self.money[long, day - LONG + 1 : day + 1] = self.shares[long, day - LONG + 1 : day + 1] = 0
