"""Prophet with a weekly season, fitted every four weeks on the past year. Needs prophet."""

from __future__ import annotations

import logging

import numpy as np
from prophet import Prophet

from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.models.stepwise import forecast_scores
from finopsmetrics.ml.work import Work

EVERY = 28
WIDTH = 0.8
"""The share of days within Prophet's interval, which is 1.2816 standard deviations to either side."""


def judge(work: Work) -> tuple[Floats, Floats]:
    """Expected costs and scores (series x days): the forecast, and the distance above it in its own deviations."""
    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)

    def fit(past: Floats, start: int, ahead: int) -> tuple[Floats, Floats]:
        import pandas as pd

        model = Prophet(weekly_seasonality=True, yearly_seasonality=False, daily_seasonality=False, interval_width=WIDTH)
        days = work.calendar.dates[start - len(past)] + np.arange(len(past) + ahead)
        np.random.seed(0)  # Prophet draws its intervals from the global generator
        model.fit(pd.DataFrame({"ds": days[: len(past)].astype("datetime64[s]"), "y": past}), seed=0)
        made = model.predict(pd.DataFrame({"ds": days[len(past) :].astype("datetime64[s]")}))
        return made["yhat"].to_numpy(), ((made["yhat_upper"] - made["yhat_lower"]) / 2 / 1.2816).to_numpy()

    return forecast_scores(work, fit, EVERY)


def ahead(past: Floats, last: np.datetime64, steps: int, season: int) -> Floats:
    """The forecast of the `steps` after the end of one series; `last` is the date of its last step, a day or a month."""
    import pandas as pd

    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
    dates = (last + np.arange(1 - len(past), steps + 1)).astype("datetime64[s]")
    model = Prophet(
        weekly_seasonality=season == 7, yearly_seasonality=season == 12, daily_seasonality=False, uncertainty_samples=0
    )
    model.fit(pd.DataFrame({"ds": dates[: len(past)], "y": past}), seed=0)
    return np.asarray(model.predict(pd.DataFrame({"ds": dates[len(past) :]}))["yhat"], dtype=np.float64)
