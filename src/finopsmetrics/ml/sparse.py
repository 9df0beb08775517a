"""Services that cost something only now and then: a day is compared with the days that cost something."""

from __future__ import annotations

import numpy as np

from finopsmetrics.ml.levels import Flags, Floats

SHARE = 0.35
"""Share of days without cost from which on a service is one of these."""
REACH = 180
LIMIT = 2.5
"""Spreads of the logarithm above the median of the days with cost at which a day is an alert."""
FEW = 5
"""With fewer days that cost something, only a day of four times the greatest is an alert."""
EMPTY = 28
"""Days without any cost after which the first cost is told, as a new one."""
NEW = 3.0


def is_sparse(clean: Floats) -> Flags:
    """Which series cost nothing on many days."""
    found: Flags = (clean == 0).mean(axis=1) > SHARE
    return found


def sparse_score(past: Floats, today: Floats) -> Floats:
    """Scores of one day, from the cleaned days before it (series x days)."""
    costs = past[:, -REACH:]
    unit = costs.max(axis=1)
    unit = np.where(unit > 0, unit, 1)
    log = np.full(costs.shape, np.nan)
    np.log(costs / unit[:, None], out=log, where=costs > 0)
    count = (costs > 0).sum(axis=1)
    order = np.sort(log, axis=1)  # days without cost come last
    row = np.arange(len(order))

    def at(share: float) -> Floats:
        found: Floats = order[row, (share * np.maximum(count - 1, 0)).astype(int)]
        return found

    middle, most = at(0.5), at(1.0)
    wide = np.maximum(np.maximum(at(0.84) - at(0.16), (at(0.95) - middle) / 0.8) / 2, 0.25) * (1 + 2 / np.maximum(count, 1))
    now = np.full(len(today), -np.inf)
    np.log(today / unit, out=now, where=today > 0)
    many = np.minimum((now - middle) / (LIMIT * wide), (now - most) / np.log(1.6))
    score = np.where(count >= FEW, many, (now - most) / np.log(4))
    first = NEW if past.shape[1] >= EMPTY else 0.0
    return np.where(today > 0, np.where(count == 0, first, np.maximum(score, 0)), 0.0)


def learnt(past: Floats, today: Floats) -> Floats:
    """What is kept of a day: its cost, but no more than half as much again as the greatest before."""
    most = past[:, -REACH:].max(axis=1)
    return np.where(most > 0, np.clip(today, 0, most * 1.5), np.maximum(today, 0))
