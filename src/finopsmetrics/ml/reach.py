"""How far a series is looked back on: its origins, by the length of its history."""

from __future__ import annotations

from dataclasses import dataclass

SHORT = 28
"""Days of history below which a forecast is the mean of what is known, without a look back."""
SHORT_MONTHS = 12
LEAST_ORIGINS = 8
MOST_ORIGINS = 26


@dataclass(frozen=True)
class Reach:
    """How one length of history is looked back on: `back` counts the origins from the end, the oldest first.

    `steps` are looked ahead from each; none when the history is too short for eight origins. `independent` is how many such
    stretches the origins span.
    """

    steps: int
    back: tuple[int, ...]
    independent: float
    short: bool


def reach_of(length: int, horizon: int, monthly: bool) -> Reach:
    """The reach of a history of `length` steps."""
    short = length < (SHORT_MONTHS if monthly else SHORT)
    least = min(max(length // 3, 24), 48) if monthly else min(max(length // 5, SHORT), 84)
    steps = min(horizon, max((length - least) // 3, 1))
    room = length - least - steps
    if short or room < LEAST_ORIGINS - 1 or (not monthly and steps < min(7, horizon)):
        return Reach(0, (), max(float(length) / 2, 2.0), short)
    every = max(1, -(-(room + 1) // MOST_ORIGINS))
    if not monthly and 4 <= every <= 7:
        every = 7 if room // 7 >= LEAST_ORIGINS - 1 else every
    back = tuple(range(steps, steps + room + 1, every))[:MOST_ORIGINS][::-1]
    return Reach(steps, back, (back[0] - back[-1]) / steps, short)


def thinned(back: tuple[int, ...], count: int) -> tuple[int, ...]:
    """So many of the origins, from the oldest to the newest, evenly."""
    if len(back) <= count:
        return back
    return tuple(back[round(place * (len(back) - 1) / (count - 1))] for place in range(count))
