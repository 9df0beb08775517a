"""What a day should cost by its weekday and its recent level: eight weeks of cleaned days, medians, no look ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WEEKS = 8
SPAN = WEEKS * 7
DRIFT = 0.02
"""The most that a level is taken to grow by itself in a week."""
NOTHING = 1e-15
LOWEST = 0.35
"""A weekday that costs less than this share of the others is still measured against this share."""


def over(top: Floats, below: Floats) -> Floats:
    """A quotient; 0 where the divisor is not above 0, or so small beside the dividend that nothing can be said."""
    out: Floats = np.zeros(np.broadcast_shapes(top.shape, below.shape))
    np.divide(top, below, out=out, where=below > np.abs(top) * NOTHING)
    return out


@dataclass(frozen=True)
class Base:
    """The forecast of one day for many series.

    `fast` follows the last days, `hold` does so without growth, `slow` follows the weeks before the last one; `week` are the
    weekday factors from today's on; `level` is the money that a deviation is measured against.
    """

    fast: Floats
    hold: Floats
    slow: Floats
    level: Floats
    week: Floats


def weekdays(weeks: Floats, means: Floats) -> Floats:
    """Weekday factors (series x 7, today's first) as medians of eight weeks, drawn to 1 as far as they are noise."""
    shares = np.sort(np.where(means[:, :, None] > 0, over(weeks, means[:, :, None]), 1.0), axis=1)
    middle = (shares[:, 3] + shares[:, 4]) / 2
    doubt = ((shares[:, 6] - shares[:, 1]) / 2.1) ** 2 * (1.57 / WEEKS)
    apart = ((middle - 1) ** 2).mean(axis=1)
    keep = np.clip(1 - over(doubt.mean(axis=1), apart), 0, 1)
    drawn = 1 + (middle - 1) * np.where(apart > 0, keep, 0)[:, None]
    mean = drawn.mean(axis=1)[:, None]
    return np.where(mean > 0, over(drawn, mean), 1.0)


def base(clean: Floats, window: int) -> Base:
    """Forecast the day after `clean` (series x 56 days); the fast level is that of the last `window` days."""
    weeks = clean.reshape(len(clean), WEEKS, 7)
    means = weeks.mean(axis=2)
    week = weekdays(weeks, means)
    steps = np.sort((means[:, 4:7] - means[:, 0:3]) / 4, axis=1)[:, 1]  # a week's growth: the median of three
    weights = week[:, [(-back) % 7 for back in range(1, window + 1)]].sum(axis=1)
    most = DRIFT * np.abs(means[:, 6])
    steps = np.clip(steps, -most, most)
    hold = over(clean[:, -window:].sum(axis=1), weights)
    fast = hold + steps * (window + 1) / 28
    slow = means[:, 3:7].mean(axis=1) + steps * 2.15
    level = np.maximum(np.abs(fast), np.abs(means.mean(axis=1)) / 4)
    return Base(week[:, 0] * fast, week[:, 0] * hold, slow, level * np.maximum(week[:, 0], LOWEST), week)
