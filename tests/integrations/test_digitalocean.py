"""DigitalOcean's invoices: the CSV and the items of the API give the same charges."""

from __future__ import annotations

import csv
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native
from tests.integrations.shapes import as_kind, read_lines, told, write_lines

HOME = NATIVE / "digitalocean"
CSV, ITEMS = HOME / "invoice.csv", HOME / "items.jsonl"
KINDS = [(CSV, "csv"), (CSV, "csv.gz"), (ITEMS, "jsonl"), (ITEMS, "jsonl.gz"), (ITEMS, "parquet")]
SAME = ("BilledCost", "ChargeCategory", "ServiceName", "SubAccountId", "PricingQuantity", "PricingUnit", "BillingPeriodEnd")


@pytest.fixture(params=KINDS, ids=lambda entry: entry[1])
def invoice(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return as_kind(*request.param, tmp_path)


def test_every_shape_gives_the_same_charges(invoice: Path) -> None:
    found = read_native(invoice)
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == Decimal("66.7385")
    assert told(found, *SAME) == told(read_native(CSV), *SAME)
    assert {row["BillingCurrency"] for row in found.rows} == {"USD"}


def test_what_an_item_is(invoice: Path) -> None:
    found = read_native(invoice)
    assert found.only(ChargeCategory="Tax")["PricingQuantity"] is None
    assert found.only(ChargeCategory="Credit")["BilledCost"] == Decimal("-17.08")
    assert found.only(ChargeCategory="Adjustment")["ServiceName"] == "Discounts"
    bought = found.only(ChargeCategory="Purchase")
    assert (bought["ServiceName"], bought["ChargeFrequency"], bought["ServiceCategory"]) == (
        "Spaces Subscription",
        "Recurring",
        "Storage",
    )
    part = found.only(ConsumedQuantity=Decimal("30.5"))
    assert (part["ServiceCategory"], part["ConsumedUnit"], part["SubAccountType"]) == ("Compute", "Hours", None)
    assert any(note.startswith("2 items are credits, discounts or adjustments") for note in found.notes)


def test_ends_are_exclusive(invoice: Path) -> None:
    found = read_native(invoice)
    tax = found.only(ChargeCategory="Tax")
    assert (f"{tax['ChargePeriodEnd']}", f"{tax['BillingPeriodEnd']}") == ("2026-10-01 00:00:00", "2026-10-01 00:00:00")
    assert f"{found.only(ConsumedQuantity=Decimal('30.5'))['ChargePeriodEnd']}" == "2026-09-11 00:00:00"


def test_the_items_name_invoice_and_resource() -> None:
    found = read_native(ITEMS)
    assert {row["InvoiceId"] for row in found.rows} == {"8f1c6c62-5f0e-4d7e-9b43-3f6e7d3b2a11"}
    assert found.only(ServiceName="Database Clusters")["ResourceId"] == "00000000-0000-4000-8000-000000000104"
    assert found.only(ServiceName="Kubernetes Clusters")["x_group_description"] == "shop-cluster"


def test_the_published_examples_are_read() -> None:
    bill = read_native(HOME / "openapi-invoice.csv")
    assert (bill.mapping, bill.total()) == ("digitalocean.invoice-csv/1", Decimal("3.27"))
    assert f"{bill.only(ChargeCategory='Tax')['ChargePeriodEnd']}" == "2020-08-01 00:00:00"
    assert f"{bill.only(ChargeCategory='Usage')['ChargePeriodEnd']}" == "2020-07-22 18:14:39"
    assert any("names no invoice" in note for note in bill.notes)
    items = read_native(HOME / "openapi-items.jsonl")
    assert (items.mapping, items.total()) == ("digitalocean.invoice-items/1", Decimal("46.79"))
    assert items.only(ServiceName="Kubernetes Clusters")["ConsumedQuantity"] == 744


def test_an_item_of_an_earlier_day_stays_on_its_invoice(tmp_path: Path) -> None:
    late = {**read_lines(ITEMS)[0], "start_time": "2026-08-30T00:00:00Z", "end_time": "2026-08-31T00:00:00Z"}
    found = read_native(write_lines(tmp_path / "items.jsonl", [late]))
    assert (f"{found.rows[0]['BillingPeriodStart']}", f"{found.rows[0]['ChargePeriodStart']:%Y-%m}") == (
        "2026-09-01 00:00:00",
        "2026-08",
    )


def changed(folder: Path, **change: str) -> Read:
    """The CSV with columns of its first row changed."""
    with CSV.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    rows[0] |= change
    return read_native(write_native(folder / "invoice.csv", rows))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("USD", "free", "not a number"),
        ("hours", "all day", "not a number"),
        ("start", "2026-09-01 00:00:00 +0200", "not a date or time"),
        ("end", "soon", "not a date or time"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    found = changed(tmp_path, **{column: value})
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, column, reason)]
    assert found.total() == Decimal("66.7385") - 24


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = changed(tmp_path, tags="env:prod")
    assert found.only(BilledCost=24)["x_tags"] == "env:prod"
    assert any("kept as x_ columns: tags" in note for note in found.notes)


def test_without_the_amounts_it_is_refused(tmp_path: Path) -> None:
    with CSV.open(encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name != "USD"} for row in csv.DictReader(file)]
    with pytest.raises(DeliveryError, match="the CSV of a DigitalOcean invoice, but these columns are missing: USD"):
        read_native(write_native(tmp_path / "x.csv", rows))
    lines = [{name: value for name, value in row.items() if name != "amount"} for row in read_lines(ITEMS)]
    with pytest.raises(DeliveryError, match=r"items of a DigitalOcean invoice, .* missing: amount"):
        read_native(write_lines(tmp_path / "x.jsonl", lines))


AMOUNTS = st.decimals(-(10**6), 10**6, places=6, allow_nan=False).map(lambda value: f"{value:f}")
PRODUCTS = st.sampled_from(["Droplets", "Taxes", "Credits", "Discounts", "Spaces Subscription", "Brand New Thing"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(PRODUCTS, AMOUNTS), min_size=1, max_size=8), st.booleans(), st.randoms(use_true_random=False))
def test_an_invoice_sums_to_its_items_in_any_order(rows: list[tuple[str, str]], dollar: bool, chance: Any) -> None:
    made = [made_row(product, amount, dollar) for product, amount in rows]
    turned = chance.sample(made, len(made))
    with tempfile.TemporaryDirectory() as folder:
        found, other = (
            read_native(write_native(Path(folder) / name, some)) for name, some in (("a.csv", made), ("b.csv", turned))
        )
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == sum(Decimal(amount) for _, amount in rows)
    assert told(found, *SAME) == told(other, *SAME)


def made_row(product: str, amount: str, dollar: bool) -> dict[str, str]:
    signed = f"-${amount[1:]}" if amount.startswith("-") else f"${amount}"
    times = {"start": "2026-09-01 00:00:00 +0000", "end": "2026-10-01 00:00:00 +0000"}
    row = {"product": product, "group_description": "", "description": "d", "hours": "1", **times}
    return {**row, "USD": signed if dollar else amount, "project_name": "", "category": "iaas"}
