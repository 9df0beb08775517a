"""The forecaster: looks daily or monthly costs ahead, many series at once, by the models that did best on each one's past."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.messages import nearest
from finopsmetrics.ml.backtest import Backtest, backtest, median_of
from finopsmetrics.ml.forecasts import Forecast
from finopsmetrics.ml.insample import residuals
from finopsmetrics.ml.intervals import extended
from finopsmetrics.ml.judgement import calendar_of, costs_of, days_of
from finopsmetrics.ml.levels import Flags, Floats
from finopsmetrics.ml.outside import ORIGINS, OUTSIDE, Outside
from finopsmetrics.ml.reach import Reach, reach_of, thinned
from finopsmetrics.ml.sayers import DAILY, PERIODIC, Daily, Periodic, Sayer
from finopsmetrics.ml.smoothing import Starts, since

CHUNK = 256
"""Series worked on at a time."""
WEEK, YEAR = 7, 12
MOST_STEPS = 3660
Dates = NDArray[np.datetime64]


class Forecaster:
    """Looks costs ahead. Deterministic; a forecast depends on nothing but the costs that it is given.

    `model`: auto is the median of the three models that were off least on a series' own past; or one of DAILY or PERIODIC by
    its name; or arima, ets or prophet, which need their packages and a second or more a series. Raises UsageError for another.
    """

    def __init__(self, model: str = "auto") -> None:
        known = ("auto", *dict.fromkeys((*DAILY, *PERIODIC)), *OUTSIDE)
        if model not in known:
            raise UsageError(f"There is no model {model!r}{nearest(model, known)}.", cure=f"Use one of {', '.join(known)}.")
        self.model = model

    def forecast(self, costs: Any, dates: Any, horizon: int, *, holidays: Any = None) -> Forecast:
        """Look one series ahead; see `forecast_many`."""
        try:
            row = [float("nan") if cost is None else cost for cost in costs]
        except TypeError as error:
            raise UsageError("The costs are no list of numbers.", cure="Give one number a day, the oldest first.") from error
        return self.forecast_many([row], dates, horizon, holidays=holidays)[0]

    def forecast_many(self, costs: Any, dates: Any, horizon: int, *, holidays: Any = None) -> list[Forecast]:
        """Look many series (series x steps) `horizon` steps ahead. Leave out days that are not complete yet.

        `dates`: consecutive days with a weekly season, or months (numpy's datetime64[M]) with a yearly one. A cost of NaN is not
        known and takes the one before it; a series begins with its first cost that is not 0. `holidays`: a flag a day.
        Raises UsageError for what cannot be read, and for a model that is not for such steps.
        """
        if not isinstance(horizon, int) or not 1 <= horizon <= MOST_STEPS:
            raise UsageError(f"A horizon of {horizon} steps is not within 1 and {MOST_STEPS}.", cure="Look less far ahead.")
        table = costs_of(costs)
        steps, monthly = _steps(dates, table.shape[1])
        flags = np.zeros(len(steps), dtype=bool) if monthly else calendar_of(steps, holidays).holiday
        names = self._names(monthly)
        history, start = _begun(table)
        grouped: dict[Reach, list[int]] = defaultdict(list)
        for row, first in enumerate(start):
            grouped[reach_of(table.shape[1] - int(first), horizon, monthly)].append(row)
        out: dict[int, Forecast] = {}
        for reach, rows in grouped.items():
            for begin in range(0, len(rows), CHUNK):
                part = np.array(rows[begin : begin + CHUNK])
                work = _Work(history[part], start[part], steps, flags, monthly, horizon, names)
                out.update(zip(part.tolist(), work.ahead(reach), strict=True))
        return [out[row] for row in range(len(table))]

    def _names(self, monthly: bool) -> tuple[str, ...]:
        kind = PERIODIC if monthly else DAILY
        if self.model == "auto":
            return kind
        if self.model not in kind and self.model not in OUTSIDE:
            cure = f"Use auto, or one of {', '.join(kind)}."
            raise UsageError(f"The model {self.model} is not for {'months' if monthly else 'days'}.", cure=cure)
        return (self.model,)


class _Work:
    """Some series that are looked back on alike."""

    def __init__(
        self, history: Floats, start: Starts, steps: Dates, holidays: Flags, monthly: bool, horizon: int, names: tuple[str, ...]
    ) -> None:
        self.history, self.start, self.horizon, self.names = history, start, horizon, names
        self.length, self.season = history.shape[1], YEAR if monthly else WEEK
        self.dates: Dates = steps[-1] + np.arange(1, horizon + 1)
        sayer: Sayer = Periodic(history, start, YEAR) if monthly else Daily(history, start, steps, holidays, horizon)

        outside = names[0] in OUTSIDE
        self.sayer = Outside(sayer, names[0], steps, self.season) if outside else sayer
        self.origins = ORIGINS if outside else None

    def ahead(self, reach: Reach) -> list[Forecast]:
        """One forecast a series."""
        said = self._mean() if reach.short else self.sayer.say(self.length, self.horizon)
        names = tuple(said) if reach.short else self.names
        made = np.stack([said[name] for name in names])
        if reach.back:
            every = reach.back if self.origins is None else thinned(reach.back, self.origins)
            origins = tuple(self.length - back for back in every)
            tested = backtest(self.history, self.sayer, origins, reach.steps, names, self.season)
        else:
            tested = self._untested(names)
        expected = median_of(made, tested.chosen)
        away = np.isnan(np.take_along_axis(made, tested.chosen.T[:, :, None], axis=0).sum(axis=(0, 2)))
        fallen = np.isnan(expected.sum(axis=1))
        expected = np.where(fallen[:, None], self._mean()["mean"], expected)
        return [self._one(row, expected[row], tested, reach, bool(away[row])) for row in range(len(self.history))]

    def _one(self, row: int, expected: Floats, tested: Backtest, reach: Reach, away: bool) -> Forecast:
        seen = self.history[row, self.start[row] :]
        floor = 0.0 if not len(seen) or seen.min() >= 0 else float("-inf")
        return Forecast(
            dates=self.dates,
            expected=np.maximum(expected, floor),
            off=extended(tested.off[row], self.horizon) if reach.back else residuals(seen, self.season, self.horizon),
            basis="backtest" if reach.back else "in sample",
            independent=reach.independent,
            models=tuple(dict.fromkeys(tested.names[place] for place in tested.chosen[row])),
            wape=float(tested.wape[row]),
            guarded=away,
            floor=floor,
            looked_ahead=reach.steps,
        )

    def _mean(self) -> dict[str, Floats]:
        """The mean of the last steps, for what is too new to be learnt from, or where every model ran away."""
        live = since(self.start, self.length)
        live[:, : -4 * WEEK if self.season == WEEK else -YEAR] = False
        mean = np.where(live, self.history, 0).sum(axis=1) / np.maximum(live.sum(axis=1), 1)
        return {"mean": np.repeat(mean[:, None], self.horizon, axis=1)}

    def _untested(self, names: tuple[str, ...]) -> Backtest:
        """All models alike, where there is too little to choose by."""
        count = len(self.history)
        chosen = np.tile(np.arange(len(names)), (count, 1))
        return Backtest(names, chosen, np.zeros((count, 0, 0)), np.full(count, np.nan))


def _steps(dates: Any, count: int) -> tuple[Dates, bool]:
    """The steps of a history, and whether they are months. Raises UsageError."""
    given = np.asarray(dates) if isinstance(dates, np.ndarray) else None
    if given is None or given.dtype != np.dtype("datetime64[M]"):
        return days_of(dates, count), False
    if given.shape != (count,) or (count > 1 and not (np.diff(given.astype(np.int64)) == 1).all()):
        raise UsageError("The months are not one after the other.", cure="Give every month once, in order; one a cost.")
    if count == 0:
        raise UsageError("There is no month to look ahead from.", cure="Give the cost of each month, the oldest first.")
    return given, True


def _begun(table: Floats) -> tuple[Floats, Starts]:
    """Costs without gaps, and the step of the first cost of each series (the last step where there is none)."""
    missing = np.isnan(table)
    place = np.maximum.accumulate(np.where(missing, 0, np.arange(table.shape[1])[None, :]), axis=1)
    filled = np.nan_to_num(np.take_along_axis(table, place, axis=1), nan=0.0)
    there = filled != 0
    start = np.where(there.any(axis=1), there.argmax(axis=1), table.shape[1] - 1)
    return filled, start.astype(np.int64)
