"""The robust model: forecast each day from cleaned earlier days, measure what is above it, learn what is usual. Causal.

Many series at once, day after day: rows are series, and no row knows of another.
"""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.incidents import ACCEPTED, SOON, Watch, moved
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
        self.score = np.zeros((count, days))
        self.movement = Movement(count, days, work.ease)
        self.memory = Memory(count, work.calendar)
        self.watch = Watch(count)

    def judge(self) -> tuple[Floats, Floats]:
        """Expected cost (NaN on the first day) and score of every day."""
        days = self.costs.shape[1]
        early = medians(self.costs)
        self.expected[:, : early.shape[1]] = early
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
        allowed = self.memory.allowed(day, made)
        excess = np.where(above > 0, np.maximum(above - allowed, 0), above)
        known = self.memory.fees(day, made.level) + self.memory.late(day)
        self.expected[:, day] = made.fast + np.clip(above, 0, known)
        move = excess / np.where(made.level > 0, made.level, np.inf)
        score, limit = self.movement.score(day, made, move, clean, self.watch.quiet > 0)
        sparse = is_sparse(clean)
        if sparse.any():
            score[sparse] = sparse_score(self.clean[sparse, SPAN : SPAN + day], cost[sparse]) / self.work.ease
        score /= 1 + EARLY * max(0, SETTLED - day) / (SETTLED - DAYS)
        self._learn(day, made, cost, score, limit * made.level, sparse)

    def _learn(self, day: int, made: Base, cost: Floats, score: Floats, width: Floats, sparse: Flags) -> None:
        """Write down the score, what is remembered of the day, and whether a new level is taken over."""
        planned, missing = self.work.planned[:, day], self.missing[:, day]
        above = cost - made.fast
        unusual = self.watch.unusual(score) & ~missing
        low = (above < -width) & ~sparse & ~missing & ~self.work.calendar.rest[day]
        told = np.where(unusual, np.maximum(score, 1), np.clip(score, 0, BELOW))
        self.memory.keep(day, above, (np.abs(above) > FAR * width) & ~sparse, made.level)
        keep = np.clip(cost, made.fast - KEEP * width, made.fast + KEEP * width)
        self.clean[:, SPAN + day] = np.where(unusual | low | missing, made.hold, keep)
        rare = sparse & ~missing
        self.clean[rare, SPAN + day] = learnt(self.clean[rare, SPAN : SPAN + day], cost[rare])
        up, down = self.watch.step(unusual, low, planned)
        if self.work.drops:
            depth = np.divide(-above, width, out=np.ones(len(above)), where=width > 0)
            told = np.where(down, np.maximum(depth, 1), told)
        self.score[:, day] = np.where(planned | missing, 0, told)
        self._take_over(day, up, ACCEPTED)
        self._take_over(day, down, SOON)

    def _take_over(self, day: int, rows: Flags, days: int) -> None:
        if rows.any():
            last = slice(day + 1 - days, day + 1)
            window = slice(day + 1, day + 1 + SPAN)
            clean = self.clean[rows, window]
            actual = np.where(self.missing[rows, last], self.expected[rows, last], self.costs[rows, last])
            before = self.watch.before(rows, day) if days == SOON else None
            self.clean[rows, window] = moved(clean, actual, self.expected[rows, last], before)
            if days == ACCEPTED:
                self.watch.remember(rows, day, clean)
