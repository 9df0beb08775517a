"""Where samples lie: the buffer, the lake's files, both databases, backups, upkeep; several who write at once, and a kill."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError, StoreError
from finopsmetrics.core.samples import Sample
from finopsmetrics.observability.observability_hub import ObservabilityHub
from finopsmetrics.observability.samples import UsageQuery, ask_usage
from finopsmetrics.observability.sql import run_sql, table_columns
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import records, sample_book, sample_files
from finopsmetrics.store.backup import backup, restore
from finopsmetrics.store.database import Database
from finopsmetrics.store.maintain import maintain
from finopsmetrics.store.sample_book import SampleBook
from finopsmetrics.store.sample_rows import SAMPLES
from tests.store.bills import charge, write_csv
from tests.store.homes import NOW, failures, orphans

BEGIN = datetime(2026, 5, 30)


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A home on either database."""
    if request.param == "postgres":
        monkeypatch.setenv("FINOPSMETRICS_STATE_URL", request.getfixturevalue("postgres_database"))
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def some(number: int, value: int = 1, first: int = 0) -> list[Sample]:
    """Hourly samples of one machine, over two months."""
    return [
        Sample(BEGIN + timedelta(hours=hour), "cpu", Decimal(value), "percent", resource="vm-1", service="EC2")
        for hour in range(first, first + number)
    ]


def whole(workspace: Workspace) -> tuple[Decimal, int]:
    """The sum of all samples of `cpu`, and their number."""
    row = ask_usage(workspace.opened, UsageQuery("cpu")).rows[0]
    return row["value"], row["samples"]


def files(workspace: Workspace) -> list[str]:
    with workspace.opened.database.read() as connection:
        return [file.path for file in records.files_of(connection, SAMPLES)]


def test_from_the_buffer_to_the_lake_and_back_by_a_backup(home: Workspace, tmp_path: Path) -> None:
    book = SampleBook(home.opened)
    assert book.add(some(100)).place == 1
    assert (book.compact(), book.waiting()) == (100, 0)
    book.add(some(10, 3))
    assert (whole(home), book.waiting()) == ((Decimal(120), 100), 10)
    assert [path.split("/")[:4] for path in files(home)] == [["lake", "samples", "api", f"2026-0{month}"] for month in (5, 6)]
    assert failures(home, deep=True) == []
    assert orphans(home) == set()
    backup(home.opened, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "second", f"sqlite:///{tmp_path}/second/state.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FINOPSMETRICS_STATE_URL", raising=False)
        with Workspace(tmp_path / "second") as second:
            again = SampleBook(second.opened)
            assert (whole(second), again.waiting(), again.place()) == ((Decimal(120), 100), 10, 2)
            assert again.add(some(100)).replaced == 10
            again.compact()
            assert whole(second) == (Decimal(100), 100)
            assert failures(second, deep=True) == []


def test_upkeep_leaves_samples_and_lets_rewritten_files_go(home: Workspace) -> None:
    book = SampleBook(home.opened)
    for value in (1, 2, 3):
        book.add(some(30, value))
        book.compact()
    book.add(some(5, 9))
    expected = (Decimal(25 * 3 + 5 * 9), 30)
    assert whole(home) == expected
    kept = maintain(home.opened)
    assert (kept.superseded, kept.lake) == (0, 0)  # a reader may have planned with them
    gone = maintain(home.opened, grace=NOW)  # no history of samples is kept: what was rewritten is in other files
    assert (gone.superseded, gone.lake, gone.snapshots) == (2, 2, 2)
    assert (whole(home), book.waiting()) == (expected, 5)
    assert failures(home, deep=True) == []
    assert orphans(home) == set()


def test_a_sample_that_is_replaced_is_there_once_however_long_its_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_files, "SMALL_ROWS", 2)
    monkeypatch.setattr(sample_files, "FILE_ROWS", 10)
    book = SampleBook(workspace.opened)
    book.add(some(40))
    book.compact()
    before = files(workspace)
    assert len(before) == 4  # files of at most ten, one after the other in time
    book.add(some(1, 7, first=12))
    book.compact()
    assert whole(workspace) == (Decimal(46), 40)
    assert len(set(before) - set(files(workspace))) == 1  # those that lie beside it stay as they are
    book.add([Sample(BEGIN, "cpu", Decimal(1), "percent", id="x")])
    book.compact()
    book.add([Sample(BEGIN + timedelta(days=90), "cpu", Decimal(5), "percent", id="x")])
    assert whole(workspace) == (Decimal(51), 41)
    book.compact()
    assert whole(workspace) == (Decimal(51), 41)
    may = UsageQuery("cpu", end=datetime(2026, 6, 1), statistic="count")
    assert ask_usage(workspace.opened, may).rows[0]["samples"] == 40


def test_several_send_and_compact_at_once(home: Workspace) -> None:
    def send(number: int) -> int:
        with Workspace(home.home) as own:
            book = SampleBook(own.opened)
            added = sum(book.add(some(20, 1, first=20 * number + start)).added for start in (0, 10))
            book.compact()
            return added

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(send, range(6)))
    assert sum(added) == 6 * 20 + 10
    assert whole(home) == (Decimal(130), 130)
    SampleBook(home.opened).compact()
    assert whole(home) == (Decimal(130), 130)
    assert SampleBook(home.opened).place() <= 12
    assert failures(home) == []


