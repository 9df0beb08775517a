"""Daily cost as it is when nothing is wrong: the habits of a service, drawn from one seed.

None of what is made here is an anomaly: weekdays, month ends, fees, yearly purchases, seasons, growth, small steps, late bookings,
credits, holidays, pauses, sparse use, a launch, an end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NOISES = ((0.02, 0.25), (0.05, 0.30), (0.10, 0.25), (0.20, 0.14), (0.35, 0.06))
"""Relative noise of a day, and the share of services that have it."""


@dataclass(frozen=True)
class Days:
    """The calendar of a run: dates, weekday (Monday 0), day of the month, days until the month ends, holidays."""

    dates: NDArray[np.datetime64]
    weekday: NDArray[np.int64]
    day: NDArray[np.int64]
    left: NDArray[np.int64]
    holiday: NDArray[np.bool_]

    @classmethod
    def of(cls, start: str, count: int) -> Days:
        dates = np.datetime64(start, "D") + np.arange(count)
        months = dates.astype("datetime64[M]")
        weekday = (dates.astype("int64") + 3) % 7
        day = (dates - months.astype("datetime64[D]")).astype("int64") + 1
        left = ((months + 1).astype("datetime64[D]") - dates).astype("int64") - 1
        feasts = {"01-01", "01-06", "05-01", "07-04", "08-15", "10-03", "11-01", "12-24", "12-25", "12-26"}
        holiday = np.array([str(one)[5:] in feasts for one in dates])
        return cls(dates, weekday, day, left, holiday)


@dataclass(frozen=True)
class Service:
    """One service's normal days: the cost, the level it moves about, its weekend as a share of a working day, its habits."""

    cost: Floats
    level: Floats
    weekend: float
    sparse: bool
    launched: int
    """The day of the launch, -1 for a service that was there from the start."""
    firsts: tuple[int, ...] = ()
    """Days of the first of what recurs: nobody can know of it before."""


def drift(rng: np.random.Generator, count: int) -> Floats:
    """Growth, a slow walk, small steps of a few per cent and, for some, a yearly wave or a season of some weeks."""
    days = np.arange(count)
    log = rng.normal(0.15, 0.35) * days / 365
    log = log + np.cumsum(rng.normal(0, rng.choice([0, 0.002, 0.004, 0.008]), count))
    for _ in range(rng.poisson(2)):
        log[rng.integers(count) :] += rng.normal(0, 0.04)
    if rng.random() < 0.2:
        log += rng.uniform(0.05, 0.25) * np.sin(2 * np.pi * (days / 365 + rng.random()))
    if rng.random() < 0.08:
        log += rng.uniform(0.15, 0.45) * np.exp(-0.5 * ((days - rng.integers(count)) / rng.uniform(14, 30)) ** 2)
    return np.exp(log)


def week(rng: np.random.Generator) -> tuple[Floats, float]:
    """A factor a weekday, and the weekend's share of a working day."""
    shape = np.exp(rng.normal(0, 0.03, 7))
    kind = rng.choice(["flat", "office", "batch", "weekend"], p=[0.35, 0.45, 0.12, 0.08])
    weekend = 1.0
    if kind == "office":
        weekend = rng.uniform(0.1, 0.85)
        shape[5:] *= weekend
    elif kind == "batch":
        shape[rng.integers(7)] *= rng.uniform(1.3, 3)
    elif kind == "weekend":
        weekend = rng.uniform(1.2, 1.8)
        shape[5:] *= weekend
    return shape, weekend


def noise(rng: np.random.Generator, count: int, large: bool) -> Floats:
    """Autocorrelated log noise; three services in ten have heavy tails. Large services are sums of many parts: the calmer of two."""
    drawn = rng.choice([one for one, _ in NOISES], p=[share for _, share in NOISES], size=2)
    sigma = drawn.min() if large else drawn[0]
    phi = rng.uniform(0, 0.6)
    shocks = rng.standard_t(4, count) / np.sqrt(2) if rng.random() < 0.3 else rng.normal(size=count)
    out = np.empty(count)
    last = 0.0
    for day, shock in enumerate(shocks * sigma * np.sqrt(1 - phi**2)):
        out[day] = last = phi * last + shock
    return np.exp(out - sigma**2 / 2)


