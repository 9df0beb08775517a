"""How much one day, three days and seven days lie above the forecast, in units of what is usual for the series."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Base, Flags, Floats, over
from finopsmetrics.ml.spread import SEEN, spread

SPANS = (1, 3, 7)
LIMITS = (4.6, 3.65, 3.2)
"""Spreads above the usual at which a span is an alert."""
LEAST = (0.015, 0.012, 0.010)
"""The least spread, relative to the level: below it a series counts as constant."""
RISE = (0.12, 0.09, 0.07)
"""The least rise, relative to the level, that is an alert."""
USUAL = 3.0
"""What a single day weighs at most in the longer spans, in spreads."""
KEEP = 0.7
"""What is learnt of a day lies within this share of its limit."""
BELOW = -0.5
"""A day that lies lower than this, in spreads, is no alert, whatever the days before it."""
BEND = 0.5
"""How strongly large rises are drawn in, for costs vary by factors rather than by sums."""


class Movement:
    """The movements of earlier days, a table a span."""

    def __init__(self, count: int, days: int, ease: float) -> None:
        self.past = [np.zeros((count, days)) for _ in SPANS]
        self.ease = ease

    def score(self, day: int, made: Base, move: Floats, clean: Floats, quiet: Flags) -> tuple[Floats, Floats]:
        """The day's score, and the limit of a single day relative to the level.

        `move` is today's excess relative to the level, `clean` the cleaned days before, `quiet` series have a new level.
        """
        single = np.where(move > 0, np.log1p(BEND * np.maximum(move, 0)) / BEND, move)
        best, wide = self._span(0, day, single)
        best = np.where(quiet, best / 2, best)
        today = made.fast + np.clip(move, -USUAL * wide, USUAL * wide) * made.level
        for place in range(1, len(SPANS)):
            days = SPANS[place]
            weights = made.week[:, [(-back) % 7 for back in range(days)]].sum(axis=1)
            now = over(clean[:, -days + 1 :].sum(axis=1) + today, weights)
            value = over(now - made.slow, np.maximum(made.slow, made.level / 4))
            best = np.maximum(best, np.where(quiet | (move <= BELOW * wide), 0, self._span(place, day, value)[0]))
        return best, wide * LIMITS[0] * self.ease

    def _span(self, place: int, day: int, value: Floats) -> tuple[Floats, Floats]:
        middle, wide = spread(self.past[place][:, max(0, day - SEEN) : day], LEAST[place])
        if place == 0:
            middle = np.maximum(middle, 0)
        limit = LIMITS[place] * self.ease * wide
        self.past[place][:, day] = np.clip(value, middle - KEEP * limit, middle + KEEP * limit)
        return np.minimum((value - middle) / limit, value / (RISE[place] * self.ease)), wide
