"""MongoDB Atlas' invoices: line items, tax once an invoice, tags of lists, in every shape that is delivered."""

from __future__ import annotations

import csv
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native

JSONL, CSV = NATIVE / "mongodb_atlas" / "line-items.jsonl", NATIVE / "mongodb_atlas" / "line-items.csv"
PAID = "66f0aa11bb22cc33dd44ee01"


def records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in JSONL.read_text().splitlines()]


def flat() -> list[dict[str, str]]:
    with CSV.open(newline="") as file:
        return list(csv.DictReader(file))


def stated(rows: list[dict[str, Any]]) -> Decimal:
    """What the line items come to, with the tax of each invoice once."""
    taxes = {row["invoice"]["id"]: row["invoice"]["salesTaxCents"] for row in rows}
    return Decimal(sum(row["totalPriceCents"] for row in rows) + sum(taxes.values())) / 100


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        target = tmp_path / "line-items.parquet"
        typed = "* REPLACE (CAST(CAST(to_json(tags) AS JSON) AS MAP(VARCHAR, VARCHAR[])) AS tags)"
        read = f"read_json('{JSONL}', format = 'newline_delimited', map_inference_threshold = -1)"
        duckdb.execute(f"SET TimeZone = 'UTC'; COPY (SELECT {typed} FROM {read}) TO '{target}' (FORMAT parquet)")
        return target
    return JSONL if request.param == "jsonl" else CSV


def read_lines(folder: Path, rows: list[dict[str, Any]]) -> Read:
    target = folder / "line-items.jsonl"
    target.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_native(target)


def test_every_shape_sums_to_its_invoices(export: Path) -> None:
    found = read_native(export)
    assert found.mapping == "mongodb_atlas.invoice-line-items/1"
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == found.total("ContractedCost") == stated(records())
    paid = records()[0]["invoice"]
    # The amount that the invoice states, with what was owed before and without what negative line items gave back.
    assert found.total(InvoiceId=PAID) * 100 == paid["amountBilledCents"] + paid["startingBalanceCents"] - paid["creditsCents"]
    assert {row["BillingCurrency"] for row in found.rows} == {"USD"}


