"""The models of a forecast: what each of them says of many rows at once. Rows end together; each has its own start."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Flags, Floats
from finopsmetrics.ml.seasons import behind, laid, seen, weekly, yearly
from finopsmetrics.ml.smoothing import Starts, firsts, since, slopes, smooth

ALPHAS = np.array([[alpha, 0, 1] for alpha in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)])
DAMPED = np.array(
    [
        [alpha, beta, fade]
        for alpha in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
        for beta in (0.02, 0.05, 0.1, 0.3)
        for fade in (0.85, 0.92, 0.98)
    ]
)
DAILY_ALPHAS = np.array([[alpha, 0, 1] for alpha in (0.01, 0.03, 0.06, 0.12, 0.25, 0.5)])
DAILY_DAMPED = np.array([[alpha, beta, fade] for alpha in (0.05, 0.15, 0.4) for beta in (0.02, 0.1) for fade in (0.95, 0.985)])
SLOW = np.array([[0.03, 0.0, 1.0]])
LOW = 0.15
"""From a weekday that costs less than this share of the others no level is learnt."""
WEEKS = 12
REACH = 280
TREND = 182
BLOCK, LEAST_BLOCKS = 28, 5
MOST_BLOCKS = 13
"""A year of blocks."""


def daily(rows: Floats, start: Starts, steps: int) -> dict[str, Floats]:
    """Forecasts of days (rows x steps) by each model, the weekdays included."""
    slow = blocks(rows, start, steps)
    width = min(rows.shape[1], REACH)
    rows, start = rows[:, -width:], np.maximum(start - (rows.shape[1] - width), 0)
    week = weekly(rows, start, WEEKS)
    past, ahead = behind(week, width), laid(week, steps)
    low = past < LOW
    flat = np.where(low, 0.0, rows / np.where(low, 1.0, past))
    live = seen(flat, start)
    live[low] = np.nan
    flat = np.where(low, _carried(flat, low), flat)

    def recent(days: int) -> Floats:
        part = live[:, -min(days, width) :]
        count = (~np.isnan(part)).sum(axis=1)
        return np.where(count > 0, np.nansum(part, axis=1) / np.maximum(count, 1), 0.0)[:, None] * ahead

    def trend(days: int) -> Floats:
        return slopes(flat, np.maximum(start, width - days))

    return {
        "smoothed": smooth(flat, start, DAILY_ALPHAS, 7, skipped=low).ahead(steps) * ahead,
        "slow": smooth(flat, start, SLOW, 28, skipped=low).ahead(steps) * ahead,
        "damped": smooth(flat, start, DAILY_DAMPED, 7, skipped=low).ahead(steps) * ahead,
        "theta": smooth(flat, start, DAILY_ALPHAS, 7, drift=trend(TREND) / 2, skipped=low).ahead(steps) * ahead,
        "month": recent(28),
        "quarter": recent(91),
        "last week": np.tile(rows[:, -7:], (1, -(-steps // 7)))[:, :steps] if width >= 7 else recent(7),
        **{name: np.where(np.isnan(said), recent(91), said * ahead) for name, said in slow.items()},
    }


def blocks(rows: Floats, start: Starts, steps: int) -> dict[str, Floats]:
    """Forecasts of days (rows x steps) by the means of four weeks, as if the week had no days: what grows slowly shows in them.

    NaN for rows of fewer than LEAST_BLOCKS of them, and for what runs away.
    """
    count = rows.shape[1] // BLOCK
    if count < LEAST_BLOCKS:
        return dict.fromkeys(("four weeks theta", "four weeks damped"), np.full((len(rows), steps), np.nan))
    first = rows.shape[1] - count * BLOCK
    means = rows[:, first:].reshape(len(rows), count, BLOCK).mean(axis=2)
    begun = np.maximum(-(-(start - first) // BLOCK), 0)
    short = begun > count - LEAST_BLOCKS
    made = periodic(means, np.minimum(begun, count - 1), -(-steps // BLOCK), MOST_BLOCKS)
    out = {}
    for name in ("theta", "damped"):
        log = made[f"log {name}"]
        said = np.where(np.isnan(log), made[name], log)
        out[f"four weeks {name}"] = np.where(short[:, None], np.nan, np.repeat(said, BLOCK, axis=1)[:, :steps])
    return out


def _carried(flat: Floats, low: Flags) -> Floats:
    """The last step before each that is not `low`."""
    place = np.maximum.accumulate(np.where(low, 0, np.arange(flat.shape[1])[None, :]), axis=1)
    found: Floats = np.take_along_axis(flat, place, axis=1)
    return found


def periodic(rows: Floats, start: Starts, steps: int, period: int) -> dict[str, Floats]:
    """Forecasts of months, quarters or others with a season of `period` steps (rows x steps) by each model."""
    width = rows.shape[1]
    factors = yearly(rows, start, period)
    flat, ahead = rows / behind(factors, width), laid(factors, steps)
    live = since(start, width)
    warm = max(3, min(6, period // 2))
    half = warm if width >= 2 * warm else 0
    first = (firsts(flat, np.minimum(start + half, width - 1), warm) - firsts(flat, start, warm)) / max(half, 1)
    made = {
        "theta": smooth(flat, start, ALPHAS, 3, drift=slopes(flat, start) / 2).ahead(steps) * ahead,
        "damped": smooth(flat, start, DAMPED, warm, first=first).ahead(steps) * ahead,
        "smoothed": smooth(flat, start, ALPHAS, 3).ahead(steps) * ahead,
        "seasonal naive": np.tile(rows[:, -period:], (1, -(-steps // period)))[:, :steps]
        if width >= period
        else np.repeat(rows[:, -1:], steps, axis=1),
    }
    above = np.where(live, flat, 1.0).min(axis=1) > 0
    log = np.log(np.where(live & above[:, None], flat, 1.0))
    grown = (firsts(log, np.minimum(start + half, width - 1), warm) - firsts(log, start, warm)) / max(half, 1)
    for name, log_made in (
        ("log theta", smooth(log, start, ALPHAS, 3, drift=slopes(log, start) / 2)),
        ("log damped", smooth(log, start, DAMPED, warm, first=grown)),
    ):
        with np.errstate(over="ignore"):
            made[name] = np.where(above[:, None], np.exp(np.minimum(log_made.ahead(steps), 700)) * ahead, np.nan)
    return made
