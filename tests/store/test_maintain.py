"""Maintain removes what nobody refers to, and nothing else; doctor sees what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from finopsmetrics.core.errors import UsageError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import catalog
from finopsmetrics.store.doctor import examine
from finopsmetrics.store.maintain import maintain, rebuild_catalog
from tests.store.bills import bad_charge, charge, write_csv
from tests.store.homes import NOW, Mould, costs, failures, files_under, orphans

BEGIN = datetime(2026, 7, 1)


@pytest.fixture(scope="module")
def mould(tmp_path_factory: pytest.TempPathFactory) -> Mould:
    """A period that was restated twice: 1, then 2, then 4."""

    def fill(workspace: Workspace, folder: Path) -> None:
        for number in range(3):
            path = write_csv(folder / f"{number}.csv", [charge(str(2**number)), bad_charge()])
            workspace.ingest([path], delivered_at=BEGIN + timedelta(days=number))

    return Mould(tmp_path_factory.mktemp("restated"), fill)


@pytest.fixture
def restated(mould: Mould) -> Iterator[Workspace]:
    yield from mould.cast()


def status(workspace: Workspace, check: str, **options: object) -> str:
    return next(found["status"] for found in examine(workspace.opened, **options) if found["check"] == check)  # type: ignore[arg-type]


def iceberg_rows(workspace: Workspace, snapshot: int | None = None) -> list[Decimal]:
    """What an outsider reads from the Iceberg table of charges."""
    with workspace.opened.database.read() as connection:
        table = catalog.load(connection, workspace.opened.home, "cost_and_usage")
    return sorted(table.scan(snapshot_id=snapshot).to_arrow().column("BilledCost").to_pylist())


def test_what_was_live_lately_stays(restated: Workspace) -> None:
    before = files_under(restated.home / "lake")
    for grace, history in ((timedelta(hours=1), NOW), (NOW, timedelta(days=30))):
        report = maintain(restated.opened, grace=grace, keep_history=history)
        assert (report.superseded, report.lake, report.raw, report.snapshots) == (0, 0, 0, 0)
        # Without grace, table metadata that was superseded goes; the snapshots it told of are kept.
        assert report.metadata == 0 or grace == NOW
    gone = before - files_under(restated.home / "lake")
    assert {name.rpartition(".metadata")[2] for name in gone} == {".json"}
    assert files_under(restated.home / "lake") <= before


def test_what_was_superseded_long_ago_goes_and_can_be_had_again(restated: Workspace) -> None:
    answer = restated.costs.get_costs(time_range="all", as_of=BEGIN)
    report = maintain(restated.opened, grace=NOW, keep_history=NOW)
    assert report.superseded == report.lake == 6  # charges, rollup and quarantine, twice
    assert report.snapshots > 0
    assert report.metadata > 0
    assert report.raw == 0
    assert report.freed_bytes > 0
    assert costs(restated) == {"Compute": Decimal(4)}
    assert iceberg_rows(restated) == [Decimal(4)]
    assert not (restated.home / "cache" / "replays").exists()
    assert costs(restated, as_of=BEGIN) == {"Compute": Decimal(1)}
    assert restated.costs.verify(answer.receipt).reproduced
    assert failures(restated, deep=True) == []
    assert orphans(restated) == set()
    again = maintain(restated.opened, grace=NOW, keep_history=NOW)
    assert (again.superseded, again.lake, again.raw, again.snapshots) == (0, 0, 0, 0)


def test_replays_go_when_nobody_asks_for_them(restated: Workspace) -> None:
    maintain(restated.opened, grace=NOW, keep_history=NOW)
    for day in (0, 1):
        assert costs(restated, as_of=BEGIN + timedelta(days=day)) == {"Compute": Decimal(2**day)}
    replays = sorted((restated.home / "cache" / "replays").glob("*/*/index.json"))
    for index in replays:
        os.utime(index, (0, 0))
    costs(restated, as_of=BEGIN)
    assert maintain(restated.opened).replays == 1
    assert len(list((restated.home / "cache" / "replays").glob("*/*/index.json"))) == 1
    assert costs(restated, as_of=BEGIN + timedelta(days=1)) == {"Compute": Decimal(2)}
    # A replay that is not whole is made again, once for all who ask at the same moment.
    next((restated.home / "cache" / "replays").glob("*/*/cost_daily/*/*.parquet")).unlink()
    with ThreadPoolExecutor(4) as pool:
        asked = [BEGIN, BEGIN + timedelta(days=1)] * 2
        answers = list(pool.map(lambda moment: costs(restated, as_of=moment), asked))
    assert answers == [{"Compute": Decimal(1)}, {"Compute": Decimal(2)}] * 2


def test_snapshots_that_are_kept_stay_readable(restated: Workspace) -> None:
    with restated.opened.database.read() as connection:
        table = catalog.load(connection, restated.opened.home, "cost_and_usage")
    kept = [snapshot.snapshot_id for snapshot in table.metadata.snapshots]
    maintain(restated.opened, grace=NOW)
    assert [iceberg_rows(restated, snapshot) for snapshot in kept] == [[Decimal(1)], [Decimal(2)], [Decimal(4)]]


def test_left_overs_are_swept_and_the_living_are_not(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("1.00"))])
    home = workspace.home
    known = files_under(home / "lake") | files_under(home / "raw")
    left = [home / "staging" / "dead" / "x.parquet", home / "staging" / "stray", home / "staging" / "bare" / "sub" / "y"]
    left += [home / "lake" / "cost_and_usage" / "gone" / "2026-05" / "d-0.parquet", home / "raw" / "gone" / "d-1" / "0-x.csv"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left over")
    (home / "staging" / "dead" / ".owner").touch()
    metadata = home / "lake" / "lake" / "cost_and_usage" / "metadata"
    for name, age in (("00009-young.metadata.json", 0), ("00009-old.metadata.json", 7200)):
        (metadata / name).write_text("{}")
        os.utime(metadata / name, (datetime.now(UTC).timestamp() - age,) * 2)
    assert status(workspace, "staging") == "warn"
    with workspace.opened.home.workroom() as room:
        (room / "work").write_text("work")
        report = maintain(workspace.opened)
        assert (room / "work").exists()
    assert (report.rooms, report.lake, report.raw, report.metadata) == (2, 1, 1, 1)
    assert not [path for path in left if path.exists()]
    assert not (home / "raw" / "gone").exists()
    assert files_under(home / "lake") | files_under(home / "raw") == known | {
        "lake/cost_and_usage/metadata/00009-young.metadata.json"
    }
    assert status(workspace, "staging") == "ok"


def test_the_catalog_can_be_made_again_at_any_time(restated: Workspace) -> None:
    assert set(rebuild_catalog(restated.opened)) == {"cost_and_usage", "cost_daily", "quarantine"}
    assert iceberg_rows(restated) == [Decimal(4)]
    assert failures(restated, deep=True) == []


def test_doctor_finds_a_home_well(restated: Workspace) -> None:
    found = {check["check"]: check["status"] for check in examine(restated.opened, deep=True)}
    assert {name: state for name, state in found.items() if state == "fail"} == {}
    assert found["quarantine"] == "warn"


def test_doctor_on_an_empty_home(workspace: Workspace) -> None:
    assert {check["status"] for check in examine(workspace.opened, deep=True)} == {"ok"}
    assert maintain(workspace.opened).freed_bytes == 0


def data_file(workspace: Workspace) -> Path:
    return next((workspace.home / "lake" / "cost_and_usage").rglob("*-0.parquet"))


def live_file(workspace: Workspace) -> Path:
    return workspace.home / workspace.opened.lake.snapshot().files["cost_and_usage"][0].path


def lose(workspace: Workspace) -> None:
    live_file(workspace).unlink()


def shorten(workspace: Workspace) -> None:
    path = live_file(workspace)
    path.write_bytes(path.read_bytes()[:-9])


def state(sql: str) -> Callable[[Workspace], None]:
    def change(workspace: Workspace) -> None:
        with workspace.opened.database.write() as connection:
            connection.execute(text(sql))

    return change


def swap(workspace: Workspace) -> None:
    """The file of another delivery, of the same size: only counting tells."""
    other = next(path for path in (workspace.home / "lake" / "cost_and_usage").rglob("*.parquet") if path != live_file(workspace))
    size = live_file(workspace).stat().st_size
    shutil.copyfile(other, live_file(workspace))
    assert live_file(workspace).stat().st_size == size


def change_raw(workspace: Workspace) -> None:
    next((workspace.home / "raw").rglob("*.csv")).write_text("changed")


HARMS: dict[str, tuple[str, Callable[[Workspace], None]]] = {
    "a file is gone": ("data files", lose),
    "a file is short": ("data files", shorten),
    "a file is another": ("sums", swap),
    "a total is wrong": ("sums", state("UPDATE delivery_periods SET rows = rows + 1")),
    "the catalog lost a table": ("iceberg", state("DELETE FROM iceberg_tables WHERE table_name = 'cost_daily'")),
    "the audit trail was changed": ("audit trail", state("UPDATE audit_events SET actor = 'nobody' WHERE sequence = 2")),
    "a line of the audit trail is gone": ("audit trail", state("DELETE FROM audit_events WHERE sequence = 1")),
    "a delivered file was changed": ("raw files", change_raw),
}


@pytest.mark.parametrize("harm", HARMS)
def test_doctor_finds_what_is_wrong(restated: Workspace, harm: str) -> None:
    check, do = HARMS[harm]
    do(restated)
    found = next(one for one in examine(restated.opened, deep=True) if one["check"] == check)
    assert found["status"] == "fail"
    assert found["cure"]
    assert "Traceback" not in found["detail"]


def test_sources_that_fell_silent(restated: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    restated.opened.now = lambda: BEGIN + timedelta(days=4)
    assert status(restated, "sources") == "ok"
    restated.opened.now = lambda: BEGIN + timedelta(days=6)
    assert status(restated, "sources") == "warn"
    assert status(restated, "sources", stale_after=timedelta(days=9)) == "ok"
    monkeypatch.setenv("FINOPSMETRICS_STALE_DAYS", "7")
    assert status(restated, "sources") == "ok"
    monkeypatch.setenv("FINOPSMETRICS_STALE_DAYS", "a week")
    with pytest.raises(UsageError, match="FINOPSMETRICS_STALE_DAYS"):
        examine(restated.opened)


def test_a_disk_that_gets_full(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.disk_usage(workspace.home)
    for free, expected in ((1 << 20, "fail"), (1 << 30, "warn"), (1 << 40, "ok")):
        monkeypatch.setattr("finopsmetrics.store.doctor.shutil.disk_usage", lambda _, free=free: real._replace(free=free))
        assert status(workspace, "disk") == expected
