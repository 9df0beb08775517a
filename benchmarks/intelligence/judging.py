"""Judged by event: an incident is right when it begins within [start - 1, start + 7] of an anomaly; any other is false.

Strict on purpose: an incident that begins later than a week into an anomaly counts as false, and so does a second one about the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from benchmarks.intelligence.normal import Floats
from benchmarks.intelligence.planted import Series

EARLY, LATE = 1, 7
GAP = 7
"""Alerts at most this many days apart are one incident, for every method alike."""
MONTH = 365 / 12


def incidents(alerts: Any) -> list[int]:
    """The first day of each incident."""
    days = np.flatnonzero(alerts)
    return [int(day) for number, day in enumerate(days) if number == 0 or day - days[number - 1] > GAP]


@dataclass
class Tally:
    """What was found of what was there."""

    found: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    missed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    money: list[float] = field(default_factory=lambda: [0.0, 0.0])
    false: int = 0
    false_about: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    peaks: list[tuple[float, bool]] = field(default_factory=list)
    months: float = 0.0

    def add(self, series: Series, score: Floats) -> None:
        """Judge one series. `score` of at least 1 is an alert."""
        waiting = [event for event in series.events if event.anomaly or event.tolerated]
        self.months += len(score) / MONTH
        begins = incidents(score >= 1)
        for number, begin in enumerate(begins):
            fits = [event for event in waiting if event.start - EARLY <= begin <= event.start + LATE]
            last = begins[number + 1] if number + 1 < len(begins) else len(score)
            peak = float(score[begin:last].max())
            if fits and fits[0].anomaly:
                self.found[fits[0].kind].append(max(0, begin - fits[0].start))
                self.money[0] += fits[0].impact
            elif not fits:
                self.false += 1
                near = [event.kind for event in series.events if event.start - EARLY <= begin < max(event.end, event.start + 8)]
                self.false_about[near[-1] if near else "nothing"] += 1
            if fits:
                waiting.remove(fits[0])
            if not fits or fits[0].anomaly:
                self.peaks.append((peak, bool(fits)))
        for event in series.events:
            self.money[1] += event.impact if event.anomaly else 0.0
        for event in waiting:
            if event.anomaly:
                self.missed[event.kind] += 1

    def figures(self) -> dict[str, float]:
        """Recall, dollar-weighted recall, precision, false incidents per 100 series-months, median delay in days."""
        delays = [delay for kind in self.found.values() for delay in kind]
        hits, lost = len(delays), sum(self.missed.values())
        return {
            "events": hits + lost,
            "recall": hits / max(1, hits + lost),
            "dollar recall": self.money[0] / (self.money[1] or 1.0),
            "precision": hits / max(1, hits + self.false),
            "false / 100 months": 100 * self.false / self.months,
            "median delay": float(median(delays)) if delays else float("nan"),
        }

    def by_kind(self) -> list[dict[str, Any]]:
        """Events, recall and median delay of each kind of anomaly."""
        rows = []
        for kind in sorted({*self.found, *self.missed}):
            delays = self.found.get(kind, [])
            count = len(delays) + self.missed.get(kind, 0)
            delay = float(median(delays)) if delays else float("nan")
            rows.append({"kind": kind, "events": count, "recall": len(delays) / count, "median delay": delay})
        return rows


def tally(estate: Sequence[Series], scores: Floats) -> Tally:
    """Judge the scores of an estate, one row a series."""
    made = Tally()
    for series, score in zip(estate, scores, strict=True):
        made.add(series, score)
    return made