def test_every_shape_is_the_same_charges(export: Path) -> None:
    columns = ("BilledCost", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd", "InvoiceId", "SkuId")
    columns += ("PricingQuantity", "PricingUnit", "ContractedUnitPrice", "ResourceId", "SubAccountName", "Tags", "SkuPriceId")

    def told(found: Read) -> list[str]:
        return sorted(str([row[name] for name in columns]) for row in found.rows)

    assert told(read_native(export)) == told(read_native(JSONL))


def test_what_a_line_item_is(export: Path) -> None:
    found = read_native(export)
    tax = found.only(ChargeCategory="Tax")
    assert (tax["BilledCost"], tax["InvoiceId"], tax["SkuId"], tax["PricingQuantity"]) == (Decimal("1.34"), PAID, None, None)
    assert f"{tax['ChargePeriodStart']:%Y-%m-%d} {tax['ChargePeriodEnd']:%Y-%m-%d}" == "2026-09-01 2026-10-01"
    credit = found.only(ChargeCategory="Credit")
    assert (credit["BilledCost"], credit["PricingQuantity"]) == (Decimal("-2.5"), None)
    assert credit["ChargeDescription"].startswith("Service credit")
    tagged = [json.loads(row["Tags"]) for row in found.rows if row["Tags"]]
    assert {"env": "production", "team": '["core","data"]'} in tagged
    lab = found.only(ResourceName="lab")
    assert (lab["ResourceId"], lab["SubAccountName"]) == ("groups/64a0000000000000000000b2/clusters/lab", "research")
    assert (lab["HostProviderName"], lab["ContractedUnitPrice"]) == ("Microsoft", Decimal("0.18"))
    pending = found.only(BilledCost=Decimal("3.36"))
    assert (pending["InvoiceId"], f"{pending['BillingPeriodStart']:%Y-%m}") == (None, "2026-10")
    assert sorted(row["PricingQuantity"] for row in found.rows if row["PricingQuantity"])[0] == Decimal("0.0000006035")
    for told in ("pending invoice", "carry a discount", "balances from before"):
        assert any(told in note for note in found.notes), told
    assert not any("subtotals" in note for note in found.notes)


def test_a_missing_line_item_shows_in_the_report(tmp_path: Path) -> None:
    found = read_lines(tmp_path, records()[1:])
    assert any("come to -576" in note for note in found.notes)


def test_a_prepaid_invoice_is_told(tmp_path: Path) -> None:
    rows = [row | {"invoice": row["invoice"] | {"statusName": "PREPAID"}} for row in records()[:2]]
    assert any("2 line items are of a prepaid invoice" in note for note in read_lines(tmp_path, rows).notes)


def test_fields_that_hold_nothing_are_nothing(tmp_path: Path) -> None:
    gone = (
        "clusterName",
        "note",
        "groupId",
        "groupName",
        "percentDiscount",
        "discountCents",
        "tierLowerBound",
        "startDate",
        "endDate",
    )
    rows = [row | dict.fromkeys(gone) | {"invoice": row["invoice"] | {"statusName": None}} for row in records()]
    found = read_lines(tmp_path, rows)
    assert not found.rejected
    assert found.total() == stated(records())
    assert {row["ResourceId"] for row in found.rows} == {row["SubAccountId"] for row in found.rows} == {None}
    assert {(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in found.rows} == {
        (row["BillingPeriodStart"], row["BillingPeriodEnd"]) for row in found.rows
    }


def test_two_amounts_of_tax_for_one_invoice_are_refused(tmp_path: Path) -> None:
    rows = records()
    rows[0]["invoice"]["salesTaxCents"] = 120
    with pytest.raises(DeliveryError, match=r"more than one salesTaxCents.*deliver the later one alone"):
        read_lines(tmp_path, rows)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("totalPriceCents", "free", "not a number"),
        ("startDate", "Monday", "not a date or time"),
        ("tags", "[1]", "not a JSON object"),
        ("invoice.currency", "EUR", "the amounts of line items are cents of a US dollar"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    rows = flat()
    rows[0] |= {column: value}
    found = read_native(write_native(tmp_path / "line-items.csv", rows))
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, column, reason)]
    assert found.total() == stated(records()) - Decimal("5.76")


@pytest.mark.parametrize("gone", ["totalPriceCents", "invoice.id", "invoice.salesTaxCents", "invoice.endDate"])
def test_a_header_without_what_money_depends_on_is_refused(tmp_path: Path, gone: str) -> None:
    rows = [{name: value for name, value in row.items() if name != gone} for row in flat()]
    with pytest.raises(DeliveryError, match=f"MongoDB Atlas invoices.*missing: {gone}"):
        read_native(write_native(tmp_path / "line-items.csv", rows))


def test_line_items_without_their_invoice_are_refused(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "invoice"} for row in records()]
    with pytest.raises(DeliveryError, match=r"missing: invoice\.id, invoice\.orgId"):
        read_lines(tmp_path, rows)


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [row | {"brightIdea": "yes"} for row in records()])
    assert [row["x_brightIdea"] for row in found.rows if row["ChargeCategory"] != "Tax"] == ["yes"] * 9
    assert any("brightIdea" in note for note in found.notes)


@st.composite
def invoices(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Line items of up to three invoices with any amounts, credits among them."""
    taxes = [draw(st.integers(0, 10**6)) for _ in range(3)]
    rows = []
    for cents in draw(st.lists(st.integers(-(10**7), 10**9), min_size=1, max_size=8)):
        number = draw(st.integers(0, 2))
        own = records()[0]["invoice"] | {"id": f"i{number}", "salesTaxCents": taxes[number]}
        rows.append(records()[0] | {"totalPriceCents": cents, "invoice": own})
    return rows


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(invoices())
def test_any_invoices_sum_to_their_line_items_and_taxes_in_any_order(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = read_lines(Path(folder), rows), read_lines(Path(folder), rows[::-1])
    for number in {row["invoice"]["id"] for row in rows}:
        own = stated([row for row in rows if row["invoice"]["id"] == number])
        assert first.total(InvoiceId=number) == second.total(InvoiceId=number) == own
