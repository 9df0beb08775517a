"""When schedules tick, on the days too on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.ticks import checked_cron, checked_zone, newest_tick, next_tick


def ticks(cron: str, zone: str, day: str) -> list[str]:
    """The distinct newest ticks that are seen every five minutes of a local day, as local times with their offset."""
    began = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    ended = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    seen, now = dict[datetime, datetime](), began
    while now < ended:
        tick = newest_tick(cron, zone, now)
        assert tick is not None
        assert tick <= now
        if tick >= began:
            seen.setdefault(tick, now)
            assert now - seen[tick] == now - tick, "a tick was seen late"
        now += timedelta(minutes=5)
    assert list(seen) == sorted(seen)
    return [f"{tick.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%H:%M%z}" for tick in seen]


@pytest.mark.parametrize(
    ("zone", "day", "cron", "expected"),
    [
        ("Europe/Berlin", "2026-03-29", "30 2 * * *", ["03:30+0200"]),
        ("Europe/Berlin", "2026-03-29", "0 3 * * *", ["03:00+0200"]),
        ("Europe/Berlin", "2026-10-25", "30 2 * * *", ["02:30+0200"]),
        ("Europe/Berlin", "2026-10-25", "0 2,3 * * *", ["02:00+0200", "03:00+0100"]),
        ("Europe/Berlin", "2026-10-25", "15 */2 * * *", None),
        ("America/New_York", "2026-03-08", "30 2 * * *", ["03:30-0400"]),
        ("America/New_York", "2026-11-01", "30 1 * * *", ["01:30-0400"]),
        ("America/New_York", "2026-11-01", "30 2 * * *", ["02:30-0500"]),
        ("Australia/Lord_Howe", "2026-10-04", "15 2 * * *", ["02:45+1100"]),
        ("Australia/Lord_Howe", "2026-04-05", "45 1 * * *", ["01:45+1100"]),
        ("UTC", "2026-03-29", "30 2 * * *", ["02:30+0000"]),
    ],
)
def test_a_job_of_the_day_runs_once_when_the_clocks_change(zone: str, day: str, cron: str, expected: list[str] | None) -> None:
    found = ticks(cron, zone, day)
    if expected is None:
        assert len(found) == 12
    else:
        assert found == expected


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_job_of_every_hour_follows_the_time_that_passes(day: str, hours: int) -> None:
    assert len(ticks("0 * * * *", "Europe/Berlin", day)) == hours
    assert len(ticks("*/15 * * * *", "Europe/Berlin", day)) == 4 * hours


CRON = st.sampled_from(
    ["* * * * *", "30 2 * * *", "0 0 1 * *", "15 1,2,3 * * *", "*/7 * * * 1-5", "0 12 29 2 *", "0 */6 * * *", "5 4 * * 0"]
)
ZONE = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"])


@given(CRON, ZONE, st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)), st.integers(0, 100_000))
@settings(max_examples=150, deadline=None)
def test_ticks_are_one_order_of_moments(cron: str, zone: str, now: datetime, seconds: int) -> None:
    tick = newest_tick(cron, zone, now)
    assert tick is not None
    assert tick <= now
    assert newest_tick(cron, zone, tick) == tick
    later = newest_tick(cron, zone, now + timedelta(seconds=seconds))
    assert later is not None
    assert later >= tick
    upcoming = next_tick(cron, zone, now)
    assert upcoming is not None
    assert upcoming > now
    assert newest_tick(cron, zone, upcoming) == upcoming
    assert newest_tick(cron, zone, upcoming - timedelta(seconds=1)) == tick


def test_a_sixth_field_is_seconds() -> None:
    now = datetime(2026, 11, 20, 12, 0, 7, 500_000)
    assert newest_tick("* * * * * */5", "UTC", now) == datetime(2026, 11, 20, 12, 0, 5)
    assert next_tick("* * * * * */5", "UTC", now) == datetime(2026, 11, 20, 12, 0, 10)


def test_a_day_that_never_comes_has_no_tick() -> None:
    assert newest_tick("0 0 30 2 *", "UTC", datetime(2026, 11, 20)) is None
    assert next_tick("0 0 30 2 *", "UTC", datetime(2026, 11, 20)) is None


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "@daily", "a b c d e", "* * * * * * *", "* " * 80, "0 0 * * 9"])
def test_what_is_no_schedule_is_refused(cron: str) -> None:
    with pytest.raises(UsageError, match="five cron fields"):
        checked_cron(cron)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "utc+1"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        checked_zone(zone)
    with pytest.raises(UsageError):
        newest_tick("* * * * *", zone, datetime(2026, 1, 1))
