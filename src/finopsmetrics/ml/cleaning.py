"""Daily costs made ready to be looked ahead from: what stands out is cut, as it was known on each day. Causal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.levels import Flags, Floats
from finopsmetrics.ml.robust import Robust
from finopsmetrics.ml.sparse import SHARE
from finopsmetrics.ml.work import Work

SEEN = 84
CUT = 5.0
"""Usual deviations from what was expected at which a day is cut."""
LEAST = 0.02
"""The least deviation that is usual, relative to what was expected."""


@dataclass(frozen=True)
class Cleaned:
    """Series by days: the costs without what stands out, what each day was expected to cost, the costs as they were."""

    costs: Floats
    expected: Floats
    given: Floats
    sparse: Flags
    """Per day, whether the series cost nothing on many of the days before it."""


def cleaned(costs: Floats, calendar: Calendar) -> Cleaned:
    """Clean series (series x days, NaN before the first cost). No day is changed by a later one."""
    filled = np.where(np.isnan(costs), 0.0, costs)
    judged = Robust(Work(costs, calendar, np.zeros(costs.shape, dtype=bool)))
    judged.judge()
    expected = np.where(np.isnan(judged.base), filled, judged.base)
    away = np.where(np.isnan(costs), 0.0, filled - expected)
    usual = _usual(away, np.abs(expected))
    sparse = _share_of_nothing(costs) > SHARE
    cut = np.clip(filled, expected - CUT * usual, expected + CUT * usual)
    return Cleaned(np.where(sparse, filled, cut), np.where(sparse, np.minimum(expected, filled), expected), filled, sparse)


def _usual(away: Floats, level: Floats) -> Floats:
    """How far a day usually lies from what was expected, by the weeks before it."""
    out = np.empty(away.shape)
    for first in range(0, away.shape[1], 7):
        past = np.abs(away[:, max(0, first - SEEN) : first])
        days = slice(first, first + 7)
        out[:, days] = 1.48 * np.median(past, axis=1)[:, None] if past.shape[1] >= 14 else np.inf
    found: Floats = np.maximum(out, LEAST * level)
    return found


def _share_of_nothing(costs: Floats) -> Floats:
    known = np.cumsum(~np.isnan(costs), axis=1).astype(float)
    nothing = np.cumsum(costs == 0, axis=1).astype(float)
    for table in (known, nothing):
        table[:, SEEN:] -= table[:, :-SEEN].copy()
    found: Floats = nothing / np.maximum(known, 1)
    return found
