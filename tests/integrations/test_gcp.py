"""Google Cloud's billing export: credits, invoice months, labels, in every shape that BigQuery gives it."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native

JSONL, CSV = NATIVE / "gcp" / "billing-export.jsonl", NATIVE / "gcp" / "billing-export.csv"


def invoiced() -> Decimal:
    """What the export says of itself: every cost with all its credits."""
    rows = [json.loads(line, parse_float=Decimal) for line in JSONL.read_text().splitlines()]
    return sum((Decimal(row["cost"]) + sum(credit["amount"] for credit in row["credits"]) for row in rows), Decimal(0))


@pytest.fixture(params=["jsonl", "jsonl.gz", "csv", "parquet"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        target = tmp_path / "export.parquet"
        duckdb.execute(f"COPY (SELECT * FROM read_json('{JSONL}', format = 'newline_delimited')) TO '{target}' (FORMAT parquet)")
        return target
    if request.param == "jsonl.gz":
        target = tmp_path / "export.jsonl.gz"
        target.write_bytes(gzip.compress(JSONL.read_bytes()))
        return target
    return JSONL if request.param == "jsonl" else CSV


def test_every_shape_sums_to_the_invoice(export: Path) -> None:
    found = read_native(export)
    assert found.mapping == "gcp.billing-export/1"
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == invoiced() == Decimal("56.606511")


def test_promotions_are_credits_and_the_other_credits_lower_their_row(export: Path) -> None:
    found = read_native(export)
    credit = found.only(ChargeCategory="Credit")
    assert credit["BilledCost"] == credit["ListCost"] == Decimal("-1.575")
    assert sorted(row["BilledCost"] for row in found.rows if row["ContractedCost"] == Decimal("2.25")) == [Decimal("1.575")]
    assert found.only(ContractedCost=Decimal("1.5"))["BilledCost"] == 0


def test_a_credit_larger_than_its_cost_is_not_clamped(export: Path) -> None:
    assert read_native(export).only(ContractedCost=Decimal("0.1"))["BilledCost"] == Decimal("-0.15")


def test_an_invoice_month_is_counted_in_los_angeles(export: Path) -> None:
    found = read_native(export)
    assert {f"{row['BillingPeriodStart']:%Y-%m-%dT%H}" for row in found.rows} == {"2026-09-01T07", "2026-10-01T07"}
    late = found.only(BilledCost=Decimal("0.000067"))
    assert (f"{late['ChargePeriodStart']:%Y-%m}", f"{late['BillingPeriodEnd']:%Y-%m-%dT%H}") == ("2026-10", "2026-10-01T07")


def test_what_a_row_is(export: Path) -> None:
    found = read_native(export)
    assert found.only(ChargeCategory="Tax")["SubAccountId"] is None
    assert found.only(ChargeCategory="Purchase")["BilledCost"] == 10
    correction = found.only(ChargeClass="Correction")
    assert (correction["ChargeCategory"], correction["BilledCost"]) == ("Adjustment", Decimal("-5.5"))
    sold = found.only(BilledCost=42)
    assert (sold["ServiceProviderName"], sold["HostProviderName"]) == ("Example Software Inc.", "Google Cloud")
    assert found.only(BilledCost=7)["SubAccountId"] == "shop-prod"


def test_four_schemes_of_labels_stay_apart(export: Path) -> None:
    tags = json.loads(read_native(export).only(BilledCost=7)["Tags"])
    assert tags == {"team": "core", "gcp-system/compute.googleapis.com/cores": "4", "gcp-project/env": "prod"}


def rewritten(folder: Path, **change: str) -> Read:
    """The CSV with columns of its first row changed."""
    with CSV.open() as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    rows[0] |= change
    target = folder / "export.csv"
    with target.open("w", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    return read_native(target)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("credits", "[{", "not a list of credits"),
        ("credits", '[{"type": "DISCOUNT", "amount": "x"}]', "not an amount"),
        ("invoice.month", "Sept", "not a month"),
        ("cost", "free", "not a number"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    found = rewritten(tmp_path, **{column: value})
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, column, reason)]
    assert found.total() == invoiced() - Decimal("0.126444")


def test_a_month_stands_under_its_own_name(workspace: Any) -> None:
    [report] = workspace.ingest([JSONL])
    assert report.periods == ["2026-09", "2026-10"]


def test_without_credits_the_export_is_refused(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in JSONL.read_text().splitlines()]
    target = tmp_path / "x.jsonl"
    target.write_text("".join(json.dumps({k: v for k, v in row.items() if k != "credits"}) + "\n" for row in lines))
    with pytest.raises(DeliveryError, match="missing: credits"):
        read_native(target)
