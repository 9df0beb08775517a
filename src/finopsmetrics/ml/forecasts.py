"""What a forecaster says: expected costs a step, intervals of steps and of sums, and how it did on the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.intervals import radius, step_radii, sum_radius
from finopsmetrics.ml.levels import Flags, Floats

Bounds = tuple[Floats, Floats]


@dataclass(frozen=True)
class Forecast:
    """One series ahead.

    `dates`: the steps (days or months); `expected`: the cost of each. `off` (origins x steps): what the same models were off by
    on the past, as of now's level. `basis`: "backtest", or "in sample" where the history is too short to look back from eight
    origins. `independent`: how many of the errors are independent of each other. `wape`: how far the models were off in the
    backtest, as a share of the cost. `guarded`: a model was left out because it ran away. `floor`: the least cost possible.
    """

    dates: NDArray[np.datetime64]
    expected: Floats
    off: Floats
    basis: str
    independent: float
    models: tuple[str, ...]
    wape: float
    guarded: bool
    floor: float
    looked_ahead: int
    """Steps that the backtest looked ahead; beyond them intervals are carried on."""

    def bounds(self, confidence: float) -> Bounds:
        """The lower and the upper bound of each step."""
        far = step_radii(self.off, confidence, self.independent)
        return np.maximum(self.expected - far, np.minimum(self.floor, self.expected)), self.expected + far

    def total(self, steps: Flags | None = None) -> float:
        """The expected sum over the flagged steps; over all of them, unless given."""
        return float(self.expected[self._all(steps)].sum())

    def total_bounds(self, confidence: float, steps: Flags | None = None) -> tuple[float, float]:
        """The bounds of that sum: an interval of its own, not the sum of the days' bounds."""
        flags = self._all(steps)
        middle, far = self.total(flags), sum_radius(self.off, flags, confidence, self.independent)
        least = self.floor * flags.sum() if np.isfinite(self.floor) else self.floor
        return max(middle - far, min(least, middle)), middle + far

    def coverage(self, confidence: float) -> float | None:
        """The share of origins whose sum lay within the interval that the other origins make; None with fewer than eight."""
        sums = self.off.sum(axis=1)
        if self.basis != "backtest" or len(sums) < 8:
            return None
        held = [abs(one) <= radius(np.delete(sums, place), confidence, self.independent) for place, one in enumerate(sums)]
        return float(np.mean(held))

    def _all(self, steps: Flags | None) -> Flags:
        return np.ones(len(self.expected), dtype=bool) if steps is None else steps
