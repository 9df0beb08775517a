"""Models of other packages as choices: ARIMA, ETS and Prophet, fitted on each series by itself. Slow: a second and more a fit."""

from __future__ import annotations

from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.packages import needs
from finopsmetrics.ml.sayers import YEAR, Sayer, guarded

OUTSIDE = {
    "arima": ("finopsmetrics.ml.models.arima_forecaster", "statsforecast"),
    "ets": ("finopsmetrics.ml.models.ets_forecaster", "statsforecast"),
    "prophet": ("finopsmetrics.ml.models.prophet_forecaster", "prophet"),
}
"""Where each lives, and the package that it needs."""
ORIGINS = 8
"""Origins that such a model is tested from: what an interval needs, and no more."""


class Outside:
    """Asks one such model, on the rows that another sayer makes ready."""

    def __init__(self, inner: Sayer, name: str, dates: NDArray[np.datetime64], season: int) -> None:
        self.inner, self.name, self.dates, self.season = inner, name, dates, season
        self.start = inner.start

    def ready(self, end: int, steps: int) -> tuple[Floats, Floats]:
        """What the other sayer makes ready."""
        return self.inner.ready(end, steps)

    def say(self, end: int, steps: int) -> dict[str, Floats]:
        """The forecasts of the `steps` from `end` on, by this model. Raises UsageError when its package is not installed."""
        home, package = OUTSIDE[self.name]
        with needs(package, f"The model {self.name!r}", "choose model='auto'"):
            fit = import_module(home).ahead
        rows, fees = self.inner.ready(end, steps)
        made = np.empty((len(rows), steps))
        for place, first in enumerate(np.minimum(self.start, end - 1)):
            past = rows[place, first:end]
            flat = past.min() == past.max()  # nothing to fit
            made[place] = past[-1] if flat else fit(past, self.dates[end - 1], steps, self.season)
        said = guarded({self.name: made}, rows[:, -YEAR:])[self.name]
        return {self.name: said + fees}
