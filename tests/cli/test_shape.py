"""The outside shape that scripts rely on: JSON, decimal text in full scale, receipts, exit codes, group-by names."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Asked
from tests.cli.console import finopsmetrics, inside
from tests.store.bills import charge, write_csv

FULL = {"USD": "11.840000000000000001", "EUR": "5.000000000000000000"}


def test_ingest_reports_each_delivery(asked: Asked) -> None:
    assert asked.taken.code == 0
    body = asked.taken.json
    assert list(body) == ["deliveries"]
    [delivery] = body["deliveries"]
    assert {"id", "source", "rows", "accepted", "quarantined", "periods", "totals"} <= set(delivery)
    assert (delivery["rows"], delivery["accepted"], delivery["quarantined"]) == (4, 4, 0)
    assert delivery["periods"] == ["2026-05", "2026-06"]
    assert {currency: amounts["billed"] for currency, amounts in delivery["totals"].items()} == FULL
    assert delivery["totals"]["USD"]["effective"] == "11.500000000000000001"


def test_costs_are_rows_of_decimal_text_in_full_scale(asked: Asked) -> None:
    words = ("costs", "--metric", "billed", "--group-by", "ServiceName", "--range", "all", "--format", "json")
    said = finopsmetrics(*words, home=asked.home)
    assert said.code == 0
    rows = {(row["ServiceName"], row["currency"]): row for row in said.json}
    assert all(set(row) == {"ServiceName", "cost", "currency"} for row in said.json)
    assert {key: row["cost"] for key, row in rows.items()} == {
        ("Compute", "USD"): "10.000000000000000001",
        ("Storage", "USD"): "2.340000000000000000",
        ("Storage", "EUR"): "5.000000000000000000",
        ("=Odd", "USD"): "-0.500000000000000000",
    }
    assert said.receipt.startswith("r-")
    again = inside(*words, home=asked.home)
    assert (again.json, again.receipt) == (said.json, said.receipt)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SubAccountId", {"sub-1", "sub-2"}),
        ("sub_account_id", {"sub-1", "sub-2"}),
        ("account", {"sub-1", "sub-2"}),
        ("service", {"Compute", "Storage", "=Odd"}),
        ("region", {"eu-1", None}),
        ("provider", {"Example Cloud"}),
        ("tags.team", {"red", None}),
        ("tags.cost-center", {"7", None}),
        ("service_name,tags.team", None),
    ],
)
def test_groups_are_named_as_they_were_asked_for(asked: Asked, name: str, values: set[str | None] | None) -> None:
    said = inside("costs", "--group-by", name, "--range", "all", "--format", "json", home=asked.home)
    assert said.code == 0, said.err
    for asked_for in name.split(","):
        assert all(asked_for in row for row in said.json)
    if values is not None:
        assert {row[name] for row in said.json} == values
    sums = {currency: sum(Decimal(row["cost"]) for row in said.json if row["currency"] == currency) for currency in FULL}
    assert {currency: f"{amount:f}" for currency, amount in sums.items()} == FULL


def test_a_receipt_is_written_shown_and_proved(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    said = inside("costs", "--range", "all", "--format", "json", "--receipt", file, home=asked.home)
    body = json.loads(file.read_text())
    assert body["id"] == said.receipt
    assert body["answer"]["totals"] == FULL
    for proved in (
        inside("receipt", said.receipt, "--verify", home=asked.home),
        finopsmetrics("receipt", file, "--verify", home=asked.home),
    ):
        assert (proved.code, proved.json["reproduced"]) == (0, True)
    assert inside("receipt", said.receipt, home=asked.home).json == body
    body["answer"]["sha256"] = "0" * 64
    file.write_text(json.dumps(body))
    wrong = inside("receipt", file, "--verify", home=asked.home)
    assert (wrong.code, wrong.json["reproduced"]) == (1, False)


def test_sql_answers_with_a_list_of_objects(asked: Asked) -> None:
    query = "SELECT ServiceName, sum(BilledCost) AS cost, count(*) AS n FROM cost_and_usage GROUP BY 1 ORDER BY 1"
    said = inside("sql", query, "--format", "json", home=asked.home)
    assert said.json == [
        {"ServiceName": "=Odd", "cost": "-0.500000000000000000", "n": 1},
        {"ServiceName": "Compute", "cost": "10.000000000000000001", "n": 1},
        {"ServiceName": "Storage", "cost": "7.340000000000000000", "n": 2},
    ]
    for table in ("focus_data_table", "contract_commitment", "invoice_detail", "billing_period"):
        assert inside("sql", f"SELECT count(*) AS n FROM {table}", "--format", "json", home=asked.home).code == 0
    assert "cost_and_usage" in inside("sql", "--tables", home=asked.home).json


def test_every_format_tells_the_same(asked: Asked, tmp_path: Path) -> None:
    words = ("costs", "--group-by", "service", "--range", "all", "--format")
    rows = inside(*words, "json", home=asked.home).json
    as_csv = list(csv.DictReader(io.StringIO(inside(*words, "csv", home=asked.home).text)))
    assert [(row["service"].lstrip("'"), row["cost"]) for row in as_csv] == [(row["service"], row["cost"]) for row in rows]
    assert "'=Odd" in {row["service"] for row in as_csv}  # no spreadsheet runs it as a formula
    table = pq.read_table(io.BytesIO(inside(*words, "parquet", home=asked.home).out))
    assert str(table.schema.field("cost").type) == "decimal128(38, 18)"
    assert [f"{row['cost']:f}" for row in table.to_pylist()] == [row["cost"] for row in rows]
    file = tmp_path / "costs.parquet"
    inside(*words, "parquet", "--output", file, home=asked.home)
    assert pq.read_table(file).equals(table)
    people = inside(*words, "table", home=asked.home).text
    assert "Total 11.84 USD" in people
    assert "Total 5.00 EUR" in people


def test_the_home_may_be_a_setting_and_the_option_wins(asked: Asked, tmp_path: Path) -> None:
    words = ("costs", "--range", "all", "--format", "json")
    by_setting = finopsmetrics(*words, FINOPSMETRICS_HOME=str(asked.home))
    assert by_setting.json == inside(*words, home=asked.home).json
    both = finopsmetrics(*words, home=asked.home, FINOPSMETRICS_HOME=str(tmp_path / "other"))
    assert both.json == by_setting.json
    assert not (tmp_path / "other").exists()


def test_quarantined_rows_are_told_by_the_exit_code(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "bill.csv", [charge("1"), charge("2", day=2, ChargeCategory="Gift")])
    said = inside("ingest", path, "--format", "json", home=tmp_path / "home")
    assert said.code == 3
    [delivery] = said.json["deliveries"]
    assert (delivery["rows"], delivery["accepted"], delivery["quarantined"]) == (2, 1, 1)
    assert [(row["line"], row["column"]) for row in delivery["rejected"]] == [(3, "ChargeCategory")]
    again = inside("ingest", path, home=tmp_path / "home")
    assert "unchanged" in again.text


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("ingest", "nowhere.csv"), 1, "There is nothing at nowhere.csv"),
        (("costs", "--range", "yesteryear"), 2, "yesteryear"),
        (("costs", "--group-by", "Servcie"), 2, "Did you mean"),
        (("costs", "--metric", "paid"), 2, "billed"),
        (("costs", "--filter", "service =="), 2, "line 1"),
        (("costs", "--diff"), 2, "--as-of"),
        (("costs", "--as-of", "soon"), 2, "soon"),
        (("costs", "--format", "xml"), 2, "xml"),
        (("costs", "--top", "0"), 2, "top"),
        (("receipt", "r-unknown"), 1, "There is no receipt r-unknown"),
        (("sql", "DROP TABLE cost_and_usage"), 2, "refused"),
        (("sql", "SELECT * FROM nowhere"), 2, "There is no table 'nowhere'"),
        (("sql",), 2, "There is no query"),
        (("ingest",), 2, "Missing argument"),
        (("nonsense",), 2, "No such command"),
        (("reconcile", "--invoice", "I-1"), 2, "--issuer"),
        (("restore", "nowhere"), 1, ""),
    ],
)
def test_errors_say_what_to_do_and_leave_no_trace_of_code(asked: Asked, words: tuple[str, ...], code: int, told: str) -> None:
    said = inside(*words, home=asked.home)
    assert said.code == code, said.err
    assert told in " ".join(said.err.split())
    assert said.text == ""
    assert said.err.strip()


def test_the_installed_command_fails_as_the_entry_point_does(asked: Asked) -> None:
    said = finopsmetrics("costs", "--range", "yesteryear", home=asked.home)
    assert (said.code, said.text) == (2, "")
    assert "yesteryear" in said.err


def test_a_home_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = inside("costs", home=tmp_path / "file")
    assert said.code == 1
    assert "--home" in said.err