def fees(rng: np.random.Generator, days: Days) -> tuple[Floats, tuple[int, ...]]:
    """What recurs by the calendar, in days of cost: a fee on the first, a close of the month, an invoice, a yearly purchase.

    And the first day of each, but of the first two weeks.
    """
    extra = np.zeros(len(days.dates))
    firsts = []
    if rng.random() < 0.25:
        amount = np.exp(rng.uniform(np.log(0.3), np.log(6)))
        if rng.random() < 0.3:  # on the first working day
            first = (days.day <= 3) & (days.weekday < 5) & ((days.day == 1) | ((days.weekday == 0) & (days.day <= 3)))
        else:
            first = days.day == 1
        firsts.append(np.flatnonzero(first)[0])
        extra[first] += amount * rng.normal(1, 0.03, first.sum())
    if rng.random() < 0.15:
        close = days.left < rng.integers(1, 4)
        firsts.append(np.flatnonzero(close)[0])
        extra[close] += rng.uniform(0.3, 2) * rng.normal(1, 0.08, close.sum())
    if rng.random() < 0.1:
        invoice = days.day == rng.integers(4, 28)
        firsts.append(np.flatnonzero(invoice)[0])
        extra[invoice] += np.exp(rng.uniform(np.log(0.5), np.log(8))) * rng.normal(1, 0.03, invoice.sum())
    if rng.random() < 0.05:
        first_day = int(rng.integers(len(extra)))
        firsts.append(first_day)
        extra[first_day::365] += np.exp(rng.uniform(np.log(2), np.log(60)))
    return extra, tuple(int(day) for day in firsts if day >= 14)


def bookings(rng: np.random.Generator, cost: Floats, level: Floats) -> Floats:
    """Late bookings (a day's missing part comes with the next), credits, and the last two days still incomplete."""
    cost = cost.copy()
    count = len(cost)
    if rng.random() < 0.3:
        for day in rng.integers(14, count - 3, rng.poisson(1.5 * count / 365)):
            late = cost[day] * rng.uniform(0.2, 0.9)
            cost[day] -= late
            cost[day + rng.integers(1, 3)] += late
    if rng.random() < 0.1:
        for day in rng.integers(0, count, rng.poisson(2 * count / 365)):
            cost[day] -= level[day] * rng.uniform(0.5, 3)
    cost[-1] *= rng.uniform(0.1, 0.7)
    cost[-2] *= rng.uniform(0.6, 1)
    return cost


def service(rng: np.random.Generator, days: Days) -> Service:
    """Draw one service."""
    count = len(days.dates)
    size = rng.uniform(0.5, 3.5)
    level = 10**size * drift(rng, count)
    if rng.random() < 0.12:
        active = rng.random(count) < rng.uniform(0.05, 0.5)
        amounts = np.exp(rng.normal(0, rng.uniform(0.3, 0.8), count))
        return Service(np.where(active, level * amounts, 0.0), level, 1.0, True, -1)
    shape, weekend = week(rng)
    rests = days.holiday & (rng.random() < 0.6) & (weekend < 1)
    weekly = np.where(rests, shape[6], shape[days.weekday])
    launched = -1
    if rng.random() < 0.06:
        launched = int(rng.integers(60, count * 2 // 3))
        level = level * np.clip((np.arange(count) - launched + 1) / rng.integers(1, 11), 0, 1)
    if rng.random() < 0.06:  # an end, or a saving
        level[rng.integers(60, count) :] *= rng.uniform(0, 0.6)
    extra, firsts = fees(rng, days)
    if rng.random() < 0.15:  # a pause that no calendar knows of
        for day in rng.integers(0, count, rng.poisson(1.5)):
            level[day : day + rng.integers(3, 13)] *= rng.uniform(0.1, 0.7)
    cost = level * (weekly * noise(rng, count, size > 2.5) + extra)
    return Service(cost, level, weekend, False, launched, firsts)
