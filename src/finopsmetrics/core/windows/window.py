"""Window: a span of time in UTC, its end exclusive, that remembers how it was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from finopsmetrics.core.errors import WindowError
from finopsmetrics.core.windows.months import DAY, is_midnight, is_month_start, midnight, months_after, months_between

Kind = Literal["days", "hours", "months", "to-date", "span", "all"]
"""How a window moves: by fixed time (days, hours, span), by calendar months, within its period, or not at all."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (inclusive) to `end` (exclusive), both aware and in UTC; None on a side means unbounded.

    `text` is how it was written. `kind` and `period` (months in the period of a "to-date" window) only guide
    `previous()`; two windows are equal when their bounds are. Raises WindowError for naive bounds or an end that is not
    after the start.
    """

    start: datetime | None
    end: datetime | None
    text: str = field(default="", compare=False)
    kind: Kind = field(default="span", compare=False)
    period: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        for side in ("start", "end"):
            moment: datetime | None = getattr(self, side)
            if moment is not None:
                object.__setattr__(self, side, _in_utc(moment))
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise WindowError(
                f"The window {self.text or self.label()!r} ends before it starts.", cure="Write the earlier side first."
            )
        if not self.text:
            object.__setattr__(self, "text", _span_text(self.start, self.end))

    @classmethod
    def parse(cls, text: str, *, now: datetime, fiscal_start_month: int = 1) -> Window:
        """Read a window as people write it; days and months are UTC. `now` must carry a time zone.

        - `30d`, `4w`: that many whole days up to the end of today, today included.
        - `12h`: that many whole hours up to the end of the current hour.
        - `12m`, `2y`: that many calendar months or years including the current one, up to its end.
        - `today`, `yesterday`; `mtd`, `qtd`, `ytd`, `fytd`: from the start of the period through the end of today.
        - `last-month`, `last-quarter`, `last-year`: the whole calendar period before the current one.
        - `2026`, `2026-Q2`, `2026-05`, `2026-05-17`; `FY2026`, `FY2026-Q1`: a fiscal year carries the year in which it
          ends, unless it starts in January.
        - `a..b`: each side one of the absolute forms above or a timestamp (`2026-05-01T10:00Z`). A day or period on the
          right is included to its end (`2026-05-01..2026-05-31` is May); a timestamp is the exclusive end as written.
          An open side is unbounded: `2026-05-01..`, `..2026-05-31`.
        - `all`: everything.

        Upper and lower case are the same. Raises WindowError, its cure naming the forms.
        """
        from finopsmetrics.core.windows.reading import read_window

        return read_window(text, _in_utc(now), fiscal_start_month)

    def previous(self) -> Window:
        """The window of the same kind right before this one: the base of "compared to the previous period".

        Calendar months step by as many months (May -> April; a quarter -> the quarter before; so do written ranges of
        whole months), days and hours by their length. A window to date gives as many days from the start of the
        previous period, at most that whole period (31 days into March -> all of February). Raises WindowError when
        unbounded.
        """
        start, end = self._bounds("has no window before it")
        try:
            if self.kind == "to-date":
                before = months_after(start, -self.period)
                return _moved(self, before, min(before + (end - start), start))
            if self.kind in ("months", "span") and is_month_start(start) and is_month_start(end):
                return _moved(self, months_after(start, -months_between(start, end)), start)
            return _moved(self, start - (end - start), start)
        except (ValueError, OverflowError):
            raise WindowError(f"There is no time before {self.label()}.", cure="Use a later window.") from None

    def days(self) -> int:
        """How many UTC calendar days the window touches. Raises WindowError when unbounded."""
        start, end = self._bounds("has no number of days")
        return -((midnight(start) - end) // DAY)

    def months(self) -> list[tuple[datetime, datetime]]:
        """The calendar months the window touches, each whole as (start, exclusive end), in order and without gaps.

        Raises WindowError when unbounded.
        """
        start, end = self._bounds("has no list of months")
        months = []
        month = months_after(start, 0)
        while month < end:
            following = months_after(month, 1)
            months.append((month, following))
            month = following
        return months

    def contains(self, ts: datetime) -> bool:
        """True when the moment lies within; the start belongs to the window, the end does not. `ts` must be aware."""
        moment = _in_utc(ts)
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def label(self) -> str:
        """Exact dates for people, the last day included: `2026-05-01 … 2026-05-31`; with times when not whole days."""
        dates = all(side is None or is_midnight(side) for side in (self.start, self.end))
        first = None if self.start is None else _shown(self.start, dates)
        last = None if self.end is None else _shown(self.end - DAY if dates else self.end, dates)
        zone = "" if dates else " UTC"
        if first is None or last is None:
            return "all time" if first == last else f"from {first}{zone}" if first else f"until {last}{zone}"
        return first if first == last else f"{first} … {last}{zone}"

    def _bounds(self, what: str) -> tuple[datetime, datetime]:
        if self.start is None or self.end is None:
            raise WindowError(f"{self.text!r} is unbounded and {what}.", cure="Use a window with a start and an end.")
        return self.start, self.end


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise WindowError(f"{moment} has no time zone.", cure="Use an aware datetime, such as datetime.now(UTC).")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise WindowError(f"{moment} lies outside the years 1 to 9999.", cure="Use a nearer time.") from None


def _moved(window: Window, start: datetime, end: datetime) -> Window:
    return Window(start, end, _span_text(start, end), window.kind, window.period)


def _shown(moment: datetime, as_date: bool) -> str:
    if as_date:
        return f"{moment:%Y-%m-%d}".zfill(10)
    return moment.replace(tzinfo=None).isoformat(" ", "auto" if moment.second or moment.microsecond else "minutes")


def _span_text(start: datetime | None, end: datetime | None) -> str:
    """The exact `a..b` form, which parses back to the same bounds."""
    if start is None and end is None:
        return "all"
    sides = [start, end]
    if all(side is None or is_midnight(side) for side in sides):
        sides[1] = None if end is None else end - timedelta(days=1)
        return "..".join("" if side is None else _shown(side, True) for side in sides)
    return "..".join("" if side is None else side.replace(tzinfo=None).isoformat() + "Z" for side in sides)
