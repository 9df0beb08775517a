"""How far a forecast reaches, and the periods that it is told by. Times are UTC without zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from finopsmetrics.core import checks
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.windows.months import DAY, months_after
from finopsmetrics.observability.query import naive

GRAINS = ("day", "week", "month")
MOST_DAYS = 1_830
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"mo": 1, "y": 12}


def end_of(start: datetime, horizon: str) -> datetime:
    """The end of a horizon that begins at `start`: 30d, 8w, 6m, 1y.

    Months and years end with a whole month: the end is the month start that lies nearest to so many months after `start`.
    Raises QueryError.
    """
    try:
        text = checks.horizon(horizon)
    except (TypeError, ValueError) as error:
        raise QueryError(f"The horizon cannot be read: {error}.", cure="Write 30d, 8w, 6m or 1y.") from error
    number, unit = int(text.rstrip("dwmoy")), text.lstrip("0123456789")
    try:
        if unit in _DAYS:
            end = start + timedelta(days=number * _DAYS[unit])
        else:
            found = naive(months_after(start.replace(tzinfo=UTC), number * _MONTHS[unit] + (1 if start.day > 15 else 0)))
            assert found is not None
            end = found
    except (ValueError, OverflowError) as error:
        raise QueryError(f"A horizon of {horizon} is too far.", cure="Look at most 5y ahead.") from error
    if not start < end or (end - start).days > MOST_DAYS:
        raise QueryError(f"A horizon of {horizon} is too far, or none.", cure="Look 1d to 5y ahead.")
    return end


def periods(start: datetime, end: datetime, grain: str) -> list[tuple[datetime, datetime]]:
    """The days, weeks (from Mondays) or months that lie within, the first and the last as far as they do."""
    out = []
    at = start
    while at < end:
        if grain == "day":
            after = at + DAY
        elif grain == "week":
            after = at + (7 - at.weekday()) * DAY
        else:
            found = naive(months_after(at.replace(tzinfo=UTC), 1))
            assert found is not None
            after = found
        out.append((at, min(after, end)))
        at = after
    return out
