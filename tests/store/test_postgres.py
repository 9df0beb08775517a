"""The same home with its state in PostgreSQL: the cycle of a bill, several writers, and moves between the two databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import ConflictError, StoreError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.backup import backup, restore
from finopsmetrics.store.entries import CostEntry
from finopsmetrics.store.maintain import maintain
from tests.store.bills import bad_charge, charge, write_csv
from tests.store.homes import NOW, Costs, costs, failures, orphans

BEGIN = datetime(2026, 7, 1)


@pytest.fixture
def on_postgres(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def fill(workspace: Workspace, tmp_path: Path) -> str:
    """Two deliveries, an entry by hand, and the receipt of what was known in between; its id."""
    first = write_csv(tmp_path / "a.csv", [charge("1.00"), charge("2.00", "Größe 大"), bad_charge()])
    second = write_csv(tmp_path / "b.csv", [charge("4.00"), charge("8.00", "Größe 大")])
    workspace.ingest([first], delivered_at=BEGIN)
    receipt = workspace.costs.get_costs(group_by="ServiceName", time_range="all").receipt
    workspace.ingest([second], delivered_at=BEGIN + timedelta(days=1))
    assert workspace.costs.add_cost_entry(CostEntry("e-1", BEGIN, "16.00", "By hand"))
    assert not workspace.costs.add_cost_entry(CostEntry("e-1", BEGIN, "16.00", "By hand"))
    return receipt.id


THEN: Costs = {"Compute": Decimal(1), "Größe 大": Decimal(2)}
NOW_COSTS: Costs = {"Compute": Decimal(4), "Größe 大": Decimal(8), "By hand": Decimal(16)}


def check(workspace: Workspace, receipt: str) -> None:
    assert costs(workspace) == NOW_COSTS
    assert costs(workspace, as_of=BEGIN) == THEN
    assert workspace.costs.verify(workspace.costs.receipt(receipt)).reproduced
    assert failures(workspace, deep=True) == []
    assert orphans(workspace) == set()


def test_the_cycle_of_a_bill(on_postgres: Workspace, tmp_path: Path) -> None:
    assert not (on_postgres.home / "state.db").exists()
    receipt = fill(on_postgres, tmp_path)
    check(on_postgres, receipt)
    again = on_postgres.ingest([tmp_path / "b.csv"], delivered_at=BEGIN + timedelta(days=1))[0]
    assert again.status == "unchanged"
    report = maintain(on_postgres.opened, grace=NOW, keep_history=NOW)
    assert report.superseded == report.lake == 3
    check(on_postgres, receipt)


def test_several_writers(on_postgres: Workspace, tmp_path: Path) -> None:
    """Each through a home opened by itself: the same bill twice, and two of other sources."""
    paths = [write_csv(tmp_path / f"{name}.csv", [charge("5.00", name)]) for name in ("North", "South", "West")]

    def take(path: Path) -> str:
        with Workspace(on_postgres.home) as workspace:
            return workspace.ingest([path], source=path.stem)[0].status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(take, [paths[0], *paths]))
    assert sorted(statuses) == ["taken", "taken", "taken", "unchanged"]
    assert costs(on_postgres) == {name: Decimal(5) for name in ("North", "South", "West")}
    assert failures(on_postgres, deep=True) == []


def test_from_sqlite_to_postgres_and_back(workspace: Workspace, postgres_database: str, tmp_path: Path) -> None:
    receipt = fill(workspace, tmp_path)
    check(workspace, receipt)
    backup(workspace.opened, tmp_path / "copy-1")
    restore(tmp_path / "copy-1", tmp_path / "second", postgres_database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
        with Workspace(tmp_path / "second") as second:
            check(second, receipt)
            backup(second.opened, tmp_path / "copy-2")
        with pytest.raises(ConflictError, match="holds something already"):
            restore(tmp_path / "copy-1", tmp_path / "again")
        assert not (tmp_path / "again").exists()
    back = restore(tmp_path / "copy-2", tmp_path / "third")
    assert (back.deliveries, back.receipts) == (3, len(_receipts(workspace)))
    with Workspace(tmp_path / "third") as third:
        check(third, receipt)
        assert _receipts(third) == _receipts(workspace)


def _receipts(workspace: Workspace) -> list[str]:
    from tests.store.test_backup import receipts_of

    return receipts_of(workspace)


def test_a_state_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", "postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError) as caught:
        Workspace(tmp_path / "home")
    assert caught.value.retryable
    assert caught.value.cure
    assert "secret" not in str(caught.value)
