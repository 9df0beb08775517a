"""The search: what was unusual in the lake, watch by watch, as incidents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.observability.anomalies.incidents import Incident, gather, series_key
from finopsmetrics.observability.anomalies.series import DailySeries, daily
from finopsmetrics.observability.anomalies.watch import Watch

if TYPE_CHECKING:
    from finopsmetrics.ml.anomaly import Anomaly
    from finopsmetrics.observability.cost_observatory import CostObservatory

HISTORY = 400
"""Days that are read: a fee that comes once a year is known then."""
LEAST_SHARE = 0.01
"""Unless a watch names an amount, an incident is told that added at least this share of what its currency costs a day."""


@dataclass(frozen=True)
class Known:
    """What somebody said of an incident of one series: `expected` or `not_useful`, when it was, and what it added a day."""

    watch: str
    series: str
    verdict: str
    start: date
    a_day: Decimal


@dataclass(frozen=True)
class Found:
    """What a watch found: incidents, the newest first; how many series were judged, how many were beyond what one look can
    judge, how many incidents were too small, and how many were not told because of what was said of their like."""

    watch: Watch
    incidents: tuple[Incident, ...]
    series: int
    left: int
    small: int
    hushed: int
    receipts: tuple[str, ...]
    spend: dict[str, float]


def search(costs: CostObservatory, watch: Watch, now: datetime, *, since: date, known: Sequence[Known] = ()) -> Found:
    """The incidents of a watch that touch days from `since` on, each day judged as it was known then. `now` has a time zone.

    What was said to be expected is expected from its first day on, and again when its like comes: an incident of the same series
    is told only when it adds a quarter more a day. Of a series whose incident was not useful, one half as large again is told.
    Raises UsageError for settings that the detector does not take.
    """
    from finopsmetrics.ml import AnomalyDetector
    from finopsmetrics.ml.anomaly import anomalies_of

    end = _midnight(now) + timedelta(days=1)
    series = daily(costs, watch, end - timedelta(days=HISTORY), end)
    detector = AnomalyDetector(model=watch.model, sensitivity=watch.sensitivity, window=watch.window, drops=watch.drops)
    flags = _flags(series, watch.holidays)
    plans = [watch.plans()] * len(series.groups)
    made = detector.judge_many(series.costs, series.days, flags, plans) if series.groups else ()
    first = (since - series.days[0].item()).days if len(series.days) else 0
    alert = [row for row, one in enumerate(made) if (one.score[max(first, 0) :] >= 1).any()]
    history = series.history(alert)
    found = [one for row in alert for one in anomalies_of(history, row, made[row]) if one.end > since]
    told = gather(watch, found)
    large = [one for one in told if _matters(one, series.spend)]
    kept = [one for one in large if not _hushed(one, known)]
    return Found(
        watch,
        tuple(kept),
        len(series.groups),
        series.left,
        len(told) - len(large),
        len(large) - len(kept),
        series.receipts,
        series.spend,
    )


def _matters(one: Incident, spend: dict[str, float]) -> bool:
    watch = one.watch
    if watch.min_change is not None and one.expected > 0 and abs(one.impact) < watch.min_change * one.expected:
        return False
    if watch.min_impact is not None:
        return watch.currency in {None, one.currency} and abs(one.impact) >= watch.min_impact
    return float(abs(one.impact)) >= LEAST_SHARE * spend.get(one.currency, 0.0)


def _hushed(one: Incident, known: Iterable[Known]) -> bool:
    """Whether every one of its anomalies is like one of which somebody said that it is not to be told."""
    mine = [verdict for verdict in known if verdict.watch == one.watch.name]
    return bool(mine) and all(_like(part, mine) for part in one.parts)


def _like(part: Anomaly, known: Iterable[Known]) -> bool:
    a_day = abs(part.impact) / max((part.end - part.start).days, 1)
    name = series_key(part.group)
    ease = {"expected": Decimal("1.25"), "not_useful": Decimal("1.5")}
    return any(one.series == name and one.start <= part.start and a_day < ease[one.verdict] * one.a_day for one in known)


def _flags(series: DailySeries, days: frozenset[date]) -> Any:
    import numpy as np

    return np.array([day.item() in days for day in series.days], dtype=bool)


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
