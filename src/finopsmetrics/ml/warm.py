"""The first two weeks: only learnt from, and taken for the weeks before them."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import SPAN, Floats, over

DAYS = 14
"""Days of history before the first judgement."""


def medians(costs: Floats) -> Floats:
    """The median of the days before each of the first days (series x days), NaN where there is none."""
    count, days = costs.shape
    out = np.full((count, min(DAYS, days)), np.nan)
    for day in range(1, out.shape[1]):
        known = ~np.isnan(costs[:, :day]).all(axis=1)
        out[known, day] = np.nanmedian(costs[known, :day], axis=1)
    return out


def first_weeks(costs: Floats) -> tuple[Floats, Floats, Floats]:
    """Of two weeks: eight weeks and those two, cleaned; what stood out; how far the days usually lie from their middle.

    A day that stands out is cut, unless the same weekday of the other week stands out as well.
    """
    missing = np.isnan(costs)
    known = ~missing.all(axis=1)
    middle = np.zeros(len(costs))
    middle[known] = np.nanmedian(costs[known], axis=1)
    seen = np.where(missing, middle[:, None], costs)
    far = np.sort(np.abs(seen - middle[:, None]), axis=1)[:, DAYS - 3][:, None]  # two of fourteen may stand out
    both = seen.reshape(-1, 2, 7)
    twice = np.tile(both.min(axis=1), 2)
    top = np.maximum(middle[:, None] + 1.5 * far, twice)
    clean = np.minimum(np.maximum(seen, middle[:, None] - 1.5 * far), top)
    out = np.concatenate([np.tile(clean, SPAN // DAYS), clean], axis=1)
    moves = over(clean - np.tile(clean.reshape(-1, 2, 7).mean(axis=1), 2), np.maximum(middle, 0)[:, None])
    return out, np.where(np.abs(seen - clean) > 0.5 * far, seen - clean, 0), moves
