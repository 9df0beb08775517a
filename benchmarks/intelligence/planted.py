"""What is planted into normal days: anomalies that should be found, and happenings that must not be reported.

Sizes are drawn in days of cost, whatever the noise of the service: some events are smaller than its noise and cannot be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.intelligence.normal import Days, Floats, Service, bookings, service

COUNT = 400
"""Days of a series."""
FIRST = 42
"""The first day on which something may be planted."""
KINDS = {
    "spike": 0.26,
    "gpu_left_on": 0.16,
    "level_shift": 0.16,
    "ramp": 0.12,
    "price_unannounced": 0.10,
    "slow_leak": 0.10,
    "weekend_job": 0.10,
}
"""Anomalies, and how often each is drawn. A weekend job needs a service that rests at weekends; others get a spike instead."""


@dataclass(frozen=True)
class Event:
    """One planted thing: its kind, first day, the day after its last, what it added in money, whether it should be found.

    `tolerated`: one incident about it is neither right nor wrong (a launch, a purchase that nobody announced).
    """

    kind: str
    start: int
    end: int
    impact: float
    anomaly: bool = True
    tolerated: bool = False


@dataclass
class Series:
    """One series with its truth; `planned` holds what was announced: (announced, start, end, note), days as dates."""

    cost: Floats
    events: list[Event] = field(default_factory=list)
    planned: list[tuple[object, object, object, str]] = field(default_factory=list)


def sized(rng: np.random.Generator, low: float, high: float) -> float:
    """A size between two, even on a log scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _spike(rng: np.random.Generator, made: Service, start: int) -> Floats:
    extra = np.zeros(COUNT)
    times = sized(rng, 3, 15) if made.sparse else sized(rng, 0.5, 8)
    extra[start : start + rng.integers(1, 4)] = times
    return extra * made.level


def _gpu(rng: np.random.Generator, made: Service, start: int) -> Floats:
    extra = np.zeros(COUNT)
    extra[start : start + rng.integers(3, 15)] = sized(rng, 0.4, 5) * made.level[start]
    return extra


def _shift(rng: np.random.Generator, made: Service, start: int) -> Floats:
    extra = np.zeros(COUNT)
    last = COUNT if rng.random() < 0.5 else start + rng.integers(20, 90)
    extra[start:last] = sized(rng, 0.2, 2)
    return extra * made.cost


def _ramp(rng: np.random.Generator, made: Service, start: int) -> Floats:
    rise, stay = rng.integers(4, 11), rng.integers(3, 11)
    extra = np.zeros(COUNT)
    path = np.concatenate([np.arange(1, rise + 1) / rise, np.ones(stay)])[: COUNT - start]
    extra[start : start + len(path)] = path * sized(rng, 0.5, 4)
    return extra * made.level


def _price(rng: np.random.Generator, made: Service, start: int) -> Floats:
    extra = np.zeros(COUNT)
    extra[start:] = rng.uniform(0.08, 0.35)
    return extra * made.cost


def _leak(rng: np.random.Generator, made: Service, start: int) -> Floats:
    length = rng.integers(20, 51)
    extra = np.zeros(COUNT)
    path = sized(rng, 0.02, 0.1) * np.arange(1, length + 1)  # what is never deleted piles up evenly
    extra[start : start + length] = path[: COUNT - start]
    return extra * made.level


def _weekend(rng: np.random.Generator, made: Service, start: int, days: Days) -> Floats:
    until = start + 7 * rng.integers(2, 7)
    on = (days.weekday >= 5) & (np.arange(COUNT) >= start) & (np.arange(COUNT) < until)
    return np.where(on, made.cost * (1 / made.weekend - 1) * rng.uniform(0.8, 1.1), 0.0)


def _drawn(rng: np.random.Generator, made: Service, start: int, days: Days) -> tuple[str, Floats]:
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if made.sparse or (kind == "weekend_job" and made.weekend >= 0.85):
        kind = "spike"
    if kind == "weekend_job":
        return kind, _weekend(rng, made, start, days)
    makers = {
        "spike": _spike,
        "gpu_left_on": _gpu,
        "level_shift": _shift,
        "ramp": _ramp,
        "price_unannounced": _price,
        "slow_leak": _leak,
    }
    return kind, makers[kind](rng, made, start)


def _anomaly(rng: np.random.Generator, made: Service, start: int, days: Days) -> tuple[Event, Floats] | None:
    kind, extra = _drawn(rng, made, start, days)
    if not extra.any():
        return None
    start, end = int(np.flatnonzero(extra)[0]), int(np.flatnonzero(extra)[-1]) + 1
    # What lasts is somebody's new normal after a month: no more than 30 days of it are counted.
    return Event(kind, start, end, float(extra[start : min(end, start + 30)].sum())), extra


def _harmless(rng: np.random.Generator, made: Service, start: int, days: Days, series: Series) -> Floats:
    """Something that must not be reported: announced, or bought once; told to the detector where somebody announced it."""
    kind = rng.choice(["price_announced", "load_test_announced", "migration_announced", "purchase_announced", "purchase_once"])
    extra = np.zeros(COUNT)
    stays = kind in {"price_announced", "migration_announced"}
    length = COUNT - start if stays else int(rng.integers(1, 4)) if kind == "load_test_announced" else 1
    size = {
        "price_announced": rng.uniform(0.05, 0.35),
        "load_test_announced": sized(rng, 0.5, 4),
        "migration_announced": sized(rng, 0.2, 1.5),
    }.get(str(kind), sized(rng, 2, 40))
    extra[start : start + length] = size
    if kind != "purchase_once":
        end = None if stays else days.dates[0] + start + length
        series.planned.append((days.dates[0] + start - int(rng.integers(1, 30)), days.dates[0] + start, end, str(kind)))
    extra *= made.level
    series.events.append(Event(str(kind), start, start + length, float(extra.sum()), False, kind == "purchase_once"))
    return extra


def draw(seed: int, index: int, days: Days) -> Series:
    """One series: a service, about one anomaly and one harmless happening in the time, at least a month apart."""
    rng = np.random.default_rng([seed, index])
    made = service(rng, days)
    series = Series(made.cost)
    total = made.cost.copy()
    if made.launched >= 0:
        series.events.append(Event("launch", made.launched, made.launched + 30, 0.0, False, True))
    series.events += [Event("first_of_a_fee", first, first + 1, 0.0, False, True) for first in made.firsts]
    taken = [made.launched] if made.launched >= 0 else []
    for anomaly in [True] * rng.poisson(1.1) + [False] * rng.poisson(0.7):
        start = int(rng.integers(FIRST, COUNT - 10))
        if any(abs(start - other) < 35 for other in taken) or start < made.launched + 30 or made.level[start] <= 0:
            continue
        taken.append(start)
        found = _anomaly(rng, made, start, days) if anomaly else None
        if found is not None:
            series.events.append(found[0])
            total += found[1]
        elif not anomaly:
            total += _harmless(rng, made, start, days, series)
    series.cost = bookings(rng, total, made.level)
    return series


def estate(seed: int, count: int) -> tuple[Days, list[Series]]:
    """Some series over the same days. The first date comes from the seed, so that months and weeks fall differently."""
    start = np.datetime64("2022-01-01", "D") + int(np.random.default_rng(seed).integers(1000))
    days = Days.of(str(start), COUNT)
    return days, [draw(seed, index, days) for index in range(count)]
