"""An export is the charges again: taken in anew, each version gives the same charges, and every digit of them."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finopsmetrics import Workspace
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError, StoreError
from finopsmetrics.core.windows import Window
from finopsmetrics.focus.columns import charges
from finopsmetrics.observability.export import VERSIONS, ExportReport, export_focus
from finopsmetrics.observability.sql import run_sql
from tests.conformance import estate
from tests.golden.test_bills import FIXTURES

SAMPLE = FIXTURES / "focus_sample_1_0" / "focus_sample_1000.csv"
NATIVE = FIXTURES / "focus_synthetic_1_4" / "synthetic_focus_1_4_cost_and_usage.csv.gz"
OLD_NAMES = {"x_ProviderName", "x_PublisherName"}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Workspace]]:
    """The dirty sample of 1.0, the clean one of 1.4, and the odd estate of the conformance suite."""
    made = {}
    for name, path in (("sample", SAMPLE), ("native", NATIVE)):
        made[name] = Workspace(tmp_path_factory.mktemp(name))
        made[name].ingest([path], source="bill")
    made["odd"] = estate.fill(tmp_path_factory.mktemp("odd"))
    yield made
    for workspace in made.values():
        workspace.close()


ROUND_TRIPS = [
    ("sample", "1.0", "csv"),
    ("sample", "1.2", "parquet"),
    ("sample", "1.3", "csv.gz"),
    ("sample", "1.4", "parquet"),
    ("native", "1.2", "parquet"),
    ("native", "1.4", "parquet"),
    ("odd", "1.0", "parquet"),
    ("odd", "1.1", "csv"),
    ("odd", "1.3", "parquet"),
    ("odd", "1.4", "csv"),
]


@pytest.mark.parametrize(("name", "version", "kind"), ROUND_TRIPS)
def test_there_and_back(homes: dict[str, Workspace], tmp_path: Path, name: str, version: str, kind: str) -> None:
    source = homes[name]
    target = tmp_path / f"all.{kind}"
    report = export_focus(source.opened, target, version=version)
    with Workspace(tmp_path / "home") as again:
        (taken,) = again.ingest([target], source="again")
        assert (taken.rows, taken.quarantined, taken.warnings) == (report.rows, 0, [])
        assert taken.repairs == [] or kind != "parquet" or name == "odd"
        names = _comparable(source, version)
        assert _charges(again, names) == _charges(source, names)
        for currency, line in taken.totals.items():
            assert line["billed"] == report.totals[currency]["BilledCost"]


def _comparable(workspace: Workspace, version: str) -> list[str]:
    """The columns of the version that 1.4 has too, with who provides and hosts, and the custom ones."""
    live = charges().columns
    names = {column.name for column in charges().version_columns(version) if column.name in live}
    return sorted(names | {"ServiceProviderName", "HostProviderName"} | set(workspace.opened.lake.snapshot().extras()))


def _charges(workspace: Workspace, names: list[str]) -> Counter[tuple[Any, ...]]:
    listed = ", ".join(f'"{name}"' for name in names)
    table = run_sql(workspace.opened, f"SELECT {listed} FROM cost_and_usage", seconds=None)
    return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_columns_are_those_of_the_version(homes: dict[str, Workspace], tmp_path: Path, version: str) -> None:
    report = export_focus(homes["sample"].opened, tmp_path / "all.parquet", version=version)
    schema = pq.read_schema(tmp_path / "all.parquet")
    standard = [column.name for column in charges().version_columns(version)]
    assert schema.names == list(report.columns)
    assert schema.names[: len(standard)] == standard == sorted(standard)
    custom = schema.names[len(standard) :]
    assert custom == (["x_Id"] if version < "1.4" else ["x_Id", *sorted(OLD_NAMES)])
    plain = export_focus(homes["sample"].opened, tmp_path / "plain.parquet", version=version, custom=False)
    assert list(plain.columns) == standard


def test_types_in_parquet(homes: dict[str, Workspace], tmp_path: Path) -> None:
    export_focus(homes["native"].opened, tmp_path / "all.parquet", version="1.2")
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert schema.field("BilledCost").type == pa.decimal128(38, 18)
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us", tz="UTC")
    assert schema.field("Tags").type == pa.string()


def test_text_in_csv(homes: dict[str, Workspace], tmp_path: Path) -> None:
    """Amounts without needless zeros, times as FOCUS writes them, nothing changed for a spreadsheet's sake."""
    export_focus(homes["odd"].opened, tmp_path / "all.csv.gz", version="1.4")
    with gzip.open(tmp_path / "all.csv.gz", "rt", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    delivered = [row for source, month, seed in estate.IN_EFFECT for row in estate.delivered(source, month, seed)]
    assert Counter(Decimal(row["BilledCost"]) for row in rows) == Counter(Decimal(row["BilledCost"]) for row in delivered)
    assert Counter(row["ChargePeriodStart"] for row in rows) == Counter(row["ChargePeriodStart"] for row in delivered)
    assert Counter(row["ServiceName"] for row in rows) == Counter(row["ServiceName"] for row in delivered)
    assert Counter(row["Tags"] for row in rows) == Counter(row["Tags"] for row in delivered)
    assert not any(row["BilledCost"].endswith(("0000", ".")) for row in rows if "." in row["BilledCost"])


def test_old_names_come_back(homes: dict[str, Workspace], tmp_path: Path) -> None:
    """The sample's own ProviderName and PublisherName, as they were delivered."""
    export_focus(homes["sample"].opened, tmp_path / "all.csv", version="1.0")
    pairs = [
        Counter((row["ProviderName"], row["PublisherName"]) for row in csv.DictReader(path.open(encoding="utf-8-sig")))
        for path in (SAMPLE, tmp_path / "all.csv")
    ]
    assert pairs[0] == pairs[1]


def test_a_file_for_each_period(homes: dict[str, Workspace], tmp_path: Path) -> None:
    report = export_focus(homes["odd"].opened, tmp_path / "deep" / "folder", version="1.2")
    assert [file.period for file in report.files] == ["2026-02", "2026-03", "2026-04", "2026-05"]
    assert [Path(file.path).name for file in report.files] == [f"focus-1.2-2026-0{month}.parquet" for month in (2, 3, 4, 5)]
    assert sum(file.rows for file in report.files) == report.rows == len(estate.IN_EFFECT) * estate.ROWS
    for file in report.files:
        table = pq.read_table(file.path)
        assert table.num_rows == file.rows
        assert {value.strftime("%Y-%m") for value in table.column("BillingPeriodStart").to_pylist()} == {file.period}
        assert Path(file.path).stat().st_size == file.bytes
    assert report.as_dict()["files"][0]["period"] == "2026-02"


def test_a_window_and_a_filter(homes: dict[str, Workspace], tmp_path: Path) -> None:
    workspace = homes["odd"]
    window, text = Window.parse("2026-03-05..2026-03-20", now=workspace.now()), 'ServiceName == "Compute"'
    report = export_focus(workspace.opened, tmp_path / "some.parquet", window=window, filters=text)
    assert 0 < report.rows == workspace.costs.charges(window, filters=text).num_rows
    scoped = export_focus(workspace.opened, tmp_path / "scoped.parquet", window=window, scope=Condition.parse(text))
    assert _without_paths(scoped) == _without_paths(report)
    late = export_focus(workspace.opened, tmp_path / "late.parquet", filters={"x_late_column": "late"})
    assert late.rows > 0
    early = Window.parse("2026-02", now=workspace.now())
    assert export_focus(workspace.opened, tmp_path / "early.parquet", window=early, filters={"x_late_column": "late"}).rows == 0


def _without_paths(report: ExportReport) -> tuple[Any, ...]:
    return report.rows, report.totals, report.columns


def test_nothing_to_write(homes: dict[str, Workspace], tmp_path: Path) -> None:
    none = export_focus(homes["native"].opened, tmp_path / "none.parquet", filters={"ServiceName": "nobody's"})
    assert (none.rows, none.totals, pq.read_table(tmp_path / "none.parquet").num_rows) == (0, {}, 0)
    folder = export_focus(homes["native"].opened, tmp_path / "folder", filters={"ServiceName": "nobody's"})
    assert (folder.files, list((tmp_path / "folder").iterdir())) == ((), [])


def test_an_older_export_is_replaced_and_no_draft_stays(homes: dict[str, Workspace], tmp_path: Path) -> None:
    for _ in range(2):
        export_focus(homes["sample"].opened, tmp_path / "all.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["all.parquet"]


def test_a_failure_leaves_the_older_export(homes: dict[str, Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_focus(homes["sample"].opened, tmp_path / "all.parquet")
    before = (tmp_path / "all.parquet").read_bytes()
    monkeypatch.setattr("finopsmetrics.observability.export._reader", lambda *_: "(SELECT * FROM read_parquet('/nowhere'))")
    with pytest.raises(StoreError):
        export_focus(homes["sample"].opened, tmp_path / "all.parquet", version="1.0")
    assert [path.name for path in tmp_path.iterdir()] == ["all.parquet"]
    assert (tmp_path / "all.parquet").read_bytes() == before


@pytest.mark.parametrize(
    "asked", [{"version": "1.5"}, {"version": "2"}, {"format": "xlsx"}, {"filters": {"nonsense": "x", "x_none": "y"}}], ids=str
)
def test_what_does_not_exist_is_told(homes: dict[str, Workspace], tmp_path: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        export_focus(homes["sample"].opened, tmp_path / "folder", **asked)
    assert caught.value.cure
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_cannot_be_made(homes: dict[str, Workspace], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        export_focus(homes["sample"].opened, tmp_path / "file" / "folder")
