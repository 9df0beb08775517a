"""The robust model: forecast each day from cleaned earlier days, measure what is above it, learn what is usual. Causal.

Many series at once, day after day: rows are series, and no row knows of another.
"""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.incidents import ACCEPTED, RETURNED, SOON, Watch, moved
from finopsmetrics.ml.kept import APART, LASTS, NEVER, Kept
from finopsmetrics.ml.levels import SPAN, Base, Flags, Floats, base
from finopsmetrics.ml.memory import Memory
from finopsmetrics.ml.movement import KEEP, Movement
from finopsmetrics.ml.sparse import is_sparse, learnt, sparse_score
from finopsmetrics.ml.warm import DAYS, first_weeks, medians
from finopsmetrics.ml.work import Work

EARLY = 1.5
"""How much stricter the first judgement is; it fades until day `SETTLED`."""
SETTLED = 60
FAR = 0.6
"""From this share of the limit on an excess is remembered as a fee."""
BELOW = 0.999
GOES_ON = 0.6
"""The score of a sparse service that goes on costing as much as on the day before, which was unusual."""


def judge(work: Work) -> tuple[Floats, Floats]:
    """Expected costs (NaN on the first day) and scores (series x days)."""
    return Robust(work).judge()


class Robust:
    """The state of many series while their days go by."""

    def __init__(self, work: Work) -> None:
        count, days = work.costs.shape
        self.work, self.costs = work, work.costs
        self.missing = np.isnan(work.costs)
        self.clean = np.zeros((count, SPAN + days))
        self.expected = np.full((count, days), np.nan)
        self.base = np.full((count, days), np.nan)
        """What was expected without any fee."""
        self.score = np.zeros((count, days))
        self.movement = Movement(count, days, work.ease)
        self.memory = Memory(count, work.calendar)
        self.watch = Watch(count)
        self.risen, self.fallen = Kept(count), Kept(count)

    def judge(self) -> tuple[Floats, Floats]:
        """Expected cost (NaN on the first day) and score of every day."""
        days = self.costs.shape[1]
        early = medians(self.costs)
        self.expected[:, : early.shape[1]] = self.base[:, : early.shape[1]] = early
        if days > DAYS:
            self.clean[:, : SPAN + DAYS], self.memory.money[:, :DAYS], moves = first_weeks(self.costs[:, :DAYS])
            for past in self.movement.past:
                past[:, :DAYS] = moves
        for day in range(DAYS, days):
            self._day(day)
        return self.expected, self.score

    def _day(self, day: int) -> None:
        clean = self.clean[:, day : day + SPAN]
        made = base(clean, self.work.window)
        cost = np.where(self.missing[:, day], made.fast, self.costs[:, day])
        above = cost - made.fast
        left = self.fallen.today(day)
        rise = np.maximum(left - made.fast, 0)
        allowed = np.maximum(self.memory.allowed(day, made), rise)
        excess = np.where(above > 0, np.maximum(above - allowed, 0), above)
        fees = self.memory.fees(day, made.level)
        known = np.maximum(fees + self.memory.late(day), rise)
        self.expected[:, day] = made.fast + np.clip(above, 0, known)
        self.base[:, day] = made.fast
        level = np.where(above > 0, np.maximum(made.level, left), made.level)
        move = excess / np.where(level > 0, level, np.inf)
        score, limit = self.movement.score(day, made, move, clean, self.watch.quiet > 0)
        sparse = is_sparse(clean)
        if sparse.any():
            score[sparse] = sparse_score(self.clean[sparse, SPAN : SPAN + day], cost[sparse]) / self.work.ease
        score /= 1 + EARLY * max(0, SETTLED - day) / (SETTLED - DAYS)
        goes_on = sparse & self.watch.running & (cost > 0) & (cost >= self.costs[:, day - 1] / 2)
        score = np.where(goes_on, np.maximum(score, GOES_ON), score)
        width = limit * made.level
        beside = np.where((above > 2 * width) & (above <= fees), 0, above)
        self._learn(day, made, cost, beside, score, width, sparse, (rise > width) & (above > rise / 2))

    def _learn(
        self, day: int, made: Base, cost: Floats, beside: Floats, score: Floats, width: Floats, sparse: Flags, back: Flags
    ) -> None:
        """Write down the score, what is remembered of the day, and whether a new level is taken over.

        `beside` is what is learnt from, a fee far above the rest left out; `back` tells where a level that was left is back.
        """
        planned, missing = self.work.planned[:, day], self.missing[:, day]
        above = cost - made.fast
        unusual = self.watch.unusual(score) & ~missing
        low = (above < -width) & ~sparse & ~missing & ~self.work.calendar.rest[day]
        told = np.where(unusual, np.maximum(score, 1), np.clip(score, 0, BELOW))
        self.memory.keep(day, above, (np.abs(above) > FAR * width) & ~sparse & ~back, made.level)
        keep = made.fast + np.clip(beside, -KEEP * width, KEEP * width)
        self.clean[:, SPAN + day] = np.where(unusual | low | missing, made.hold, keep)
        rare = sparse & ~missing
        self.clean[rare, SPAN + day] = learnt(self.clean[rare, SPAN : SPAN + day], cost[rare])
        up, down, returned = self.watch.step(unusual, low, planned, back & ~unusual & ~missing & ~sparse)
        if self.work.drops:
            depth = np.divide(-above, width, out=np.ones(len(above)), where=width > 0)
            told = np.where(down, np.maximum(depth, 1), told)
        self.score[:, day] = np.where(planned | missing, 0, told)
        self._rise(day, up)
        self._fall(day, down)
        self._return(day, returned)

    def _last(self, rows: Flags, day: int, days: int) -> tuple[Floats, Floats, Floats]:
        """The window after `day` of some series, and the costs and expectations of the last days."""
        last = slice(day + 1 - days, day + 1)
        expected = self.expected[rows, last]
        actual = np.where(self.missing[rows, last], expected, self.costs[rows, last])
        return self.clean[rows, day + 1 : day + 1 + SPAN], actual, expected

    def _rise(self, day: int, rows: Flags) -> None:
        if rows.any():
            clean, actual, expected = self._last(rows, day, ACCEPTED)
            self.risen.keep(rows, day, clean)
            self.fallen.since[rows] = NEVER
            self.clean[rows, day + 1 : day + 1 + SPAN] = moved(clean, actual, expected, None)[0]

    def _fall(self, day: int, rows: Flags) -> None:
        if rows.any():
            clean, actual, expected = self._last(rows, day, SOON)
            after, known = moved(clean, actual, expected, self.risen.laid(rows, day))
            fresh = rows.copy()
            fresh[rows] = ~known & (self.risen.since[rows] < day - APART) & (self.fallen.since[rows] < day - LASTS)
            self.fallen.keep(fresh, day, self.clean[fresh, day + 1 : day + 1 + SPAN])
            self.clean[rows, day + 1 : day + 1 + SPAN] = after

    def _return(self, day: int, rows: Flags) -> None:
        if rows.any():
            before = self.fallen.laid(rows, day)
            before[:, -RETURNED:] = self._last(rows, day, RETURNED)[1]
            self.clean[rows, day + 1 : day + 1 + SPAN] = before
            self.fallen.since[rows] = NEVER
