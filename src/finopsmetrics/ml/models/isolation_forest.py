"""Isolation forest (Liu, Ting and Zhou 2008), fitted every four weeks on the past of each series. Needs scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.models.shape import features
from finopsmetrics.ml.models.stepwise import filled
from finopsmetrics.ml.warm import DAYS
from finopsmetrics.ml.work import Work

EVERY = 28
SELDOM = 0.02
"""A day is an alert when it stands apart as one in so many past days."""


def judge(work: Work) -> tuple[Floats, Floats]:
    """Expected costs (the median of the window before) and scores (series x days)."""
    expected, score = np.full(work.costs.shape, np.nan), np.zeros(work.costs.shape)
    for row, given in enumerate(work.costs):
        seen, expected[row] = features(filled(given), work.window)
        for start in range(2 * DAYS, len(given), EVERY):
            days = slice(start, start + EVERY)
            forest = IsolationForest(n_estimators=64, max_samples=min(128, start - DAYS), random_state=0)
            past: Floats = forest.fit(seen[DAYS:start]).score_samples(seen[DAYS:start])
            wide = max(float(np.median(past) - np.quantile(past, SELDOM)), 0.01)
            found = (np.median(past) - forest.score_samples(seen[days])) / (wide * work.ease)
            score[row, days] = np.where((seen[days, 0] > 0.05) & (seen[days, 2] > 0.05), np.maximum(found, 0), 0)
    return expected, work.masked(score)
