"""What detectors are compared with: scores of a series by days, 1 and more is an alert at a threshold that is fitted for each."""

from __future__ import annotations

import numpy as np

from benchmarks.intelligence.normal import Floats

SPAN = 28


def rolling_z(costs: Floats) -> Floats:
    """Distance above the mean of the four weeks before, in their standard deviations."""
    out = np.zeros(costs.shape)
    for day in range(14, costs.shape[1]):
        past = costs[:, max(0, day - SPAN) : day]
        wide = past.std(axis=1)
        np.divide(costs[:, day] - past.mean(axis=1), wide, out=out[:, day], where=wide > 0)
    return out


def static(costs: Floats) -> Floats:
    """The cost as a multiple of the mean of the first six weeks: a budget line that somebody set once."""
    mean = costs[:, :42].mean(axis=1)[:, None]
    out = np.zeros(costs.shape)
    np.divide(costs, mean, out=out, where=mean > 0)
    out[:, :42] = 0
    return out
