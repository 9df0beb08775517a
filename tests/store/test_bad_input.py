"""What must not come in: each refusal says what, where and what to do, and leaves the lake as it was."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finopsmetrics.core.errors import DeliveryError, FinOpsError, StoreError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import commit
from finopsmetrics.store.maintain import maintain
from tests.store.bills import COLUMNS, bad_charge, charge, write_csv
from tests.store.homes import costs, failures, files_under, orphans

GOOD = [charge("10.00"), charge("20.00", "Storage", day=2)]
ENGINE_WORDS = re.compile(r"Traceback|Error:|read_csv|read_parquet|COPY |/staging/|duckdb|\bNone\b")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A home with one good bill, which nothing here may change."""
    folder = tmp_path_factory.mktemp("kept")
    with Workspace(folder / "home") as workspace:
        workspace.ingest([write_csv(folder / "good.csv", GOOD)])
        yield workspace


def held(workspace: Workspace) -> tuple[Any, ...]:
    """Everything a refused delivery must leave as it was."""
    with workspace.opened.database.read() as connection:
        version = commit.version(connection)
    return version, files_under(workspace.home / "lake"), files_under(workspace.home / "raw"), costs(workspace)


def refused(workspace: Workspace, path: Path, *told: str, kind: type[FinOpsError] = DeliveryError) -> str:
    before = held(workspace)
    with pytest.raises(kind) as caught:
        workspace.ingest([path])
    assert held(workspace) == before
    assert orphans(workspace) == set()
    message = str(caught.value)
    for words in told:
        assert re.search(words, message), message
    assert caught.value.cure, message
    assert not ENGINE_WORDS.search(message), message
    assert "\n" not in message, message
    return message


def text_of(rows: list[dict[str, str]], tmp_path: Path) -> bytes:
    return write_csv(tmp_path / "text.csv", rows).read_bytes()


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def as_parquet(path: Path, cost: str) -> Path:
    """A FOCUS Parquet file of one charge, its costs an expression of SQL."""
    row = charge()
    chosen = ", ".join(f"{cost if 'Cost' in name else repr(row[name])} AS {name}" for name in COLUMNS)
    return parquet(path, f"SELECT {chosen}")


def test_gzip_that_ends_in_the_middle(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(text_of(GOOD * 200, tmp_path))[:-50])
    refused(kept, path, "cut.csv.gz is cut short")


