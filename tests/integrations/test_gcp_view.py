"""The FOCUS view over Google Cloud's export: where it departs from FOCUS, and whether it holds its credits."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native

VIEW = NATIVE / "gcp" / "focus-view.jsonl"
Row = dict[str, Any]


def rows() -> list[Row]:
    return [json.loads(line) for line in VIEW.read_text().splitlines()]


def rewritten(folder: Path, change: Callable[[int, Row], None]) -> Path:
    """The view with something changed in its rows."""
    made = rows()
    for number, row in enumerate(made):
        change(number, row)
    target = folder / "view.jsonl"
    target.write_text("".join(json.dumps(row) + "\n" for row in made))
    return target


def credited(row: Row) -> Decimal:
    return sum((Decimal(credit["Amount"]) for credit in row["x_Credits"]), Decimal(0))


def hold_credits(_: int, row: Row) -> None:
    """As Google publishes the view: billed and effective cost hold all credits."""
    row["BilledCost"] = row["EffectiveCost"] = f"{Decimal(row['BilledCost']) + credited(row):f}"


@pytest.fixture(params=["without credits", "with credits", "as Parquet"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    if request.param == "as Parquet":
        target = tmp_path / "view.parquet"
        source = f"read_json('{VIEW}', format = 'newline_delimited')"
        costs = "CAST(BilledCost AS DECIMAL(38,9)) AS BilledCost, CAST(ContractedCost AS DECIMAL(38,9)) AS ContractedCost"
        duckdb.execute(f"COPY (SELECT * REPLACE ({costs}) FROM {source}) TO '{target}' (FORMAT parquet)")
        return read_native(target)
    return read_native(rewritten(tmp_path, hold_credits if request.param == "with credits" else lambda *_: None))


def test_it_sums_to_the_invoice_as_the_export_itself_does(found: Read) -> None:
    assert found.mapping == "gcp.focus-view/1"
    assert not found.rejected
    export = read_native(NATIVE / "gcp" / "billing-export.jsonl")
    assert found.total() == found.total("EffectiveCost") == export.total() == Decimal("56.606511")
    assert found.total(ChargeCategory="Credit") == export.total(ChargeCategory="Credit") == Decimal("-1.575")
    assert sorted(row["BilledCost"] for row in found.rows) == sorted(row["BilledCost"] for row in export.rows)


def test_periods_end_where_the_next_ones_begin(found: Read) -> None:
    periods = {(f"{row['BillingPeriodStart']:%m-%dT%H}", f"{row['BillingPeriodEnd']:%m-%dT%H}") for row in found.rows}
    assert periods == {("09-01T07", "10-01T07"), ("10-01T07", "11-01T07")}  # summer time until November 1st, 2 o'clock


def test_a_row_says_of_itself_what_the_export_says(found: Read) -> None:
    row = found.only(BilledCost=7)
    assert (row["SubAccountId"], row["SubAccountName"], row["SubAccountType"]) == ("shop-prod", "Shop", "Project")
    assert row["x_BillingSubAccountId"] is None
    assert json.loads(row["Tags"]) == {"team": "core", "gcp-system/compute.googleapis.com/cores": "4", "gcp-project/env": "prod"}
    assert (row["ServiceCategory"], row["ServiceSubcategory"]) == ("Compute", "Virtual Machines")
    assert json.loads(row["x_ProductTaxonomy"]) == ["GCP", "Compute"]
    fee = found.only(ChargeCategory="Purchase")
    assert (fee["BilledCost"], fee["PricingCategory"], fee["ChargeFrequency"]) == (10, "Standard", "Recurring")
    assert found.only(ChargeClass="Correction")["ChargeCategory"] == "Adjustment"
    sold = found.only(BilledCost=42)
    assert (sold["ServiceProviderName"], sold["HostProviderName"]) == ("Example Software Inc.", "Google Cloud")
    assert {row["ChargeCategory"] for row in found.rows} == {"Usage", "Purchase", "Tax", "Adjustment", "Credit"}


def test_a_correction_within_the_open_month_is_none(tmp_path: Path) -> None:
    def correct(number: int, row: Row) -> None:
        row["ChargeClass"] = "correction" if number == 0 else None

    assert {row["ChargeClass"] for row in read_native(rewritten(tmp_path, correct)).rows} == {None}


def test_where_rows_do_not_prove_it_nothing_is_guessed(tmp_path: Path) -> None:
    done: list[int] = []

    def one_of_them(number: int, row: Row) -> None:
        if row["x_Credits"] and not done:
            done.append(number)
            hold_credits(number, row)

    with pytest.raises(DeliveryError, match="cannot be told whether the billed costs"):
        read_native(rewritten(tmp_path, one_of_them))


def test_a_sub_account_of_a_reseller_is_kept(tmp_path: Path) -> None:
    def resell(_: int, row: Row) -> None:
        row["SubAccountId"] = "0F0F0F-000000-111111"

    found = read_native(rewritten(tmp_path, resell))
    assert {row["x_BillingSubAccountId"] for row in found.rows} == {"0F0F0F-000000-111111"}


def test_a_view_without_its_credits_column_is_refused_by_what_is_missing(tmp_path: Path) -> None:
    def without(_: int, row: Row) -> None:
        del row["BilledCost"]

    with pytest.raises(DeliveryError, match="BilledCost"):
        read_native(rewritten(tmp_path, without))
