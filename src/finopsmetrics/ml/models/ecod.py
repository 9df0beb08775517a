"""ECOD (Li et al. 2022), its upper tails: how seldom each ratio of a day was as great before, the surprise of all summed."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.models.shape import features
from finopsmetrics.ml.models.stepwise import filled
from finopsmetrics.ml.warm import DAYS
from finopsmetrics.ml.work import Work


def judge(work: Work) -> tuple[Floats, Floats]:
    """Expected costs (the median of the window before) and scores (series x days).

    A day is an alert when all its ratios are greater than any before, by a tenth: no tail is longer than what was seen.
    """
    expected, score = np.full(work.costs.shape, np.nan), np.zeros(work.costs.shape)
    for row, given in enumerate(work.costs):
        seen, expected[row] = features(filled(given), work.window)
        for day in range(3 * DAYS, len(given)):
            past = seen[DAYS:day]
            tail = ((past >= seen[day]).sum(axis=0) + 1) / (len(past) + 1)
            most = 3 * np.log(len(past) + 1)
            beyond = float(np.min(seen[day] / (1.1 * np.maximum(past.max(axis=0), 0.05))))
            score[row, day] = max(0.0, min(float(-np.log(tail).sum()) / most, 1.0) * max(beyond, 0) / work.ease)
    return expected, work.masked(score)
