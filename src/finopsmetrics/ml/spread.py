"""How far a figure usually lies from its middle: quantiles of the last weeks, wider while little was seen."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Floats

SEEN = 84
"""Days that a spread is taken from."""


def spread(past: Floats, least: float) -> tuple[Floats, Floats]:
    """The median of each row and its upper spread in units of a normal standard deviation, at least `least`.

    The greater of the half of the middle 68 % and of what lies above the median at 95 %: heavy tails count.
    """
    count = past.shape[1]
    order = np.sort(past, axis=1)

    def at(share: float) -> Floats:
        place = share * (count - 1)
        low = int(place)
        high = min(low + 1, count - 1)
        found: Floats = order[:, low] + (order[:, high] - order[:, low]) * (place - low)
        return found

    middle = at(0.5)
    wide = np.maximum((at(0.84) - at(0.16)) / 2, (at(0.95) - middle) / 1.645)
    return middle, np.maximum(wide * (1 + 3 / count), least)
