"""Series for tests: a calm service with a weekday pattern, and days to put it on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST = np.datetime64("2025-01-06", "D")  # a Monday


def dates(count: int) -> NDArray[np.datetime64]:
    return FIRST + np.arange(count)


def calm(count: int = 140, seed: int = 0, level: float = 100.0, noise: float = 0.03, weekend: float = 0.5) -> NDArray[np.float64]:
    """A cost a day: quieter at weekends, a few per cent of noise."""
    rng = np.random.default_rng(seed)
    week = np.where(np.arange(count) % 7 >= 5, weekend, 1.0)
    return level * week * np.exp(rng.normal(0, noise, count))


def begins(judgement: Any) -> list[int]:
    """The first day of each incident."""
    ids = judgement.incident
    return [int(np.flatnonzero(ids == number)[0]) for number in range(1, ids.max(initial=0) + 1)]
