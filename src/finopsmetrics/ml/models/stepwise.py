"""Models that are fitted on the past every few days and judge the days until the next fit: causal by their making."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.warm import DAYS
from finopsmetrics.ml.work import Work

REACH = 365
"""Days that a fit looks back on."""
LIMIT = 4.0
"""Standard deviations above the forecast at which a day is an alert."""
LEAST = 0.05
"""The least deviation that is taken for usual, relative to the mean of the past."""

Fit = Callable[[Floats, int, int], tuple[Floats, Floats]]
"""From the past, the day it ends on and how many days to forecast: their means and standard deviations."""


def filled(costs: Floats) -> Floats:
    """Days without a figure take the last one before them (0 before the first)."""
    place = np.maximum.accumulate(np.where(np.isnan(costs), -1, np.arange(len(costs))))
    return np.where(place >= 0, costs[np.maximum(place, 0)], 0.0)


def forecast_scores(work: Work, fit: Fit, every: int) -> tuple[Floats, Floats]:
    """Expected costs and scores by a forecaster that is fitted every `every` days on each series."""
    expected, score = np.full(work.costs.shape, np.nan), np.zeros(work.costs.shape)
    for row, given in enumerate(work.costs):
        past = filled(given)
        for start in range(DAYS, len(past), every):
            days = slice(start, min(start + every, len(past)))
            seen = past[max(0, start - REACH) : start]
            if seen.min() == seen.max():  # nothing to fit
                mean, wide = np.full(every, seen[-1]), np.zeros(every)
            else:
                mean, wide = fit(seen, start, every)  # always as far, so that the end of the days changes nothing
            mean, wide = mean[: days.stop - start], wide[: days.stop - start]
            least = LEAST * np.abs(seen).mean()
            width = LIMIT * work.ease * np.maximum(wide, least if least > 0 else np.inf)
            expected[row, days] = mean
            score[row, days] = (past[days] - mean) / width
    return expected, work.masked(score)
