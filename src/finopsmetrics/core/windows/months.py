"""Calendar months in UTC: the arithmetic every window rests on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


def midnight(moment: datetime) -> datetime:
    """The start of the moment's UTC day."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_start(year: int, month: int) -> datetime:
    """The first moment of a month. Raises ValueError for a month outside 1..12 or a year outside 1..9999."""
    return datetime(year, month, 1, tzinfo=UTC)


def months_after(start: datetime, months: int) -> datetime:
    """The start of the month `months` later (or earlier, when negative) than the month `start` lies in.

    Raises ValueError when the result lies outside the years 1..9999.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return month_start(year, month + 1)


def months_between(start: datetime, end: datetime) -> int:
    """How many calendar months lie between two month starts."""
    return (end.year - start.year) * 12 + end.month - start.month


def is_midnight(moment: datetime) -> bool:
    """True at the first moment of a UTC day."""
    return moment == midnight(moment)


def is_month_start(moment: datetime) -> bool:
    """True at the first moment of a month."""
    return moment.day == 1 and is_midnight(moment)
