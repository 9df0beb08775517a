"""What a model is given to judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.levels import Flags, Floats


@dataclass(frozen=True)
class Work:
    """Costs (series x days, NaN where not known) over a calendar, and how they are to be judged.

    `planned` flags the days of announced changes; `window` is in days; limits are multiplied with `ease`.
    """

    costs: Floats
    calendar: Calendar
    planned: Flags
    window: int = 7
    ease: float = 1.0
    drops: bool = False

    def masked(self, score: Floats) -> Floats:
        """Scores of at least 0, and 0 on days that are planned or not known."""
        return np.where(self.planned | np.isnan(self.costs), 0, np.maximum(score, 0))
