"""What the models of outliers look at: each day beside the days before it."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Floats, over
from finopsmetrics.ml.warm import DAYS


def features(costs: Floats, window: int) -> tuple[Floats, Floats]:
    """Of one series without gaps: three ratios a day (days x 3), and the median of the window before each day.

    A day to the median of the window before it, to that of four weeks, and to the same weekday of the last two weeks.
    """
    days = len(costs)
    out, middle = np.zeros((days, 3)), np.full(days, np.nan)
    if days <= DAYS:
        return out, middle
    padded = np.concatenate([np.full(56, np.nan), costs])

    def before(span: int) -> Floats:
        return np.lib.stride_tricks.sliding_window_view(padded, span)[56 + DAYS - span : 56 + days - span]

    middle[DAYS:] = np.nanmedian(before(window), axis=1)
    weekday = (costs[DAYS - 7 : -7] + costs[DAYS - 14 : -14]) / 2
    beside = np.stack([middle[DAYS:], np.nanmedian(before(28), axis=1), weekday], axis=1)
    level = np.nanmean(np.abs(before(28)), axis=1)
    out[DAYS:] = over(costs[DAYS:, None] - beside, level[:, None])
    return out, middle
