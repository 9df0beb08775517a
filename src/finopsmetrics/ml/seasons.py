"""Seasons of many series at once: factors a step of the period, by medians for weekdays, by moving averages for months."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Flags, Floats, over
from finopsmetrics.ml.smoothing import Starts, since

DOUBT = 1.645
"""A season is taken for one when the autocorrelation at its length lies so many deviations above 0 (90 %)."""


def seen(rows: Floats, start: Starts) -> Floats:
    """The rows with NaN before their start."""
    return np.where(since(start, rows.shape[1]), rows, np.nan)


def weekly(rows: Floats, start: Starts, weeks: int) -> Floats:
    """Weekday factors (rows x 7) from the last weeks; the first is that of the step after the end. 1 where nothing is known.

    The median share of each weekday in its week, drawn to 1 as far as it is noise.
    """
    weeks = min(weeks, rows.shape[1] // 7)
    if weeks < 2:
        return np.ones((len(rows), 7))
    known = seen(rows, start)[:, -weeks * 7 :].reshape(len(rows), weeks, 7)
    whole = ~np.isnan(known.sum(axis=2))
    count = whole.sum(axis=1)
    means = np.where(whole, known.mean(axis=2), 0.0)
    shares = np.where(whole[:, :, None] & (means[:, :, None] > 0), over(known, means[:, :, None]), np.nan)
    told = np.where(np.isnan(shares).all(axis=1, keepdims=True), 1.0, shares)
    middle = np.nanmedian(told, axis=1)
    spread = np.nanmean(np.abs(told - middle[:, None, :]), axis=1) * 1.25
    doubt = (spread**2).mean(axis=1) * 1.57 / np.maximum(count, 1)
    apart = ((middle - 1) ** 2).mean(axis=1)
    keep = np.where((count >= 2) & (apart > 0), np.clip(1 - over(doubt, apart), 0, 1), 0.0)
    drawn = np.maximum(1 + (middle - 1) * keep[:, None], 0.0)
    mean = drawn.mean(axis=1)[:, None]
    return np.where(mean > 0, over(drawn, np.broadcast_to(mean, drawn.shape)), 1.0)


def yearly(rows: Floats, start: Starts, period: int) -> Floats:
    """Factors of a period (rows x period) by classical decomposition, the first that of the step after the end.

    1 for rows that are shorter than two periods, that touch 0, or whose season is no more than noise.
    """
    steps = rows.shape[1]
    ones = np.ones((len(rows), period))
    if steps < 2 * period + 1:
        return ones
    known = seen(rows, start)
    weights = np.full(period + 1, 1 / period)
    weights[[0, -1]] /= 2
    windows = np.lib.stride_tricks.sliding_window_view(known, period + 1, axis=1)
    middle = windows @ weights  # NaN wherever a part is
    half = period // 2
    ratio = np.full(known.shape, np.nan)
    ratio[:, half : half + middle.shape[1]] = np.where(middle > 0, known[:, half : half + middle.shape[1]] / middle, np.nan)
    padded = np.concatenate([np.full((len(rows), (-steps) % period), np.nan), ratio], axis=1)
    cycles = padded.reshape(len(rows), -1, period)
    count = (~np.isnan(cycles)).sum(axis=1)
    mean = np.where(count > 0, np.nansum(cycles, axis=1) / np.maximum(count, 1), 1.0)
    mean = mean / mean.mean(axis=1, keepdims=True)
    good = (count > 0).all(axis=1) & (np.where(np.isnan(known), 1, known) > 0).all(axis=1) & _seasonal(known, period)
    return np.where(good[:, None], mean, ones)


def _seasonal(known: Floats, period: int) -> Flags:
    """Whether the autocorrelation at the length of the period is more than noise (Fiorucci et al. 2016)."""
    live = ~np.isnan(known)
    count = live.sum(axis=1)
    mean = np.where(live, known, 0).sum(axis=1) / np.maximum(count, 1)
    away = np.where(live, known - mean[:, None], 0)
    below = (away**2).sum(axis=1)

    def at(lag: int) -> Floats:
        return over((away[:, lag:] * away[:, :-lag]).sum(axis=1), below)

    before = sum((at(lag) ** 2 for lag in range(1, period)), np.zeros(len(known)))
    limit = DOUBT * np.sqrt((1 + 2 * before) / np.maximum(count, 1))
    found: Flags = (count >= 2 * period) & (np.abs(at(period)) > limit)
    return found


def laid(factors: Floats, steps: int) -> Floats:
    """Factors over the steps after the end (rows x steps)."""
    return np.tile(factors, (1, -(-steps // factors.shape[1])))[:, :steps]


def behind(factors: Floats, steps: int) -> Floats:
    """Factors over the steps up to the end (rows x steps)."""
    times = -(-steps // factors.shape[1])
    return np.tile(factors, (1, times))[:, times * factors.shape[1] - steps :]
