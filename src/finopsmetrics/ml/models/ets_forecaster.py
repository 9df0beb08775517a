"""ETS, its form chosen by AICc (Hyndman et al. 2002). Needs statsforecast."""

from __future__ import annotations

import numpy as np
from statsforecast.models import AutoETS

from finopsmetrics.ml.levels import Floats


def ahead(past: Floats, _: np.datetime64, steps: int, season: int) -> Floats:
    """The forecast of the `steps` after the end of one series."""
    model = AutoETS(season_length=season if len(past) > 2 * season else 1)
    return np.asarray(model.forecast(y=past, h=steps)["mean"], dtype=np.float64)
