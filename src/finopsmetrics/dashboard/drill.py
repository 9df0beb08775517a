"""Links that lead deeper: to the explorer with the question that is behind a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConditionError
from finopsmetrics.core.windows import Window
from finopsmetrics.core.windows.months import months_after
from finopsmetrics.observability.query import OTHER

LONGEST = 6_000
"""Servers and browsers take addresses of some length only."""


def explorer(
    window: Window | str,
    *,
    group_by: Sequence[str] = (),
    where: str | None = None,
    metric: str = "billed",
    grain: str | None = None,
    chart: str | None = None,
    only: Mapping[str, Any] | None = None,
) -> str | None:
    """The address of the explorer with a question; `only` narrows it to one group. None for a group that has no condition."""
    narrowed = narrow(where, tuple((only or {}).items()))
    if only and narrowed is None:
        return None
    asked = {
        "range": window if isinstance(window, str) else window.text,
        "group_by": ",".join(group_by),
        "filter": narrowed,
        "metric": None if metric == "billed" else metric,
        "grain": grain,
        "chart": chart,
    }
    path = "/explorer?" + urlencode({name: told for name, told in asked.items() if told}, quote_via=quote)
    return path if len(path) <= LONGEST else None


@lru_cache(maxsize=4096)
def narrow(where: str | None, only: tuple[tuple[str, Any], ...]) -> str | None:
    """A condition narrowed to one group; None where the group has none: the rest of many, or a text no condition can hold."""
    if any(value == OTHER for _, value in only):
        return None
    try:
        mine = Condition.from_dict({name: _plain(value) for name, value in only}) if only else None
    except ConditionError:
        return None
    whole = Condition.parse(where) if where else None
    both = mine if whole is None else whole if mine is None else whole & mine
    return None if both is None else str(both)


def _plain(value: Any) -> Any:
    return value.isoformat() + "Z" if isinstance(value, datetime) else value


_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


def step(window: Window, period: datetime, grain: str) -> Window:
    """One step of a window: the hour, day, week, month, quarter or year that begins at `period`, as far as it lies within."""
    start = period.replace(tzinfo=UTC)
    end = start + _LENGTHS[grain] if grain in _LENGTHS else months_after(start, _MONTHS[grain])
    first = start if window.start is None else max(start, window.start)
    return Window(first, end if window.end is None else min(end, window.end))
