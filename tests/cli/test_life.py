"""A home's life by command: taken again, restated, history, differences, reconciliation, demo, upkeep, backup."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from tests.cli.conftest import Asked
from tests.cli.console import inside
from tests.store.bills import charge, write_csv

ALL = ("costs", "--group-by", "service", "--range", "all", "--format", "json")


def costs(home: Path, *more: str) -> dict[str, str]:
    return {row["service"]: row["cost"] for row in inside(*ALL, *more, home=home).json}


def test_bills_come_again_restated_and_as_history(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = write_csv(tmp_path / "first.csv", [charge("1"), charge("2", "Storage", day=2)])
    second = write_csv(tmp_path / "second.csv", [charge("1.25"), charge("4", "Network", day=3)])
    took = inside("ingest", first, "--delivered-at", "2026-10-03", "--format", "json", home=home)
    assert took.json["deliveries"][0]["delivered_at"] == "2026-10-03T00:00:00Z"
    again = inside("ingest", first, "--delivered-at", "2026-10-03", "--format", "json", home=home)
    assert again.code == 0
    assert (again.json["deliveries"][0]["status"], again.json["deliveries"][0]["id"]) == (
        "unchanged",
        took.json["deliveries"][0]["id"],
    )
    then = inside(*ALL, home=home)
    restated = inside("ingest", second, "--delivered-at", "2026-10-05", "--format", "json", home=home).json["deliveries"][0]
    assert [(entry["period"], entry["rows"]) for entry in restated["replaced"]] == [("2026-05", 2)]
    assert costs(home) == {"Network": "4.000000000000000000", "Compute": "1.250000000000000000"}
    assert costs(home, "--as-of", "2026-10-03") == {"Storage": "2.000000000000000000", "Compute": "1.000000000000000000"}
    assert costs(home, "--as-of", "2026-10-02") == {}
    changed = inside("costs", "--range", "all", "--as-of", "2026-10-04", "--diff", "--format", "json", home=home).json
    assert {(row["ServiceName"], row["SubAccountId"]): (row["then"], row["now"], row["change"]) for row in changed} == {
        ("Network", "sub-1"): ("0.000000000000000000", "4.000000000000000000", "4.000000000000000000"),
        ("Storage", "sub-1"): ("2.000000000000000000", "0.000000000000000000", "-2.000000000000000000"),
        ("Compute", "sub-1"): ("1.000000000000000000", "1.250000000000000000", "0.250000000000000000"),
    }
    assert inside("receipt", then.receipt, "--verify", home=home).json["reproduced"] is True
    listed = inside("deliveries", "--format", "json", home=home).json
    assert [row["delivery"] for row in listed] == [restated["id"], took.json["deliveries"][0]["id"]]


def test_what_was_taken_before_an_error_is_told(tmp_path: Path) -> None:
    good, broken = write_csv(tmp_path / "a.csv", [charge("1")]), tmp_path / "b.csv"
    broken.write_text("when,what\n1,2\n")
    said = inside("ingest", good, broken, "--format", "json", home=tmp_path / "home")
    assert said.code == 1
    assert "not a FOCUS table" in said.err
    assert [delivery["accepted"] for delivery in said.json["deliveries"]] == [1]


def test_reconcile_shows_the_residual_and_fails_when_it_is_more_than_a_cent(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = write_csv(tmp_path / "bill.csv", [charge("10.006", InvoiceId="I-1"), charge("1", day=2, InvoiceId="I-2")])
    inside("ingest", path, home=home)
    enter = ("reconcile", "--issuer", "Example Cloud", "--format", "json")
    ties = inside(*enter, "--invoice", "I-1", "--amount", "10.00 USD", home=home)
    lines = {line["invoice"]: line for line in ties.json["invoices"]}
    assert (ties.code, ties.json["ties"]) == (0, True)
    assert (lines["I-1"]["status"], Decimal(lines["I-1"]["residual"])) == ("ties", Decimal("0.006"))
    assert (lines["I-2"]["status"], lines["I-2"]["residual"]) == ("no invoice", None)
    differs = inside(*enter, "--invoice", "I-2", "--amount", "1.02 USD", home=home)
    assert (differs.code, differs.json["ties"]) == (1, False)
    people = inside("reconcile", home=home)
    assert people.code == 1
    assert "DIFFERS Example Cloud I-2: residual -0.02" in people.text


def test_the_demo_is_taken_in_reconciled_kept_well_and_brought_back(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    made = inside("demo", "--months", "2", "--scale", "0.2", "--end", "2026-05-20", home=home)
    assert made.code == 0, made.err
    assert "synthetic" in made.err
    assert "is there already" in inside("demo", "--months", "2", "--scale", "0.2", home=home).err
    found = inside("reconcile", "--format", "json", home=home)
    # Nothing differs but what was planted: closed months that were delivered again, changed.
    residuals = [Decimal(line["residual"]) for line in found.json["invoices"] if line["status"] == "differs"]
    changes = [Decimal(change["differences"].get("USD", "0")) for change in found.json["closed_changes"]]
    assert (found.code, found.json["ties"]) == (1, False)
    assert (len(residuals), len(changes)) == (1, 2)
    assert sum(residuals) == sum(changes) != 0
    assert {line["status"] for line in found.json["invoices"]} == {"ties", "differs", "no invoice"}
    checks = inside("doctor", "--deep", "--format", "json", home=home)
    assert (checks.code, [check for check in checks.json if check["status"] == "fail"]) == (0, [])
    before = inside(*ALL, home=home)
    assert inside("backup", tmp_path / "copy", home=home).code == 0
    assert inside("maintain", "--grace", "0", "--history", "0", home=home).code == 0
    assert inside("restore", tmp_path / "copy", home=other).code == 0
    assert inside(*ALL, home=other).json == inside(*ALL, home=home).json == before.json
    assert inside("receipt", before.receipt, "--verify", home=other).code == 0
    refused = inside("restore", tmp_path / "copy", home=home)
    assert (refused.code, refused.text) == (1, "")


def test_a_home_with_a_bill_takes_no_demo(asked: Asked) -> None:
    said = inside("demo", "--months", "1", "--scale", "0.1", home=asked.home)
    assert said.code == 1
    assert "--home" in said.err


def test_export_writes_the_charges_in_an_older_version(asked: Asked, tmp_path: Path) -> None:
    said = inside("export", tmp_path / "out", "--focus", "1.2", home=asked.home)
    assert said.code == 0, said.err
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    tables = [pq.read_table(file) for file in files]
    assert sum(table.num_rows for table in tables) == 4
    names = set(tables[0].column_names)
    assert {"ProviderName", "PublisherName", "InvoiceId", "BilledCost"} <= names
    assert not {"ServiceProviderName", "HostProviderName", "ContractApplied"} & names
    assert sum((row["BilledCost"] for table in tables for row in table.to_pylist()), Decimal(0)) == Decimal(
        "16.840000000000000001"
    )
