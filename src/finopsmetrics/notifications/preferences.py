"""Preferences: how one person wants to hear. They narrow what rules say, and never widen it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import get_args
from zoneinfo import ZoneInfo

from finopsmetrics.core.findings import SEVERITIES, Finding
from finopsmetrics.core.parts import Frequency
from finopsmetrics.kinds.notification_preference import NotificationPreference
from finopsmetrics.notifications.reaching import Outlets, Target
from finopsmetrics.notifications.words import meant

FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
LONGEST_QUIET = 8 * 24 * 60  # minutes: quiet that would never end lasts no longer


def wants(target: Target, finding: Finding, severity: str, outlets: Outlets) -> bool:
    """Whether a person wants to hear of a finding by that channel; who has no preference does."""
    preference = target.person.preference if target.person is not None else None
    if preference is None:
        return True
    if grade(severity) < grade(preference.min_severity) or meant(preference.mute, finding):
        return False
    return not preference.channels or any(target.channel in outlets.named(word) for word in preference.channels)


def slower(frequency: Frequency, preference: NotificationPreference | None) -> Frequency:
    """How often somebody hears: as the rule says, or less often when they want it so."""
    wanted = preference.frequency if preference is not None and preference.frequency is not None else frequency
    return max(frequency, wanted, key=FREQUENCIES.index)


def grade(severity: str) -> int:
    """How grave, as a number: low is 0, critical is 3."""
    return SEVERITIES.index(severity)


def after_quiet(preference: NotificationPreference | None, at: datetime) -> datetime:
    """When a message of `at` may go out to somebody who has quiet hours: at once, or at the end of them. UTC without zone."""
    if preference is None or preference.quiet_hours is None:
        return at
    quiet = preference.quiet_hours
    minute = at.replace(second=0, microsecond=0)
    end = _end(quiet.start, quiet.end, tuple(quiet.days), preference.zone or "UTC", minute)
    return at if end == minute else end


@lru_cache(maxsize=4096)
def _end(start: str, end: str, days: tuple[str, ...], zone: str, minute: datetime) -> datetime:
    """The first minute from `minute` on whose time on the clocks of the zone is not quiet; itself when it is not."""
    begins, ends, place = time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone)
    for passed in range(LONGEST_QUIET):
        moment = minute + passed * MINUTE
        if not _quiet(begins, ends, days, moment.replace(tzinfo=UTC).astimezone(place)):
            return moment
    return minute + LONGEST_QUIET * MINUTE


def _quiet(begins: time, ends: time, days: tuple[str, ...], shown: datetime) -> bool:
    """Whether a time on the clocks lies in quiet hours; those that end when they begin last a day."""
    clock = shown.time()
    today = not days or DAYS[shown.weekday()] in days
    yesterday = not days or DAYS[(shown.weekday() - 1) % 7] in days
    if begins < ends:
        return today and begins <= clock < ends
    return (today and clock >= begins) or (yesterday and clock < ends)