def test_gzip_that_is_damaged(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv.gz"
    packed = bytearray(gzip.compress(text_of(GOOD * 200, tmp_path)))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    refused(kept, path, "odd.csv.gz cannot be unpacked")


@pytest.mark.parametrize("cut", [5, 60, 200])
def test_csv_that_ends_in_the_middle_of_a_row(kept: Workspace, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.csv"
    path.write_bytes(text_of(GOOD * 3, tmp_path)[:-cut])
    refused(kept, path, "cut.csv is cut short", "line 7")


def test_csv_with_a_quote_that_never_closes(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_bytes(text_of(GOOD, tmp_path).replace(b"Storage", b'"Storage') + text_of(GOOD * 3, tmp_path))
    refused(kept, path, "open.csv", "quote|cut short")


@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_parquet_that_ends_in_the_middle(kept: Workspace, tmp_path: Path, cut: int) -> None:
    whole = as_parquet(tmp_path / "whole.parquet", "CAST(1 AS DECIMAL(38,18))").read_bytes()
    path = tmp_path / "cut.parquet"
    path.write_bytes(whole[:-cut])
    refused(kept, path, "cut.parquet is cut short")


def test_parquet_with_a_damaged_middle(kept: Workspace, tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "odd.parquet", "CAST(1 AS DECIMAL(38,18))")
    whole = bytearray(path.read_bytes())
    whole[-300:-100] = b"\xff" * 200
    path.write_bytes(whole)
    refused(kept, path, "odd.parquet cannot be read")


def test_a_file_that_only_says_it_is_parquet(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "text.parquet"
    path.write_bytes(text_of(GOOD, tmp_path))
    refused(kept, path, "text.parquet is not a Parquet file")


def test_text_that_is_not_utf8(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(text_of([*GOOD, charge(service="Größe")], tmp_path).decode().encode("latin-1"))
    refused(kept, path, "latin.csv is not UTF-8", "line 4")


def test_text_with_zero_bytes(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "zero.csv"
    path.write_bytes(text_of(GOOD, tmp_path).replace(b"Storage", b"Stor\0ge"))
    refused(kept, path, "zero.csv is not text", "zero byte near line")


def test_gzip_bomb(kept: Workspace, tmp_path: Path) -> None:
    """1 GB of zeros in 1 MB; as digits, so that no check for zero bytes helps."""
    path = tmp_path / "bomb.csv.gz"
    block = gzip.compress(b"0" * (1 << 24), compresslevel=6)
    path.write_bytes(gzip.compress(b"BilledCost,EffectiveCost\n") + block * 64)
    assert path.stat().st_size < 2 << 20
    refused(kept, path, "bomb.csv.gz unpacks to more than 400 times its size")


@pytest.mark.parametrize("column", ["BilledCost", "ListCost"])
@pytest.mark.parametrize("amount", ["1e300", "123456789012345678901234567890"])
def test_an_amount_that_no_bill_has(kept: Workspace, tmp_path: Path, column: str, amount: str) -> None:
    path = write_csv(tmp_path / "huge.csv", [*GOOD, charge() | {column: amount}])
    refused(kept, path, "huge.csv, line 4", column)


def test_parquet_with_an_amount_that_no_bill_has(kept: Workspace, tmp_path: Path) -> None:
    refused(kept, as_parquet(tmp_path / "huge.parquet", "1e300::DOUBLE"), "huge.parquet, line 1", "BilledCost")


def test_parquet_with_costs_that_are_no_numbers(kept: Workspace, tmp_path: Path) -> None:
    refused(kept, as_parquet(tmp_path / "nan.parquet", "'NaN'::DOUBLE"), "nan.parquet, line 1", "BilledCost")


def test_an_empty_file(kept: Workspace, tmp_path: Path) -> None:
    for name in ("nothing.csv", "nothing.csv.gz", "nothing.parquet"):
        (tmp_path / name).touch()
        refused(kept, tmp_path / name, f"{name} is empty")


def test_a_header_and_nothing_else(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text(",".join(COLUMNS) + "\n")
    refused(kept, path, "no row")


def test_a_column_that_comes_twice(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_bytes(text_of(GOOD, tmp_path).replace(b"EffectiveCost", b"BilledCost", 1))
    refused(kept, path, "twice.csv", "BilledCost")


def test_a_table_that_is_not_focus(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,age\nAda,36\nGrace,85\n")
    refused(kept, path, "FOCUS")
    refused(kept, parquet(tmp_path / "people.parquet", "SELECT 'Ada' AS name, 36 AS age"), "FOCUS")


def test_a_file_of_another_kind(kept: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "bill.xlsx"
    path.write_bytes(b"PK\x03\x04")
    refused(kept, path, "bill.xlsx")


def test_files_of_one_delivery_with_other_columns(kept: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    write_csv(folder / "a.csv", GOOD)
    write_csv(folder / "b.csv", [charge() | {"x_More": "1"}])
    refused(kept, folder, "different columns", "x_More", "a.csv", "b.csv")


def test_a_folder_without_bills(kept: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    (folder / "readme.txt").write_text("hello")
    refused(kept, folder, "holds no billing file")


def manifest(folder: Path, **changes: object) -> Path:
    """A folder with one file and a manifest that names it."""
    path = write_csv(folder / "part.csv", GOOD)
    entry = {"path": "part.csv", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    (folder / "manifest.json").write_text(json.dumps({"files": [entry | changes]}))
    return folder


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sha256": "0" * 64}, "part.csv is not the file that its manifest names"),
        ({"path": "other.csv"}, "other.csv is missing"),
        ({"bytes": 7}, "part.csv is not of the size"),
        ({"path": "../text.csv"}, "outside of its folder"),
    ],
)
def test_a_manifest_that_does_not_fit(kept: Workspace, tmp_path: Path, changes: dict[str, object], told: str) -> None:
    refused(kept, manifest(tmp_path / "delivery", **changes), told)


@pytest.mark.parametrize("body", ["{", "[]", '{"files": 3}', '{"files": [{"name": "x"}]}', '{"files": []}', "null"])
def test_a_manifest_that_cannot_be_read(kept: Workspace, tmp_path: Path, body: str) -> None:
    folder = manifest(tmp_path / "delivery")
    (folder / "manifest.json").write_text(body)
    refused(kept, folder, "manifest.json")


def test_a_full_disk(kept: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "more.csv", [charge("1.00")])
    full = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
    monkeypatch.setattr("finopsmetrics.store.intake.shutil.disk_usage", lambda _: full)
    refused(kept, path, "disk of the home is too full", "more.csv", "Free at least")


def test_a_disk_that_fills_up_while_writing(kept: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = write_csv(tmp_path / "more.csv", [charge("1.00")])
    monkeypatch.setattr("finopsmetrics.store.commit.os.replace", full)
    refused(kept, path, "No space left on device", kind=StoreError)


def test_a_disk_that_fills_up_within_the_commit(kept: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files were moved to their place already: answers are as before, and the next maintain removes the files."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before, path = held(kept), write_csv(tmp_path / "more.csv", [charge("1.00")])
    with monkeypatch.context() as patch:
        patch.setattr("finopsmetrics.store.iceberg.replace_files", full)
        with pytest.raises(StoreError, match="No space left on device"):
            kept.ingest([path])
    assert orphans(kept)
    assert maintain(kept.opened).lake == 2
    assert orphans(kept) == set()
    assert held(kept) == before


@pytest.fixture
def read_only_home() -> Iterator[tuple[Path, Path]]:
    """A home that may be read and not written, and a new bill; for root, as somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="fm-readonly-"))
    folder.chmod(0o755)
    home = folder / "home"
    with Workspace(home) as workspace:
        workspace.ingest([write_csv(folder / "good.csv", GOOD)])
        costs(workspace)
    new = write_csv(folder / "new.csv", [charge("3.00")])
    everything = [home, *home.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield home, new
    if root:
        os.seteuid(0)
    for path in everything:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_home_that_may_not_be_written(read_only_home: tuple[Path, Path]) -> None:
    home, new = read_only_home
    before = files_under(home)
    with pytest.raises(StoreError) as caught, Workspace(home) as workspace:
        workspace.ingest([new])
    assert caught.value.cure
    assert not ENGINE_WORDS.search(str(caught.value))
    assert re.search("read.?only|cannot be written|unable to open", str(caught.value)), caught.value
    assert files_under(home) == before


def test_rows_that_cannot_be_accepted_are_kept_and_counted(workspace: Workspace, bill: Callable[..., Path]) -> None:
    path = bill(*GOOD, bad_charge(day=3), charge("5.00", day=4, BillingCurrency=""))
    report = workspace.ingest([path])[0]
    assert (report.rows, report.accepted, report.quarantined) == (4, 2, 2)
    assert [row["line"] for row in report.rejected] == [4, 5]
    assert sum(costs(workspace).values()) == Decimal(30)
    assert failures(workspace, deep=True) == []
