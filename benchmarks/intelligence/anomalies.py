"""The detector and its baselines on estates whose truth is known: `python -m benchmarks.intelligence anomalies [SERIES]`."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.intelligence.baselines import rolling_z, static
from benchmarks.intelligence.judging import Tally
from benchmarks.intelligence.normal import Days, Floats
from benchmarks.intelligence.planted import Series, estate
from benchmarks.measure import show
from finopsmetrics.ml import AnomalyDetector

TUNING, JUDGING = (1, 2, 3), (201, 202, 203)
"""Seeds to tune with, and seeds to judge with; no seed is in both."""
MOST_FALSE = 5.0
FOREST = 15
"""Series of each seed that the isolation forest judges: it takes a second or more each."""

Scored = Callable[[Days, list[Series]], Floats]


def costs(series: list[Series]) -> Floats:
    return np.stack([one.cost for one in series])


def by_model(model: str) -> Scored:
    detector = AnomalyDetector(model=model)
    return lambda days, series: (
        detector.judge_many(costs(series), days.dates, days.holiday, [one.planned for one in series]).score
    )


def told(estates: list[list[Series]], scores: list[Floats], threshold: float) -> Tally:
    made = Tally()
    for series, table in zip(estates, scores, strict=True):
        for one, row in zip(series, table, strict=True):
            made.add(one, row / threshold)
    return made


def fitted(estates: list[list[Series]], scores: list[Floats]) -> float:
    """The lowest threshold with at most MOST_FALSE false incidents per 100 series-months, on seeds for tuning."""
    low, high = 0.05, 200.0
    for _ in range(18):
        middle = (low * high) ** 0.5
        if told(estates, scores, middle).figures()["false / 100 months"] > MOST_FALSE:
            low = middle
        else:
            high = middle
    return high


def row(name: str, method: Scored, count: int, fit: bool) -> tuple[dict[str, Any], Tally]:
    """One line of the table: the threshold from the tuning seeds, everything else from the judging seeds."""
    threshold = 1.0
    if fit:
        drawn = [estate(seed, count) for seed in TUNING]
        threshold = fitted([series for _, series in drawn], [method(*one) for one in drawn])
    drawn = [estate(seed, count) for seed in JUDGING]
    made = told([series for _, series in drawn], [method(*one) for one in drawn], threshold)
    return {"detector": name, "series": count * len(JUDGING), "threshold": threshold, **made.figures()}, made


def quality(count: int) -> None:
    rows = []
    first, best = row("robust", by_model("robust"), count, False)
    rows.append(first)
    rows.append(row("rolling z-score, 28 days", lambda _, series: rolling_z(costs(series)), count, True)[0])
    rows.append(row("static threshold", lambda _, series: static(costs(series)), count, True)[0])
    rows.append(row("ecod", by_model("ecod"), min(count, 200), True)[0])
    if find_spec("sklearn"):
        rows.append(row("isolation_forest", by_model("isolation_forest"), min(count, FOREST), True)[0])
    show("Anomalies, judged by event", rows)
    show("robust, by kind", best.by_kind())
    about = [{"false incidents about": kind, "count": number} for kind, number in sorted(best.false_about.items())]
    show("What the false ones were about", about)
    show("Peak scores of incidents, and how many were true", peaks(best))


def peaks(made: Tally) -> list[dict[str, Any]]:
    out = []
    bounds = [1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, np.inf]
    for low, high in pairwise(bounds):
        true = [right for peak, right in made.peaks if low <= peak < high]
        if true:
            out.append({"from": low, "incidents": len(true), "true": sum(true) / len(true)})
    return out


def speed() -> None:
    days, series = estate(JUDGING[0], 10_000)
    table = costs(series)[:, :365]
    detector = AnomalyDetector()
    began = time.perf_counter()
    detector.judge_many(table, days.dates[:365], days.holiday[:365])
    batch = time.perf_counter() - began
    began = time.perf_counter()
    for line in table[:5]:
        detector.judge(line, days.dates[:365], days.holiday[:365])
    single = (time.perf_counter() - began) / 5 / 365 * 1000
    show("Speed", [{"10,000 series x 365 days, s": batch, "judge, ms a series-day": single}])


def main(count: int = 1000) -> None:
    quality(count)
    speed()
