"""Incidents: when one opens, goes on, ends, and when its level is the new normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.levels import SPAN, Flags, Floats, over

ACCEPTED = 7
"""Unusual days after which a level is accepted; three when it was announced or is lower."""
SOON = 3
RETURNED = 2
"""Days at a level that was there before after which it is taken up again."""
CALM = 3
"""Days without anything unusual after which an incident has ended."""
GAP = 7
"""Alerts at most this many days apart are one incident."""
QUIET = 21
"""Days after an accepted level in which only what is much greater is told."""


class Watch:
    """What is going on in each of many series. All arrays have one entry a series."""

    def __init__(self, count: int) -> None:
        self.held = np.zeros(count, dtype=int)
        self.calm = np.zeros(count, dtype=int)
        self.low = np.zeros(count, dtype=int)
        self.quiet = np.zeros(count, dtype=int)
        self.back = np.zeros(count, dtype=int)

    @property
    def running(self) -> Flags:
        """Which series had an unusual day yesterday."""
        found: Flags = (self.held > 0) & (self.calm == 0)
        return found

    def unusual(self, score: Floats) -> Flags:
        """Which days are unusual: a score of 1, or half of it while an incident is open."""
        return (score >= 1) | ((self.held > 0) & (score >= 0.5))

    def step(self, unusual: Flags, low: Flags, planned: Flags, back: Flags) -> tuple[Flags, Flags, Flags]:
        """Count a day in; return which series take over a higher level now, which a lower one, and which one they had before."""
        self.held = np.where(unusual, self.held + 1, self.held)
        self.calm = np.where(unusual, 0, self.calm + 1)
        self.low = np.where(low, self.low + 1, 0)
        self.quiet = np.maximum(self.quiet - 1, 0)
        self.held = np.where(self.calm >= CALM, 0, self.held)
        up = unusual & (self.held >= np.where(planned, SOON, ACCEPTED))
        down = self.low >= SOON
        self.held = np.where(up | down, 0, self.held)
        self.low = np.where(down, 0, self.low)
        self.quiet = np.where(up, QUIET, self.quiet)
        self.back = np.where(back & ~up & ~down, self.back + 1, 0)
        returned = self.back >= RETURNED
        self.back = np.where(returned, 0, self.back)
        return up, down, returned


def moved(clean: Floats, actual: Floats, expected: Floats, before: Floats | None) -> tuple[Floats, Flags]:
    """The cleaned days (series x 56) as they would have been at the level of the last days, and which are as they were `before`.

    `actual` and `expected` are the last days (series x days). A factor, a sum, or what was `before` the last accepted rise:
    whichever fits best.
    """
    days = actual.shape[1]
    factor = over(np.median(actual, axis=1), np.median(expected, axis=1))[:, None]
    plus = np.median(actual - expected, axis=1)[:, None]
    by_factor = np.where((factor[:, 0] > 0) & (factor[:, 0] < 20), np.abs(actual - expected * factor).sum(axis=1), np.inf)
    by_sum = np.abs(actual - expected - plus).sum(axis=1)
    out = np.where((by_factor <= by_sum)[:, None], clean * factor, np.where(clean > 0, np.maximum(clean + plus, 0), clean + plus))
    known = np.zeros(len(clean), dtype=bool)
    if before is not None:
        back = np.abs(actual - before[:, -days:]).sum(axis=1)
        known = before.any(axis=1) & (back <= 1.2 * np.minimum(by_factor, by_sum) + 0.05 * np.abs(actual).sum(axis=1))
        out = np.where(known[:, None], before, out)
    out[:, SPAN - days :] = actual
    return out, known


def incident_ids(score: Floats) -> NDArray[np.int64]:
    """Number the incidents of one series: 0 on days that belong to none, else 1, 2, …; days between alerts belong to them."""
    ids = np.zeros(len(score), dtype=np.int64)
    days = np.flatnonzero(score >= 1)
    number = 0
    for place, day in enumerate(days):
        if place == 0 or day - days[place - 1] > GAP:
            number += 1
            ids[day] = number
        else:
            ids[days[place - 1] + 1 : day + 1] = number
    return ids
