"""Parts and their total, looked ahead each for itself, made to add up."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.forecasts import Forecast
from finopsmetrics.ml.levels import Floats


def reconciled(parts: Floats, whole: Floats, doubts: Floats, doubt: float) -> Floats:
    """The parts (parts x steps) moved so that they and the total meet where both are least in doubt.

    `doubts` and `doubt` are the variances of the parts' and the total's errors: the weighted least squares of Wickramasuriya,
    Athanasopoulos and Hyndman (2019), whose answer for one total is this closed form. The total is then the sum of the parts.
    """
    every = doubts.sum() + doubt
    if every <= 0 or not len(parts):
        return parts
    found: Floats = parts + (doubts / every)[:, None] * (whole - parts.sum(axis=0))[None, :]
    return found


def doubt_of(made: Forecast) -> float:
    """The variance of a step's error. What was never tested is doubted by all of its level."""
    known = float(np.mean(made.off**2)) if made.off.size else 0.0
    return known if made.basis == "backtest" else max(known, float(np.mean(made.expected)) ** 2)
