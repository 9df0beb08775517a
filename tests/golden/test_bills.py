"""Real and normative bills give, to the last digit, what reading them by hand gives.

`bills.json` and `worked_examples.json` were made once, by a reader of CSV and Decimal that knows nothing of the product, and
looked through by eye; `tests/fixtures/README.md` says where the bills come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics import Workspace
from finopsmetrics.observability.sql import run_sql

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
BILLS: dict[str, dict[str, Any]] = json.loads((HERE / "bills.json").read_text())
EXAMPLES: dict[str, dict[str, Any]] = json.loads((HERE / "worked_examples.json").read_text())
ENTITIES = {
    "AWS / Amazon Web Services, Inc.": ("AWS", "AWS"),
    "AWS / Amazon Web Services Canada, Inc.": ("AWS", "AWS"),
    "AWS / Amazon Web Services EMEA SARL": ("AWS", "AWS"),
    "AWS / AWS": ("AWS", "AWS"),
    "AWS / Red Hat Inc.": ("Red Hat Inc.", "AWS"),  # sold by another, hosted by AWS
    "Oracle / Oracle": ("Oracle", "Oracle"),
    "Microsoft / Microsoft": ("Microsoft", "Microsoft"),
    "Microsoft Azure / Microsoft": ("Microsoft Azure", "Microsoft Azure"),
    "Google Cloud / Google": ("Google Cloud", "Google Cloud"),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(tmp_path_factory.mktemp("golden")) as opened:
        yield opened


def _taken(workspace: Workspace, path: Path, wanted: dict[str, Any]) -> Any:
    """Take a bill in and compare what every bill is compared by."""
    (report,) = workspace.ingest([path], source=path.name)
    assert (report.rows, report.accepted, report.quarantined) == (wanted["rows"], wanted["accepted"], len(wanted["rejected"]))
    assert [[row["line"], row["column"]] for row in report.rejected] == wanted["rejected"]
    assert report.focus_version == wanted["version"]
    assert report.periods == wanted["periods"]
    assert report.totals == wanted["totals"]
    return report


@pytest.mark.parametrize("name", BILLS)
def test_a_bill(workspace: Workspace, name: str) -> None:
    wanted = BILLS[name]
    report = _taken(workspace, FIXTURES / name, wanted)
    repairs = {(repair["what"], repair["column"]): repair["count"] for repair in report.repairs}
    for what, told in (
        ("a word for nothing read as NULL", "words for nothing"),
        ("time written as FOCUS writes it (UTC)", "odd times"),
    ):
        assert {column: count for (kind, column), count in repairs.items() if kind == what} == wanted[told]
    sums = "SELECT BillingCurrency AS c, sum(BilledCost) AS b, sum(EffectiveCost) AS e FROM {} WHERE x_fm_delivery = ? GROUP BY 1"
    told = {currency: (Decimal(line["billed"]), Decimal(line["effective"])) for currency, line in wanted["totals"].items()}
    for table in ("focus_data_table", "cost_daily"):
        rows = run_sql(workspace.opened, sums.format(table), params=[report.id]).to_pylist()
        assert {row["c"]: (row["b"], row["e"]) for row in rows} == told


@pytest.mark.parametrize("name", [name for name, bill in BILLS.items() if bill["providers / publishers"]])
def test_who_provides_and_who_hosts(workspace: Workspace, name: str) -> None:
    """ProviderName and PublisherName of FOCUS 1.0 to 1.3 are read as the entities of 1.4, and kept."""
    (report,) = workspace.ingest([FIXTURES / name], source=Path(name).name)
    sql = """SELECT x_ProviderName || ' / ' || x_PublisherName AS told, any_value(ServiceProviderName) AS service,
    any_value(HostProviderName) AS host, count(DISTINCT (ServiceProviderName, HostProviderName)) AS pairs, count(*) AS n
    FROM focus_data_table WHERE x_fm_delivery = ? GROUP BY 1"""
    rows = run_sql(workspace.opened, sql, params=[report.id]).to_pylist()
    assert {row["told"]: row["n"] for row in rows} == BILLS[name]["providers / publishers"]
    assert {row["told"]: (row["service"], row["host"], row["pairs"]) for row in rows} == {
        row["told"]: (*ENTITIES[row["told"]], 1) for row in rows
    }


def test_all_four_datasets_tie(tmp_path: Path) -> None:
    """Billed = Effective = InvoiceDetail, and each invoice and its periods as the papers say."""
    with Workspace(tmp_path) as workspace:
        reports = workspace.ingest(sorted((FIXTURES / "focus_synthetic_1_4").glob("*.gz")))
        assert {report.dataset: report.accepted for report in reports} == {
            "CostAndUsage": 10_000,
            "ContractCommitment": 697,
            "InvoiceDetail": 6,
            "BillingPeriod": 1,
        }
        sums = run_sql(
            workspace.opened,
            "SELECT sum(BilledCost) AS billed, sum(EffectiveCost) AS effective, "
            "(SELECT sum(BilledCost) FROM invoice_detail) AS invoiced FROM focus_data_table",
        )
        assert set(sums.to_pylist()[0].values()) == {Decimal("204637.387428273006914")}


def test_a_column_of_no_standard_is_kept(workspace: Workspace) -> None:
    name = "focus_sample_1_0/focus_sample_1000.csv"
    (report,) = workspace.ingest([FIXTURES / name], source=Path(name).name)
    sql = "SELECT count(x_Id) AS n, count(DISTINCT x_Id) AS ids FROM focus_data_table WHERE x_fm_delivery = ?"
    assert run_sql(workspace.opened, sql, params=[report.id]).to_pylist() == [{"n": 1000, "ids": 1000}]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_of_the_specification(workspace: Workspace, name: str) -> None:
    """Two of them hold an hour 30: those rows are set aside with their line, and the rest still adds up."""
    path = FIXTURES / "focus_spec_examples_1_2" / name
    report = _taken(workspace, path, EXAMPLES[name])
    if EXAMPLES[name]["rejected"]:
        assert {row["column"] for row in report.rejected} == {"ChargePeriodEnd"}
        assert report.quarantined_totals["XXX"]["billed"] in ("1.000000000000000000", "0.500000000000000000")


def test_no_example_is_forgotten() -> None:
    folder = FIXTURES / "focus_spec_examples_1_2"
    assert set(EXAMPLES) == {str(path.relative_to(folder)) for path in folder.rglob("*.csv")}
    assert len(EXAMPLES) == 26
