"""The shape of use over days and hours, in whole basis points, so that no float decides an amount."""

from __future__ import annotations

from datetime import date

from finopsmetrics.demo.window import next_month

HOLIDAYS = frozenset({(1, 1), (1, 2), (5, 1), (7, 4), (11, 27), (12, 24), (12, 25), (12, 26), (12, 31)})
_YEAR = (9700, 9600, 9800, 10000, 10100, 10200, 9900, 9700, 10200, 10500, 11400, 11200)
_WEEK: dict[str, tuple[int, ...]] = {
    "flat": (10000,) * 7,
    "demand": (10000, 10200, 10300, 10200, 10100, 8100, 7900),
    "office": (10000, 10100, 10100, 10000, 9400, 2600, 2200),
    "workdays": (10000, 10000, 10000, 10000, 10000, 0, 0),
    "batch": (9600, 9600, 9600, 9600, 9600, 9600, 15500),
    "seats": (10000,) * 7,
}
_HOLIDAY = {"flat": 10000, "demand": 8600, "office": 2500, "workdays": 0, "batch": 10000, "seats": 10000}
_SEASONAL = frozenset({"demand", "office"})
PROFILES = tuple(_WEEK)
HOURS: dict[str, tuple[range, frozenset[int]]] = {
    "always": (range(24), frozenset(range(7))),
    "business": (range(6, 20), frozenset(range(5))),
    "peak": (range(14, 23), frozenset(range(7))),
}


def is_holiday(day: date) -> bool:
    """Whether the company rests on `day`."""
    return (day.month, day.day) in HOLIDAYS


def year_factor(day: date) -> int:
    """Return the season of the year in basis points: each month's level, drawn straight to the next month's."""
    here, there = _YEAR[day.month - 1], _YEAR[day.month % 12]
    length = (next_month(day) - day.replace(day=1)).days
    return here + (there - here) * (day.day - 1) // length


def day_factor(profile: str, day: date) -> int:
    """Return the level of `profile` on `day` in basis points of its base."""
    level = _WEEK[profile][day.weekday()]
    if is_holiday(day):
        level = min(level, _HOLIDAY[profile])
    return level * year_factor(day) // 10000 if profile in _SEASONAL else level


def runs(profile: str, day: date, hour: int) -> bool:
    """Whether a machine with the hourly `profile` is on during `hour` (UTC) of `day`."""
    hours, weekdays = HOURS[profile]
    off = profile == "business" and is_holiday(day)
    return hour in hours and day.weekday() in weekdays and not off
