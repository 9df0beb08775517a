"""Exponential smoothing of many series at once: a grid of parameters for every row, the best of them by the one-step errors.

Rows are series that end on the same step; what lies before a row's `start` is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.levels import Flags, Floats

Starts = NDArray[np.int64]


def since(start: Starts, steps: int) -> Flags:
    """Which steps are not before each row's start (rows x steps)."""
    return np.less_equal(start[:, None], np.arange(steps)[None, :])


@dataclass(frozen=True)
class Smoothed:
    """Where each row stands at its end: its level, its growth a step, how fast that fades, and its one-step deviation."""

    level: Floats
    growth: Floats
    fade: Floats
    alpha: Floats
    deviation: Floats

    def ahead(self, steps: int) -> Floats:
        """The forecast (rows x steps)."""
        powers = np.cumsum(self.fade[:, None] ** np.arange(1, steps + 1)[None, :], axis=1)
        found: Floats = self.level[:, None] + self.growth[:, None] * powers
        return found


def firsts(rows: Floats, start: Starts, span: int) -> Floats:
    """The mean of the first `span` steps of each row."""
    place = np.minimum(start[:, None] + np.arange(span)[None, :], rows.shape[1] - 1)
    found: Floats = np.take_along_axis(rows, place, axis=1).mean(axis=1)
    return found


def slopes(rows: Floats, start: Starts) -> Floats:
    """The growth a step of each row, by least squares (rows)."""
    step = np.arange(rows.shape[1])[None, :]
    live = since(start, rows.shape[1]).astype(float)
    count = np.maximum(live.sum(axis=1), 1)
    middle = (live * step).sum(axis=1) / count
    away = live * (step - middle[:, None])
    below = (away**2).sum(axis=1)
    found: Floats = np.divide((away * rows).sum(axis=1), below, out=np.zeros(len(rows)), where=below > 0)
    return found


def smooth(
    rows: Floats,
    start: Starts,
    grid: NDArray[np.float64],
    warm: int,
    *,
    drift: Floats | None = None,
    first: Floats | None = None,
    skipped: Flags | None = None,
) -> Smoothed:
    """Smooth rows (rows x steps) by each line of `grid` (alpha, beta, fade), and keep the best line of each row.

    `drift` adds a fixed growth a step, which does not fade; `first` is the growth to start with; from `skipped` steps nothing is
    learnt. Errors of a row's first `warm` steps do not count. Damped trend: Gardner and McKenzie (1985); with drift: the Theta
    method as Hyndman and Billah (2003) write it.
    """
    alpha, beta, fade = (grid[None, :, place] for place in range(3))
    shape = (len(rows), len(grid))
    level = np.broadcast_to(firsts(rows, start, warm)[:, None], shape).copy()
    growth = np.zeros(shape) if first is None else np.broadcast_to(first[:, None], shape).copy()
    fixed = np.zeros((len(rows), 1)) if drift is None else drift[:, None]
    trended = bool((beta > 0).any()) or first is not None
    wrong, gain = np.zeros(shape), alpha * beta
    live = since(start, rows.shape[1])
    told = live if skipped is None else live & ~skipped
    counted = told & since(start + warm, rows.shape[1])
    for step in range(int(start.min()), rows.shape[1]):
        if trended:
            growth *= fade
            level += growth * live[:, step, None]
        level += fixed * live[:, step, None]
        error = (rows[:, step, None] - level) * told[:, step, None]
        level += alpha * error
        if trended:
            growth = np.where(live[:, step, None], growth + gain * error, growth / fade)
        wrong += (error * counted[:, step, None]) ** 2
    best = wrong.argmin(axis=1)
    every = np.arange(len(rows))
    moving = growth[every, best] if drift is None else drift
    fading = grid[best, 2] if drift is None else np.ones(len(rows))
    deviation = np.sqrt(wrong[every, best] / np.maximum(counted.sum(axis=1), 1))
    return Smoothed(level[every, best], moving, fading, grid[best, 0], deviation)
