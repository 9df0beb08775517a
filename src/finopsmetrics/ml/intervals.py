"""Intervals from what forecasts were off by: conformal, for a step and for the sum over any steps."""

from __future__ import annotations

from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np

from finopsmetrics.ml.levels import Flags, Floats

NEAR = 3
"""A step's errors are taken together with those of so many steps on either side."""
FEWEST = 2.05
"""The least number of independent errors that an interval is reckoned with."""


def radius(off: Floats, confidence: float, independent: float) -> float:
    """How far to either side an interval reaches, from errors (any shape, NaN left out); NaN without any.

    The conformal quantile of the absolute errors, of rank (n + 1) x confidence (Lei et al. 2018), at most the greatest.
    Origins that overlap tell less than their number: it is widened as Student's t with `independent` degrees of freedom is
    wider than the normal distribution, so that a greater confidence never gives a narrower interval.
    """
    far = np.sort(np.abs(off[~np.isnan(off)]), axis=None)
    count = len(far)
    if count == 0:
        return float("nan")
    place = min(max((count + 1) * confidence, 1.0), float(count))
    low = int(place) - 1
    high = min(low + 1, count - 1)
    found = float(far[low] + (far[high] - far[low]) * (place - int(place)))
    return found * student(confidence, independent) / NormalDist().inv_cdf(0.5 + confidence / 2)


def student(confidence: float, degrees: float) -> float:
    """How many deviations to either side hold so much of Student's t distribution (Hill 1970, algorithm 396)."""
    n, share = max(degrees, FEWEST), 1 - confidence
    a = 1 / (n - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * pi / 2) * n
    y = (d * share) ** (2 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(share / 2)
        y = x * x
        c += 0.3 * (n - 4.5) * (x + 0.6) if n < 5 else 0
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
        y = a * ((((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x) ** 2
        y = exp(y) - 1 if y > 0.002 else 0.5 * y * y + y
    else:
        y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (n + 2) + 1 / y
    return sqrt(n * y)


def step_radii(off: Floats, confidence: float, independent: float) -> Floats:
    """The radius of each step, from errors (origins x steps)."""
    steps = off.shape[1]
    return np.array([radius(off[:, max(0, step - NEAR) : step + NEAR + 1], confidence, independent) for step in range(steps)])


def sum_radius(off: Floats, steps: Flags, confidence: float, independent: float) -> float:
    """The radius of the sum over the flagged steps, from errors (origins x steps)."""
    return radius(off[:, steps].sum(axis=1), confidence, independent)


def extended(off: Floats, steps: int) -> Floats:
    """Errors (origins x steps) carried on beyond the steps that were looked ahead: what stays off grows with the root of time."""
    seen = off.shape[1]
    if seen >= steps or seen == 0:
        return off[:, :steps]
    tail = off[:, -min(seen, 28) :].mean(axis=1)[:, None]
    around = off[:, np.arange(seen, steps) % seen] - off.mean(axis=1)[:, None]
    more = tail * np.sqrt(np.arange(seen + 1, steps + 1) / seen)[None, :] + around
    return np.concatenate([off, more], axis=1)
