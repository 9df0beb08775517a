"""Refunds and corrections of closed months, and marketplaces: where they stand, and that they are counted once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.runtime.workspace import Workspace
from tests.integrations.cur import PLAN, as_legacy, line
from tests.integrations.reading import NATIVE, read_native, write_native
from tests.integrations.test_azure import PLAN as AZURE_PLAN
from tests.integrations.test_azure import row as azure_row

OCTOBER = {
    "bill_billing_period_start_date": "2026-10-01T00:00:00.000Z",
    "bill_billing_period_end_date": "2026-11-01T00:00:00.000Z",
}
AZURE_OCTOBER = {"BillingPeriodStartDate": "10/01/2026", "BillingPeriodEndDate": "10/31/2026"}


def google_rows() -> list[dict[str, Any]]:
    lines = (NATIVE / "gcp" / "billing-export.jsonl").read_text().splitlines()
    return [json.loads(text) for text in lines]


def google(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def months(workspace: Workspace) -> dict[str, Decimal]:
    rows = workspace.costs.get_costs(group_by="x_fm_period", time_range="all", metric="billed").rows
    return {row["x_fm_period"]: row["cost"] for row in rows}


def test_an_aws_refund_of_an_old_month_stands_in_the_bill_that_gives_it_back(workspace: Workspace, tmp_path: Path) -> None:
    workspace.ingest([write_native(tmp_path / "september.csv", [line(cost="10")])])
    refund = line("Refund", "-4", **OCTOBER)  # its use was in September
    workspace.ingest([write_native(tmp_path / "october.csv", [refund, line(cost="1", **OCTOBER)])])
    assert months(workspace) == {"2026-09": 10, "2026-10": -3}
    corrected = workspace.costs.get_costs(group_by="ChargeClass", time_range="all", metric="billed").rows
    assert {row["ChargeClass"]: row["cost"] for row in corrected}["Correction"] == -4


def test_an_aws_bill_of_refunds_corrects_what_it_refunds(tmp_path: Path) -> None:
    given = [line("Refund", "-4", bill_bill_type="Refund"), line("Tax", "-0.4", bill_bill_type="Refund"), line(cost="1")]
    found = read_native(write_native(tmp_path / "cur.csv", as_legacy(given)))
    assert [(row["BilledCost"], row["ChargeCategory"]) for row in found.rows if row["ChargeClass"] == "Correction"] == [
        (-4, "Adjustment"),
        (Decimal("-0.4"), "Tax"),
    ]


def test_a_returned_plan_is_effective_nothing_as_its_fee_was(tmp_path: Path) -> None:
    plan = {"savings_plan_savings_plan_a_r_n": PLAN}
    given = [line("SavingsPlanUpfrontFee", "50", **plan), line("Refund", "-50", bill_bill_type="Refund", **plan)]
    found = read_native(write_native(tmp_path / "cur.csv", given))
    assert (found.total(), found.total("EffectiveCost")) == (0, 0)
    assert found.only(ChargeClass="Correction")["ChargeCategory"] == "Purchase"


def test_blended_costs_are_never_used(tmp_path: Path) -> None:
    [row] = read_native(
        write_native(tmp_path / "cur.csv", [line(cost="2", line_item_blended_cost="9", line_item_blended_rate="9")])
    ).rows
    assert {row[name] for name in ("BilledCost", "EffectiveCost", "ContractedCost")} == {2}
    assert not [name for name in row if "lended" in name and "nblended" not in name]


@pytest.mark.parametrize("kind", ["Usage", "Fee", "Refund", "Credit"])
def test_a_line_of_the_aws_marketplace_is_one_charge_of_its_seller(tmp_path: Path, kind: str) -> None:
    sold = {
        "bill_billing_entity": "AWS Marketplace",
        "line_item_legal_entity": "Example Software Inc.",
        "line_item_product_code": "a1b2",
    }
    [row] = read_native(write_native(tmp_path / "cur.csv", [line(kind, "7", **sold)])).rows
    assert (row["BilledCost"], row["EffectiveCost"], row["ServiceProviderName"]) == (7, 7, "Example Software Inc.")


def test_an_azure_refund_of_an_old_month_stands_in_the_bill_that_gives_it_back(workspace: Workspace, tmp_path: Path) -> None:
    workspace.ingest([write_native(tmp_path / "september.csv", [azure_row("10")])])
    refund = azure_row("-4", "Refund", Date="09/15/2026", **AZURE_OCTOBER)
    workspace.ingest(
        [write_native(tmp_path / "october.csv", [refund, azure_row("1", **{**AZURE_OCTOBER, "Date": "10/20/2026"})])]
    )
    assert months(workspace) == {"2026-09": 10, "2026-10": -3}


def test_azure_marketplace_rows_of_both_views_are_counted_once(tmp_path: Path) -> None:
    sold = {"PublisherType": "Marketplace", "PublisherName": "Example GmbH"}
    shared = [azure_row("5", **sold), azure_row("80", "Purchase", **sold), azure_row("-8", "Refund", **sold)]
    actual = [*shared, azure_row("300", "Purchase", "SavingsPlan", AZURE_PLAN)]
    amortised = [*shared, azure_row("7", model="SavingsPlan", benefit=AZURE_PLAN)]
    found = read_native(write_native(tmp_path / "actual.csv", actual), write_native(tmp_path / "amortized.csv", amortised))
    assert (
        found.total(ServiceProviderName="Example GmbH") == found.total("EffectiveCost", ServiceProviderName="Example GmbH") == 77
    )
    assert (found.total(), found.total("EffectiveCost")) == (377, 84)


def test_azure_unused_commitments_of_both_kinds_are_rows_that_consume_nothing(tmp_path: Path) -> None:
    rows = [
        azure_row("3", "UnusedReservation", "Reservation", "/x/Microsoft.Capacity/y"),
        azure_row("1", "UnusedSavingsPlan", "", AZURE_PLAN),
    ]
    found = read_native(write_native(tmp_path / "amortized.csv", rows))
    assert {row["CommitmentDiscountStatus"] for row in found.rows} == {"Unused"}
    assert {(row["ChargeCategory"], row["BilledCost"], row["ConsumedQuantity"]) for row in found.rows} == {("Usage", 0, None)}
    assert found.total("EffectiveCost") == 4


def test_google_corrects_an_old_month_in_the_open_one(workspace: Workspace, tmp_path: Path) -> None:
    [row] = [row for row in google_rows() if row["cost_type"] == "adjustment"]
    used = google_rows()[0]
    workspace.ingest([google(tmp_path / "september.jsonl", used)])
    fixed = {
        **row,
        "invoice": {"month": "202610"},
        "usage_start_time": "2026-09-02 07:00:00 UTC",
        "usage_end_time": "2026-09-02 08:00:00 UTC",
    }
    later = {
        **used,
        "invoice": {"month": "202610"},
        "usage_start_time": "2026-10-02 07:00:00 UTC",
        "usage_end_time": "2026-10-02 08:00:00 UTC",
    }
    workspace.ingest([google(tmp_path / "october.jsonl", fixed, later)])
    assert months(workspace) == {"2026-09": Decimal("0.126444"), "2026-10": Decimal("-5.5") + Decimal("0.126444")}
    by_class = workspace.costs.get_costs(group_by="ChargeClass", time_range="all", metric="billed").rows
    assert {row["ChargeClass"]: row["cost"] for row in by_class}["Correction"] == Decimal("-5.5")


def test_an_adjustment_of_the_open_month_corrects_nothing(tmp_path: Path) -> None:
    [row] = [row for row in google_rows() if row["cost_type"] == "adjustment"]
    month = row["usage_end_time"][:7].replace("-", "")
    [charge] = read_native(
        google(
            tmp_path / "x.jsonl",
            {**row, "invoice": {"month": month}, "usage_end_time": f"{month[:4]}-{month[4:]}-20 08:00:00 UTC"},
        )
    ).rows
    assert (charge["ChargeCategory"], charge["ChargeClass"]) == ("Adjustment", None)


def test_a_third_party_of_google_is_one_charge_net_of_the_margin(tmp_path: Path) -> None:
    margin = [{"name": "Reseller margin", "amount": -1.25, "full_name": "m", "id": "m", "type": "RESELLER_MARGIN"}]
    sold = {
        **google_rows()[0],
        "cost": 42,
        "credits": margin,
        "transaction_type": "THIRD_PARTY_RESELLER",
        "seller_name": "Example Software Inc.",
    }
    [row] = read_native(google(tmp_path / "x.jsonl", sold)).rows
    assert (row["BilledCost"], row["ContractedCost"]) == (Decimal("40.75"), 42)
    assert (row["ServiceProviderName"], row["HostProviderName"]) == ("Example Software Inc.", "Google Cloud")
