"""An anomaly: one incident of one series, with what was expected, what it cost, and what its shape tells of its cause."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.core.exact import minus, total
from finopsmetrics.ml.history import History
from finopsmetrics.ml.judgement import Judgement
from finopsmetrics.ml.sparse import EMPTY

CONFIDENCE = ((1.0, 0.19), (1.1, 0.32), (1.25, 0.49), (1.5, 0.60), (2.0, 0.77), (3.0, 0.83), (5.0, 0.89), (10.0, 0.91))
"""Peak scores, and the share of incidents of that score that were true in generated estates (`docs/quality.md`)."""


@dataclass(frozen=True)
class Anomaly:
    """One incident. `start` and `end` are days, `end` exclusive.

    `expected`, `actual` and `impact` (actual less expected) are sums over them: `expected` is an estimate, rounded to six places,
    `actual` the exact sum of the rows. `confidence`: how often an incident of this score was a true one where the truth is
    known. `predicted_cause` is None where the days do not tell it. `group` names the series by its columns.
    """

    service: str
    start: date
    end: date
    expected: Decimal
    actual: Decimal
    impact: Decimal
    score: float
    confidence: float
    predicted_cause: str | None
    group: dict[str, Any]


def confidence(score: float) -> float:
    """The confidence of a peak score."""
    return CONFIDENCE[max(bisect_right([least for least, _ in CONFIDENCE], score) - 1, 0)][1]


def anomalies_of(history: History, row: int, judgement: Judgement) -> Iterator[Anomaly]:
    """The anomalies of one series of a history, in order."""
    ids = judgement.incident
    service, group = history.services[row], dict(zip(history.names, history.groups[row], strict=True))
    for number in range(1, int(ids.max(initial=0)) + 1):
        days = np.flatnonzero(ids == number)
        known = [day for day in days if history.exact.get((row, int(day)), Decimal(0)) is not None]
        actual = total(history.exact.get((row, int(day))) or Decimal(0) for day in known)
        expected = Decimal(repr(round(float(judgement.expected[known].sum()), 6)))
        peak = float(judgement.score[days].max())
        start, last = (judgement.day[day].item() for day in (days[0], days[-1]))
        yield Anomaly(
            service,
            start,
            last + timedelta(days=1),
            expected,
            actual,
            minus(actual, expected),
            round(peak, 4),
            confidence(peak),
            predicted_cause(history.costs[row], judgement, days),
            group,
        )


def predicted_cause(costs: NDArray[np.float64], judgement: Judgement, days: NDArray[np.int64]) -> str | None:
    """What the shape of an incident tells, or None."""
    alerts = days[judgement.score[days] >= 1]
    start, last = int(days[0]), int(days[-1])
    over = costs - judgement.expected
    if np.nanmax(over[alerts]) < 0:
        return "A lower level."
    if start >= EMPTY and not np.nan_to_num(costs[:start]).any():
        return "A new cost: nothing was spent before."
    weekend = (judgement.day.astype("datetime64[D]").astype(int) + 3) % 7 >= 5
    week = judgement.expected[max(0, start - 7) : start + 7], weekend[max(0, start - 7) : start + 7]
    if weekend[alerts].all() and len(alerts) > 1 and np.nanmean(week[0][week[1]]) < 0.85 * np.nanmean(week[0][~week[1]]):
        return "It ran at a weekend, when it usually rests."
    if len(alerts) >= 4:
        third = max(1, len(alerts) // 3)
        if np.nanmean(over[alerts[-third:]]) > 1.5 * np.nanmean(over[alerts[:third]]):
            return "It rises from day to day."
    after = costs[last + 1 : last + 8]
    after = after[~np.isnan(after)]
    if len(alerts) >= 7 and (not len(after) or np.median(after) > 0.8 * np.nanmedian(costs[alerts])):
        return "A higher level that lasts."
    return None
