"""ARIMA with a weekly season, orders chosen by AICc, fitted every four weeks on the past year. Needs statsforecast."""

from __future__ import annotations

from typing import Any

import numpy as np
from statsforecast.models import AutoARIMA

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.models.stepwise import REACH, forecast_scores
from finopsmetrics.ml.work import Work

EVERY = 28


def judge(work: Work) -> tuple[Floats, Floats]:
    """Expected costs and scores (series x days): the forecast, and the distance above it in its own deviations."""
    return forecast_scores(work, _fit, EVERY)


def _fit(past: Floats, _: int, ahead: int) -> tuple[Floats, Floats]:
    season = 7 if len(past) >= 28 else 1
    model = AutoARIMA(season_length=season, max_p=2, max_q=2, max_P=1, max_Q=1, approximation=True)
    within: list[Any] = [68.27]
    made = model.forecast(y=past, h=ahead, level=within)
    mean = np.asarray(made["mean"], dtype=np.float64)
    return mean, np.asarray(made["hi-68.27"], dtype=np.float64) - mean


def ahead(past: Floats, _: np.datetime64, steps: int, season: int) -> Floats:
    """The forecast of the `steps` after the end of one series."""
    length = season if len(past) >= 4 * season else 1
    model = AutoARIMA(season_length=length, max_p=2, max_q=2, max_P=1, max_Q=1, approximation=True)
    return np.asarray(model.forecast(y=past[-REACH:], h=steps)["mean"], dtype=np.float64)
