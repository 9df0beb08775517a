"""Plain data: a time is written in UTC as every reader of ISO 8601 takes it, whatever zone it carries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from finopsmetrics.observability.answers import plain_value


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=2))])
def test_a_time_is_written_in_utc(zone: timezone | None) -> None:
    moment = datetime(2026, 11, 1, 2 if zone not in {None, UTC} else 0, tzinfo=zone)
    written = plain_value(moment)
    assert written == "2026-11-01T00:00:00Z"
    assert datetime.fromisoformat(written).tzinfo == UTC
