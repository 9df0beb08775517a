"""CostEntry, the roadmap's write path: durable before it returns, idempotent by id, exact."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics import CostEntry, CostObservatory
from finopsmetrics.core.errors import ConflictError, MoneyError, UsageError
from finopsmetrics.store.tables import cost_entries

ENTRY = CostEntry("e-1", datetime(2026, 5, 3, 10), "12.000000000000000001", "ml-training", tags={"team": "ml"})
ADD = """
import os, sys
from datetime import datetime
from finopsmetrics import CostEntry, CostObservatory
CostObservatory(sys.argv[1]).add_cost_entry(CostEntry("e-2", datetime(2026, 5, 3), 5, "ml-training", tags={"team": "ml"}))
os._exit(9)
"""


def test_entries_are_durable_and_counted_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    costs = CostObservatory(home)
    assert costs.add_cost_entry(ENTRY) is True
    assert costs.add_cost_entry(ENTRY) is False
    with pytest.raises(ConflictError):
        costs.add_cost_entry(replace(ENTRY, cost=13))
    # Another process adds one and dies at once; both are there for whoever asks next.
    assert subprocess.run([sys.executable, "-c", ADD, str(home)], check=False).returncode == 9
    for observatory in (CostObservatory(home), costs):
        rows = observatory.get_costs(filters={"team": "ml"}, group_by="service", time_range="2026-05").rows
        assert rows == [{"service": "ml-training", "currency": "USD", "cost": Decimal("17.000000000000000001")}]
    assert costs.add_cost_entry(ENTRY) is False  # also once it is in the lake
    assert costs.get_costs(time_range="all").rows[0]["cost"] == Decimal("17.000000000000000001")


def test_a_kill_between_the_lake_and_the_note_of_it_counts_nothing_twice(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path)
    costs.add_cost_entry(ENTRY)
    costs.refresh()
    with costs._opened.database.write() as connection:  # as a kill leaves it: in the lake, and not noted so
        connection.execute(cost_entries.update().values(delivery_id=None))
    costs.add_cost_entry(replace(ENTRY, id="e-2", cost=1))
    assert costs.get_costs(time_range="all").rows[0]["cost"] == Decimal("13.000000000000000001")


def test_entries_that_come_while_others_ask_are_counted_once(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path)

    def add_and_ask(number: int) -> None:
        costs.add_cost_entry(replace(ENTRY, id=f"e-{number}", cost=1))
        CostObservatory(tmp_path).get_costs(time_range="all")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_and_ask, range(12)))
    rows = costs.get_all_costs()
    assert sorted(rows.column("x_CostEntryId").to_pylist()) == sorted(f"e-{number}" for number in range(12))


def test_one_conflict_adds_none(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path)
    costs.add_cost_entry(ENTRY)
    with pytest.raises(ConflictError):
        costs.add_cost_entries([replace(ENTRY, id="e-3"), replace(ENTRY, cost=1)])
    assert costs.add_cost_entries([ENTRY, replace(ENTRY, id="e-3"), replace(ENTRY, id="e-4")]) == 2


def test_an_entry_is_a_charge() -> None:
    east = timezone(timedelta(hours=2))
    row = replace(
        ENTRY, timestamp=datetime(2026, 6, 1, 1, tzinfo=east), effective_cost=Decimal("1.5"), focus={"x_Job": "j"}
    ).as_charge()
    assert (row["ChargePeriodStart"], row["BillingPeriodStart"]) == ("2026-05-31T23:00:00Z", "2026-05-01T00:00:00Z")
    assert (row["BilledCost"], row["EffectiveCost"], row["x_Job"]) == ("12.000000000000000001", "1.5", "j")
    assert replace(ENTRY, timestamp=datetime(2026, 5, 3, 10, tzinfo=UTC)).as_charge() == ENTRY.as_charge()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cost": 1.1}, MoneyError),
        ({"cost": "ten"}, MoneyError),
        ({"cost": Decimal("nan")}, MoneyError),
        ({"id": " "}, UsageError),
        ({"focus": {"Servcie": "x"}}, UsageError),
    ],
)
def test_what_is_no_exact_charge_is_refused_before_it_is_kept(tmp_path: Path, change: dict[str, object], error: type) -> None:
    with pytest.raises(error):
        CostObservatory(tmp_path).add_cost_entry(replace(ENTRY, **change))


@pytest.mark.parametrize(
    "change", [{"category": "Gift"}, {"currency": ""}, {"tags": None, "focus": {"Tags": "red"}}, {"cost": "1e25"}]
)
def test_an_entry_that_the_lake_would_reject_is_refused_when_it_is_added(tmp_path: Path, change: dict[str, object]) -> None:
    """Else it is kept, waits for ever, and every answer after it fails or leaves it out without a word."""
    costs = CostObservatory(tmp_path)
    with pytest.raises((UsageError, MoneyError)):
        costs.add_cost_entry(replace(ENTRY, **change))
    # And what is good is not kept back by what is bad.
    assert costs.get_costs(time_range="all").rows == []
