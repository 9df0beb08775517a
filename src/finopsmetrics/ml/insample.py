"""What a short history is off by: each step from the level and the season of all of it, grown by the root of time."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Floats


def residuals(seen: Floats, season: int, steps: int) -> Floats:
    """Errors (one line a step of `seen`, x steps) of a history that is too short to be looked back on from eight origins.

    How far each step lay from the mean of the season before it, or from the mean of all in the first season; the part that
    stays grows with the root of the steps over the season. Nothing is known of how a forecast would have done: these are no
    errors of forecasts, and whoever shows them says so.
    """
    count = len(seen)
    if count < 2:
        return np.zeros((0, steps))
    sums = np.concatenate([[0.0], np.cumsum(seen)])
    first = np.maximum(np.arange(count) - season, 0)
    width = np.arange(count) - first
    before = np.where(width >= min(season, count), (sums[:-1] - sums[first]) / np.maximum(width, 1), seen.mean())
    off = seen - before
    growth = np.sqrt(1 + np.arange(steps) / season)
    found: Floats = off[:, None] * growth[None, :]
    return found