def test_a_compaction_that_breaks_off_changes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    book = SampleBook(workspace.opened)
    book.add(some(30))

    def broken(*_: object) -> None:
        raise StoreError("The disk is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(sample_files, "publish", broken)
        with pytest.raises(StoreError):
            book.compact()
        patch.setattr(sample_book, "MOST_WAITING", 40)
        assert book.add(some(10, 1, first=30)).added == 10  # kept all the same; the next run tries again
    assert (whole(workspace), book.waiting(), files(workspace)) == ((Decimal(40), 40), 40, [])
    maintain(workspace.opened, grace=NOW)
    assert orphans(workspace) == set()
    book.compact()
    assert (whole(workspace), book.waiting()) == ((Decimal(40), 40), 0)


def test_a_long_buffer_is_brought_to_the_lake_by_whoever_fills_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_book, "MOST_WAITING", 25)
    book = SampleBook(workspace.opened)
    book.add(some(20))
    assert book.waiting() == 20
    book.add(some(20, 1, first=20))
    assert (book.waiting(), whole(workspace)) == (0, (Decimal(40), 40))


def test_answers_about_costs_are_not_asked_anew(workspace: Workspace, tmp_path: Path) -> None:
    workspace.ingest([write_csv(tmp_path / "bill.csv", [charge("1.00")])])
    version = workspace.opened.lake.snapshot().version
    SampleBook(workspace.opened).add(some(3))
    SampleBook(workspace.opened).compact()
    assert workspace.opened.lake.snapshot().version == version
    workspace.ingest([write_csv(tmp_path / "more.csv", [charge("2.00", period="2026-08")])])
    assert failures(workspace, deep=True) == []


def test_sql_reads_samples_within_a_scope(workspace: Workspace) -> None:
    book = SampleBook(workspace.opened)
    book.add([*some(5), Sample(BEGIN, "cpu", Decimal(50), "percent", service="RDS", tags={"team": "ml"})])
    book.compact()
    book.add(some(1, 4))
    asked = "SELECT ServiceName, sum(Value) AS total FROM samples GROUP BY 1 ORDER BY 1"
    assert run_sql(workspace.opened, asked).to_pylist() == [
        {"ServiceName": "EC2", "total": Decimal(8)},
        {"ServiceName": "RDS", "total": Decimal(50)},
    ]
    scope = Condition.parse('tags.team == "ml"')
    assert run_sql(workspace.opened, asked, scope=scope).to_pylist() == [{"ServiceName": "RDS", "total": Decimal(50)}]
    with pytest.raises(QueryError, match="does not hold SkuId"):
        run_sql(workspace.opened, asked, scope=Condition.parse("SkuId IS NULL"))
    assert table_columns(workspace.opened)["samples"]["Value"] == "DECIMAL(38,18)"


def test_news_are_what_changed_after_a_place(workspace: Workspace) -> None:
    hub = ObservabilityHub(opened=workspace.opened)
    hub.record(some(3))
    hub.record([Sample(BEGIN, "gpu", Decimal(2), "percent"), Sample(BEGIN, "gpu", Decimal(3), "percent", resource="b")])
    hub.compact()
    gpu = {"measure": "gpu", "unit": "percent", "at": BEGIN, "value": Decimal(5), "new": 2}
    assert hub.news(after=1) == ([gpu], 2)
    cpu = {"measure": "cpu", "unit": "percent", "at": BEGIN + timedelta(hours=2), "value": Decimal(1), "new": 3}
    assert hub.news() == ([cpu, gpu], 2)
    assert hub.news(only=("gpu",)) == ([gpu], 2)
    late = hub.record(some(1, 6))  # of a time before the newest: how it stands now is told all the same
    assert hub.news(after=2) == ([{**cpu, "new": 1}], late.place)
    assert hub.news(after=late.place) == ([], late.place)


def test_data_files_of_before_survive_the_upgrade(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.db'}")
    database.upgrade("0008")
    with database.write() as connection:
        names = "id, sequence, source, dataset, mode, content_hash, focus_version, mapping_version, delivered_at, ingested_at"
        told = "'d', 1, 's', 'CostAndUsage', 'replace', 'h', '1.4', 'm', '2026-01-01', '2026-01-01'"
        connection.exec_driver_sql(
            f"INSERT INTO deliveries ({names}, rows, accepted, quarantined, files, reading, report) "
            f"VALUES ({told}, 1, 1, 0, '[]', '{{}}', '{{}}')"
        )
        connection.exec_driver_sql(
            'INSERT INTO lake_files (path, "table", source, period, delivery_id, rows, bytes, extras, within, live, published) '
            "VALUES ('p', 'cost_and_usage', 's', '2026-01', 'd', 1, 1, '[]', 'day', 1, 1)"
        )
    database.upgrade()
    with database.read() as connection:
        assert [(file.path, file.delivery_id) for file in records.files_of(connection, "cost_and_usage")] == [("p", "d")]
    database.close()
