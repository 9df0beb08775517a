"""Rolling origins: what each model would have said of steps that are known by now, and what it was off by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.ml.levels import Floats, over
from finopsmetrics.ml.sayers import Sayer

BEST = 3
"""A forecast is the median of so many models, those that were off least."""
MOST_MOVED = 3.0
"""Errors are scaled to the level of now, by no more than this factor."""

Chosen = NDArray[np.int64]


@dataclass(frozen=True)
class Backtest:
    """What came of it, for some series: the chosen models as numbers of `names` (series x BEST), and their errors.

    `off` (series x origins x steps): how far what came lay above what was said, scaled to the level of now. `wape` (series): the
    absolute errors as a share of what came; NaN where nothing came.
    """

    names: tuple[str, ...]
    chosen: Chosen
    off: Floats
    wape: Floats


def median_of(made: Floats, chosen: Chosen) -> Floats:
    """The median of each series' chosen models that did not run away, of `made` (models x series x steps)."""
    order = np.sort(np.take_along_axis(made, chosen.T[:, :, None], axis=0), axis=0)  # NaN comes last
    count = np.maximum((~np.isnan(order)).sum(axis=0), 1)[None]
    low = np.take_along_axis(order, (count - 1) // 2, axis=0)[0]
    high = np.take_along_axis(order, count // 2, axis=0)[0]
    found: Floats = (low + high) / 2
    return found


def backtest(
    history: Floats, sayer: Sayer, origins: tuple[int, ...], steps: int, names: tuple[str, ...], season: int
) -> Backtest:
    """Look ahead from every origin with every model, and choose those that were off least. `history` is what came."""
    told = [sayer.say(origin, steps) for origin in origins]
    made = np.stack([[one[name] for one in told] for name in names])  # models x origins x series x steps
    came = np.stack([history[:, origin : origin + steps] for origin in origins])
    level = np.stack([_level(history, origin, season) for origin in origins])
    chosen = _best(came[None] - made, level, history)
    said = np.stack([median_of(made[:, place], chosen) for place in range(len(origins))])
    said = np.where(np.isnan(said), level[:, :, None], said)
    off = came - said
    now = _level(history, history.shape[1], season)
    moved = np.clip(np.where(level > 0, over(np.broadcast_to(now, level.shape), level), 1.0), 1 / MOST_MOVED, MOST_MOVED)
    wape = np.abs(off).sum(axis=(0, 2)) / np.where(np.abs(came).sum(axis=(0, 2)) > 0, np.abs(came).sum(axis=(0, 2)), np.nan)
    return Backtest(names, chosen, (off * moved[:, :, None]).transpose(1, 0, 2), wape)


def _level(history: Floats, end: int, season: int) -> Floats:
    """What a step cost on average over the last four weeks, or the last year of months."""
    span = 4 * season if season == 7 else season
    found: Floats = np.abs(history[:, max(0, end - span) : end]).mean(axis=1)
    return found


def _best(off: Floats, level: Floats, history: Floats) -> Chosen:
    """The models that were off least, by the steps and by their sum alike, relative to the level (series x BEST)."""
    lost = 0.5 * np.abs(off).mean(axis=3) + 0.5 * np.abs(off.mean(axis=3))
    below = np.maximum(level, np.abs(history).mean(axis=1)[None] / 10)
    lost = np.where(np.isnan(lost), np.inf, np.where(below > 0, lost / np.where(below > 0, below, 1), 0.0))
    found: Chosen = np.argsort(lost.mean(axis=1), axis=0, kind="stable")[:BEST].T
    return found
