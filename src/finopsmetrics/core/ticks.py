"""Ticks: when a cron schedule falls due in its time zone, also on the days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finopsmetrics.core.errors import UsageError

LONGEST = 120


def checked_cron(text: str) -> str:
    """A schedule in five cron fields, or six where the last one is seconds, as it was written. Raises UsageError."""
    from croniter import croniter

    cron = " ".join(text.split())
    if len(cron) > LONGEST or len(cron.split()) not in {5, 6} or not croniter.is_valid(cron):
        cure = "Write five cron fields, such as '0 6 * * *' (6:00 every day); a sixth one stands for seconds."
        raise UsageError(f"{text[:LONGEST]!r} is no schedule.", cure=cure)
    return cron


def checked_zone(name: str) -> str:
    """The IANA name of a time zone. Raises UsageError."""
    from finopsmetrics.core.checks import zone

    try:
        return zone(name)
    except ValueError as error:
        raise UsageError(f"{name[:60]!r} is no time zone.", cure="Write one such as UTC or Europe/Berlin.") from error


def newest_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The newest tick at or before `now`, both UTC without zone; None when there is none. Raises UsageError.

    A time that the clocks skip in spring ticks as much later; one that comes twice in autumn ticks the first time only.
    Where the hour field is `*` a schedule follows the time that passes instead.
    """
    at = now.replace(microsecond=0) if len(cron.split()) == 6 else now.replace(second=0, microsecond=0)
    return _newest(cron, zone, at)


def next_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The first tick after `now`, both UTC without zone; None when there is none. Raises UsageError."""
    return _nearest(cron, zone, now.replace(microsecond=0), forward=True)


@lru_cache(maxsize=1024)
def _newest(cron: str, zone: str, at: datetime) -> datetime | None:
    return _nearest(cron, zone, at, forward=False)


def _nearest(cron: str, zone: str, now: datetime, *, forward: bool) -> datetime | None:
    """The tick next to `now` on one side of it.

    croniter only counts on a clock without a zone: with one, some of its searches across a change of clocks never end.
    """
    from croniter import CroniterBadDateError, CroniterError, croniter

    try:
        place = ZoneInfo(zone)
        offsets = [_offset(now + timedelta(days=days), place) for days in (-1, 0, 1)]
        low, high = min(offsets), max(offsets)
        clock = croniter(cron, now + low if forward else now + high + timedelta(seconds=1))
        found: datetime | None = None
        while True:
            told: datetime = clock.get_next(datetime) if forward else clock.get_prev(datetime)
            for moment in _moments(told, place, passing=cron.split()[1] == "*"):
                if forward and moment > now:
                    found = min(found or moment, moment)
                elif not forward and moment <= now:
                    found = max(found or moment, moment)
            # What the clock shows further away cannot be nearer to now than this.
            if found is not None and (found <= told - high if forward else found >= told - low):
                return found
    except CroniterBadDateError:
        return None
    except (CroniterError, ZoneInfoNotFoundError, ValueError) as error:
        cause = f"{cron!r} in {zone!r} cannot be read as a schedule."
        raise UsageError(cause, cure="See docs/jobs.md for how schedules are written.") from error


def _moments(told: datetime, place: ZoneInfo, *, passing: bool) -> set[datetime]:
    """The moments in UTC at which the clocks of a place show a time and a schedule ticks."""
    first, second = (told.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    moments = {first, second} if passing else {first}
    shown = {one for one in moments if one.astimezone(place).replace(tzinfo=None) == told} if passing else moments
    return {one.replace(tzinfo=None) for one in shown}


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.replace(tzinfo=UTC).astimezone(place).utcoffset() or timedelta(0)
