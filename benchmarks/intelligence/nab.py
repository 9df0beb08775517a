"""The Numenta Anomaly Benchmark as a smoke test: `python -m benchmarks.intelligence nab FOLDER`.

NAB's files are not daily costs, so they are brought to the detector's form: a day becomes seven steps, so that its weekday factors
learn the hours; each step is looked at by its mean, its greatest and its least value, upwards and downwards. As NAB does it for
everybody, ONE threshold is fitted on the scored data: a smoke test, and no proof.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.intelligence.normal import Floats
from finopsmetrics.ml.calendar import Calendar
from finopsmetrics.ml.robust import judge
from finopsmetrics.ml.work import Work

STEPS = 7
FALSE, MISSED = 0.11, 1.0
OFFSET = 10.0
"""Values are put so far above zero, in spreads of the probationary part."""


def points(path: Path) -> tuple[Any, Floats]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return np.array([row["timestamp"] for row in rows], dtype="datetime64[s]"), np.array([float(row["value"]) for row in rows])


def probation(count: int) -> int:
    """NAB's probationary period: 15 % of a file, at most 750 points."""
    return int(min(0.15 * count, 750))


def scores(times: Any, values: Floats) -> Floats:
    """A score a point: that of the step at its last point, only where it is the greatest within a day."""
    length = max(1, round(86400 / STEPS / max(1.0, float(np.median(np.diff(times).astype(float))))))
    length = min(length, max(1, probation(len(values)) // 14))
    count = len(values) // length
    steps = values[: count * length].reshape(count, length)
    early = values[: probation(len(values))]
    middle, wide = np.median(early), max(np.quantile(early, 0.9) - np.quantile(early, 0.1), 1e-9, 0.02 * abs(np.median(early)))
    looks = np.stack([look for shown in (steps.mean(axis=1), steps.max(axis=1), steps.min(axis=1)) for look in (shown, -shown)])
    signs = np.array([1, -1] * 3)[:, None]
    costs = np.maximum(OFFSET + (looks - signs * middle) / wide * 2, 0.01)
    calendar = Calendar(np.datetime64("2001-01-01", "D") + np.arange(count), np.zeros(count, dtype=bool))
    object.__setattr__(calendar, "slots", [np.array([], dtype=int)] * count)  # these steps are no days of a month
    object.__setattr__(calendar, "edge", np.zeros(count, dtype=bool))
    _, found = judge(Work(costs, calendar, np.zeros(costs.shape, dtype=bool), STEPS))
    best = found.max(axis=0)
    out = np.zeros(len(values))
    for step in range(count):
        if best[step] > best[max(0, step - STEPS) : step].max(initial=0.0):
            out[(step + 1) * length - 1] = best[step]
    return out


def sigmoid(place: float) -> float:
    """NAB's scaled sigmoid: -1 far after a window."""
    return 2 / (1 + float(np.exp(5 * place))) - 1 if place <= 3 else -1.0


def scored(windows: list[tuple[int, int]], alerts: Any, start: int) -> float:
    """NAB's score of one file: the first alert within each window, less what is missed and what is false."""
    total = 0.0
    hit = set()
    for point in np.flatnonzero(alerts):
        if point < start:
            continue
        inside = [number for number, (left, right) in enumerate(windows) if left <= point <= right]
        if inside:
            if inside[0] not in hit:
                left, right = windows[inside[0]]
                hit.add(inside[0])
                total += sigmoid(-(right - point + 1) / (right - left + 1)) / sigmoid(-1.0)
            continue
        before = [(left, right) for left, right in windows if right < point]
        place = (point - before[-1][1]) / max(1, before[-1][1] - before[-1][0]) if before else 4.0
        total += FALSE * sigmoid(place)
    return total - MISSED * (len(windows) - len(hit))


def run(folder: Path) -> dict[str, Any]:
    """The standard profile's score, 0 for a detector that says nothing and 100 for the perfect one."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    files = []
    for name, spans in labels.items():
        times, values = points(folder / "data" / name)
        windows = [tuple(int(np.searchsorted(times, np.datetime64(end[:19], "s"))) for end in span) for span in spans]
        files.append((scores(times, values), windows, probation(len(values))))
    count = sum(len(windows) for _, windows, _ in files)
    best = (-np.inf, 0.0)
    for threshold in np.exp(np.linspace(np.log(0.2), np.log(30), 120)):
        total = sum(scored(windows, found >= threshold, start) for found, windows, start in files)
        best = max(best, (100 * (total + MISSED * count) / (2 * MISSED * count), float(threshold)))
    return {"files": len(files), "windows": count, "score (standard)": best[0], "threshold": best[1]}
