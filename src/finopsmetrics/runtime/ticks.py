"""Ticks: when a cron schedule falls due in its time zone, also on the days on which the clocks change."""

from __future__ import annotations

from collections.abc import Iterator
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

    A time that the clocks skip in spring ticks once, when they have moved; one that comes twice in autumn ticks the first
    time only, unless the hour field is `*`: such a schedule follows the time that passes.
    """
    step = timedelta(seconds=1) if len(cron.split()) == 6 else timedelta(minutes=1)
    at = now.replace(microsecond=0) if step.seconds == 1 else now.replace(second=0, microsecond=0)
    return _newest(cron, zone, at)


def next_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The first tick after `now`, both UTC without zone; None when there is none. Raises UsageError."""
    return next(_ticks(cron, zone, now, forward=True), None)


@lru_cache(maxsize=1024)
def _newest(cron: str, zone: str, at: datetime) -> datetime | None:
    return next(_ticks(cron, zone, at + timedelta(microseconds=1), forward=False), None)


def _ticks(cron: str, zone: str, start: datetime, *, forward: bool) -> Iterator[datetime]:
    """The ticks on one side of `start`, the nearest first."""
    from croniter import CroniterBadDateError, CroniterError, croniter

    try:
        dates = croniter(cron, start.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)))
        once = cron.split()[1] != "*"
        while True:
            found: datetime = dates.get_next(datetime) if forward else dates.get_prev(datetime)
            if not (once and found.fold):  # the second of two equal times on the clock
                yield found.astimezone(UTC).replace(tzinfo=None)
    except CroniterBadDateError:
        return
    except (CroniterError, ZoneInfoNotFoundError, ValueError) as error:
        cause = f"{cron!r} in {zone!r} cannot be read as a schedule."
        raise UsageError(cause, cure="See docs/jobs.md for how schedules are written.") from error
