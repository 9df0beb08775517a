"""A month is named by itself wherever its issuer counts it; a period of another length by its first day."""

from __future__ import annotations

import duckdb
import pytest

from finopsmetrics.store.profile import PERIOD


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("2026-09-01 00:00:00", "2026-09"),
        ("2026-09-01 07:00:00", "2026-09"),  # Los Angeles
        ("2026-08-31 16:00:00", "2026-09"),  # China
        ("2026-12-31 10:00:00", "2027-01"),  # UTC+14
        ("2026-08-31 09:59:59", "2026-08-31"),
        ("2026-08-31 00:00:00", "2026-08-31"),
        ("2026-08-15 16:00:00", "2026-08-15"),
    ],
)
def test_a_period_has_the_name_of_its_month_or_of_its_first_day(start: str, name: str) -> None:
    assert duckdb.execute(f"SELECT {PERIOD.format(start=f'TIMESTAMP {start!r}')}").fetchall() == [(name,)]
