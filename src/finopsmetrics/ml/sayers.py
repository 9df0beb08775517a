"""Series made ready once, of which every model can be asked from any step on. No answer depends on a later step."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.candidates import daily, periodic
from finopsmetrics.ml.cleaning import cleaned
from finopsmetrics.ml.fees import Months, fees
from finopsmetrics.ml.levels import Flags, Floats
from finopsmetrics.ml.smoothing import Starts, since

DAILY = ("smoothed", "slow", "damped", "theta", "month", "quarter", "last week", "four weeks theta", "four weeks damped")
PERIODIC = ("theta", "damped", "smoothed", "seasonal naive", "log theta", "log damped")
FAR = 2.0
"""A forecast may lie outside of what was seen by so many times the range of what was seen; what lies farther ran away."""
YEAR = 365


class Sayer(Protocol):
    """Forecasts by model, from the first `end` steps: each series x steps; NaN from a model that ran away."""

    start: Starts

    def ready(self, end: int, steps: int) -> tuple[Floats, Floats]:
        """The first `end` steps as models learn from them, and what comes on top of the `steps` from there on."""

    def say(self, end: int, steps: int) -> dict[str, Floats]:
        """The forecasts of the `steps` from `end` on."""


def guarded(made: dict[str, Floats], past: Floats) -> dict[str, Floats]:
    """Forecasts without those that leave what was seen by far (NaN for the whole series)."""
    low, high = past.min(axis=1)[:, None], past.max(axis=1)[:, None]
    room = FAR * (high - low) + 1e-9 * np.abs(high)
    out = {}
    for name, said in made.items():
        sane = ((said >= low - room) & (said <= high + room)).all(axis=1)
        out[name] = np.where(sane[:, None], said, np.nan)
    return out


class Daily:
    """Daily costs: cleaned, with the fees of the calendar taken out and put back on their days."""

    def __init__(self, costs: Floats, start: Starts, days: NDArray[np.datetime64], holidays: Flags, horizon: int) -> None:
        self.start, self.length = start, costs.shape[1]
        begun = since(start, self.length)
        self.clean = cleaned(np.where(begun, costs, np.nan), Calendar(days, holidays))
        self.excess = self.clean.given - self.clean.expected
        self.months = Months.of(days[0] + np.arange(self.length + horizon))

    def ready(self, end: int, steps: int) -> tuple[Floats, Floats]:
        """The days before `end` without what stands out and without fees, and the fees of the `steps` days from there on."""
        booked, ahead = fees(self.excess, self.clean.sparse[:, end - 1], self.months, end, steps)
        return np.where(booked, self.clean.expected[:, :end], self.clean.costs[:, :end]), ahead

    def say(self, end: int, steps: int) -> dict[str, Floats]:
        """The forecasts of the `steps` days from `end` on."""
        rows, ahead = self.ready(end, steps)
        made = daily(rows, np.minimum(self.start, end - 1), steps)
        return {name: said + ahead for name, said in guarded(made, rows[:, -YEAR:]).items()}


class Periodic:
    """Monthly costs, as they are."""

    def __init__(self, costs: Floats, start: Starts, period: int) -> None:
        self.costs, self.start, self.period = costs, start, period

    def ready(self, end: int, steps: int) -> tuple[Floats, Floats]:
        """The months before `end`; nothing comes on top."""
        rows, start = self.costs[:, :end], np.minimum(self.start, end - 1)
        rows = np.where(since(start, end), rows, rows[np.arange(len(rows)), start][:, None])
        return rows, np.zeros((len(rows), steps))

    def say(self, end: int, steps: int) -> dict[str, Floats]:
        """The forecasts of the `steps` months from `end` on."""
        rows, _ = self.ready(end, steps)
        return guarded(periodic(rows, np.minimum(self.start, end - 1), steps, self.period), rows)
