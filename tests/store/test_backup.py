"""A backup is the home of one moment, whatever happens meanwhile; a damaged one is refused whole."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import ConflictError, FinOpsError, NotFoundError, StoreError, UsageError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.backup import backup, restore
from finopsmetrics.store.maintain import maintain
from tests.store.bills import bad_charge, charge, write_csv
from tests.store.homes import NOW, Mould, costs, delivered, failures, files_under, orphans

BEGIN = datetime(2026, 7, 1)


@pytest.fixture(scope="module")
def mould(tmp_path_factory: pytest.TempPathFactory) -> Mould:
    """A home whose one period was restated, with a receipt of before and a quarantined row."""

    def fill(workspace: Workspace, folder: Path) -> None:
        first = write_csv(folder / "a.csv", [charge("1.00"), charge("2.00", "Storage"), bad_charge()])
        workspace.ingest([first], delivered_at=BEGIN)
        costs(workspace)
        second = write_csv(folder / "b.csv", [charge("3.00"), charge("4.00", "Größe 大")])
        workspace.ingest([second], delivered_at=BEGIN + timedelta(days=1))

    return Mould(tmp_path_factory.mktemp("restated"), fill)


@pytest.fixture
def restated(mould: Mould) -> Iterator[Workspace]:
    yield from mould.cast()


def receipts_of(workspace: Workspace) -> list[str]:
    from sqlalchemy import select

    from finopsmetrics.store.tables import receipts

    with workspace.opened.database.read() as connection:
        return list(connection.execute(select(receipts.c.id).order_by(receipts.c.id)).scalars())


def same(workspace: Workspace, other: Workspace) -> None:
    """Both homes answer alike, now and about the past, and prove it."""
    for moment in (None, BEGIN, BEGIN + timedelta(days=1)):
        assert costs(other, as_of=moment) == costs(workspace, as_of=moment)
    assert receipts_of(other) == receipts_of(workspace)
    for name in receipts_of(other):
        assert other.costs.verify(other.costs.receipt(name)).reproduced
    assert [record.id for record in other.deliveries()] == [record.id for record in workspace.deliveries()]
    assert failures(other, deep=True) == []
    assert orphans(other) == set()


def test_a_restored_home_answers_alike_and_goes_on(restated: Workspace, tmp_path: Path, bill: Callable[..., Path]) -> None:
    made = backup(restated.opened, tmp_path / "copy")
    assert (made.deliveries, made.receipts) == (2, 1)
    back = restore(tmp_path / "copy", tmp_path / "back")
    assert back.files == made.files
    with Workspace(tmp_path / "back") as other:
        same(restated, other)
        other.ingest([bill(charge("9.00"))], delivered_at=BEGIN + timedelta(days=2))
        assert costs(other) == {"Compute": Decimal(9)}
        assert failures(other, deep=True) == []


def test_a_moved_home_goes_on(restated: Workspace, tmp_path: Path, bill: Callable[..., Path]) -> None:
    """Its Iceberg tables name files of the old place: reading goes on, the next delivery or maintain makes them again."""
    shutil.copytree(restated.home, tmp_path / "other", ignore=shutil.ignore_patterns("staging"))
    with Workspace(tmp_path / "other") as other:
        same(restated, other)
        assert not other.opened.lake.snapshot().metadata
        other.ingest([bill(charge("9.00"))], delivered_at=BEGIN + timedelta(days=2))
        assert other.opened.lake.snapshot().metadata
        assert failures(other, deep=True) == []
    shutil.move(tmp_path / "other", tmp_path / "third")
    with Workspace(tmp_path / "third") as third:
        assert "cost_and_usage" in maintain(third.opened).rebuilt
        assert maintain(third.opened, grace=NOW, keep_history=NOW).rebuilt == []
        assert costs(third) == {"Compute": Decimal(9)}
        assert failures(third, deep=True) == []
    assert failures(restated, deep=True) == []


def test_a_backup_while_bills_come_in(tmp_path: Path) -> None:
    """Each of several backups, taken while a period is restated again and again, is one of the two states."""
    bills = [write_csv(tmp_path / f"{cost}.csv", [charge(cost), charge(cost, period="2026-06")]) for cost in ("1.5", "2.5")]
    known = [delivered(path) for path in bills]
    over = threading.Event()
    with Workspace(tmp_path / "home") as workspace:
        workspace.ingest([bills[0]], delivered_at=BEGIN)

        def restate() -> None:
            number = 1
            while not over.is_set():
                workspace.ingest([bills[number % 2]], delivered_at=BEGIN + timedelta(seconds=number))
                number += 1

        writer = threading.Thread(target=restate)
        writer.start()
        made: dict[int, Path] = {}  # deliveries -> a backup that holds so many
        try:
            while len(made) < 3 and writer.is_alive():
                copy = tmp_path / f"copy-{len(made)}"
                count = backup(workspace.opened, copy).deliveries
                if count in made:
                    shutil.rmtree(copy)
                made.setdefault(count, copy)
        finally:
            over.set()
            writer.join()
    assert len(made) == 3
    for count, copy in made.items():
        restore(copy, tmp_path / f"back-{count}")
        with Workspace(tmp_path / f"back-{count}") as other:
            assert costs(other) in known
            assert len(other.deliveries()) == count
            assert failures(other, deep=True) == []
            assert orphans(other) == set()


def test_maintain_waits_its_turn(restated: Workspace, tmp_path: Path) -> None:
    with restated.opened.home.upkeep(alone=False), pytest.raises(ConflictError, match="backup") as caught:
        maintain(restated.opened)
    assert caught.value.retryable
    maintain(restated.opened)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a data file is changed": ("home/lake/cost_and_usage/**/*.parquet", flip),
    "a data file is short": ("home/lake/cost_daily/**/*.parquet", shorten),
    "a delivered file is gone": ("home/raw/**/*.csv", Path.unlink),
    "the state is changed": ("state/deliveries.jsonl", flip),
    "the state is short": ("state/receipts.jsonl", shorten),
    "a table is gone": ("state/audit_events.jsonl", Path.unlink),
    "the manifest is changed": ("manifest.json", flip),
    "the manifest is short": ("manifest.json", shorten),
    "the manifest is gone": ("manifest.json", Path.unlink),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused(damaged_copy: Callable[[], Path], tmp_path: Path, damage: str) -> None:
    pattern, harm = DAMAGES[damage]
    copy = damaged_copy()
    harm(next(path for path in copy.glob(pattern) if path.is_file()))
    with pytest.raises((StoreError, NotFoundError), match=r"backup|damaged|missing|manifest") as caught:
        restore(copy, tmp_path / "back")
    assert caught.value.cure
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".back*"))


@pytest.fixture(scope="module")
def sound_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    with Workspace(folder / "home") as workspace:
        workspace.ingest([write_csv(folder / "bill.csv", [charge("1.00")])])
        costs(workspace)
        backup(workspace.opened, folder / "copy")
    return folder / "copy"


@pytest.fixture
def damaged_copy(sound_copy: Path, tmp_path: Path) -> Callable[[], Path]:
    return lambda: Path(shutil.copytree(sound_copy, tmp_path / "copy"))


def test_places_that_a_backup_or_a_home_may_not_take(restated: Workspace, sound_copy: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    asked: list[tuple[type[FinOpsError], Callable[[], object]]] = [
        (ConflictError, lambda: backup(restated.opened, full)),
        (UsageError, lambda: backup(restated.opened, restated.home / "copy")),
        (ConflictError, lambda: restore(sound_copy, full)),
        (ConflictError, lambda: restore(sound_copy, restated.home)),
        (NotFoundError, lambda: restore(full, tmp_path / "back")),
        (NotFoundError, lambda: restore(tmp_path / "nowhere", tmp_path / "back")),
    ]
    for kind, ask in asked:
        with pytest.raises(kind) as caught:
            ask()
        assert caught.value.cure
    assert files_under(full) == {"mine.txt"}
    assert not (tmp_path / "back").exists()
    assert failures(restated, deep=True) == []


def test_a_home_with_a_lost_file_gives_no_backup(restated: Workspace, tmp_path: Path) -> None:
    lost = next((restated.home / "raw").rglob("*.csv"))
    lost.write_text("changed")
    with pytest.raises(StoreError, match="damaged"):
        backup(restated.opened, tmp_path / "copy")
    lost.unlink()
    with pytest.raises(StoreError, match="missing"):
        backup(restated.opened, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert not list(tmp_path.glob(".copy*"))


def test_a_backup_of_a_newer_format_is_refused(damaged_copy: Callable[[], Path], tmp_path: Path) -> None:
    from finopsmetrics.store.backup import _digest

    copy = damaged_copy()
    body = json.loads((copy / "manifest.json").read_text()) | {"format": 99}
    (copy / "manifest.json").write_text(json.dumps(body | {"digest": _digest(body)}))
    with pytest.raises(StoreError, match="format 99"):
        restore(copy, tmp_path / "back")
    body = body | {"format": 1, "schema": "9999"}
    (copy / "manifest.json").write_text(json.dumps(body | {"digest": _digest(body)}))
    with pytest.raises(StoreError, match="version"):
        restore(copy, tmp_path / "back")
    assert not (tmp_path / "back").exists()
