"""Levels that were left and may come back: the days before a rise that was accepted, and those before a fall."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import SPAN, Flags, Floats

LASTS = 42
"""Days for which a level that a service fell from may come back without being unusual."""
APART = 60
"""A fall within so many days of an accepted rise is the end of that rise: what was before it is no level to come back to."""
NEVER = -10_000


class Kept:
    """Eight weeks of cleaned days of each series as they were on one day."""

    def __init__(self, count: int) -> None:
        self.clean = np.zeros((count, SPAN))
        self.since = np.full(count, NEVER)

    def keep(self, rows: Flags, day: int, clean: Floats) -> None:
        """Keep the cleaned days of some series."""
        self.clean[rows], self.since[rows] = clean, day

    def laid(self, rows: Flags, day: int) -> Floats:
        """What was kept of some series, laid so that its weekdays are those of the days up to `day`."""
        shift = (np.arange(SPAN)[None, :] + (day - self.since[rows])[:, None]) % SPAN
        return np.take_along_axis(self.clean[rows], shift, axis=1)

    def today(self, day: int) -> Floats:
        """The cost of today's weekday as it was kept, the median of its last weeks; 0 where nothing is kept or it is too old."""
        out = np.zeros(len(self.since))
        rows = self.since > day - LASTS
        if rows.any():
            out[rows] = np.median(self.laid(rows, day)[:, 6::7][:, -4:], axis=1)
        return out
