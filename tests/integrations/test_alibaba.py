"""Alibaba Cloud's bills: the items of the API and the detailed bill in OSS give the same charges."""

from __future__ import annotations

import csv
import json
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

HOME = NATIVE / "alibaba"
ITEMS, OSS = HOME / "instance-bill.jsonl", HOME / "oss-detail.csv"
KINDS = [(ITEMS, "jsonl"), (ITEMS, "jsonl.gz"), (ITEMS, "parquet"), (OSS, "csv"), (OSS, "csv.gz")]
SAME = ("BilledCost", "ListCost", "ContractedCost", "BillingCurrency", "ChargeCategory", "ResourceId", "PricingQuantity", "Tags")


@pytest.fixture(params=KINDS, ids=lambda entry: entry[1])
def bill(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return as_kind(*request.param, tmp_path)


def test_every_shape_gives_the_same_charges(bill: Path) -> None:
    found = read_native(bill)
    assert not found.rejected
    assert told(found, *SAME) == told(read_native(ITEMS), *SAME)


def test_currencies_stay_apart(bill: Path) -> None:
    found = read_native(bill)
    sums = {"CNY": Decimal("431.8575"), "USD": Decimal("70.25")}
    assert {currency: found.total(BillingCurrency=currency) for currency in ("CNY", "USD")} == sums
    assert found.total("EffectiveCost", BillingCurrency="CNY") == sums["CNY"]


def test_what_a_row_is(bill: Path) -> None:
    found = read_native(bill)
    bought = found.only(ResourceId="rm-0001")
    assert bought["ChargeCategory"] == "Purchase"
    assert (bought["BilledCost"], bought["ListCost"], bought["ContractedCost"]) == (320, 400, 320)
    refund = found.only(ResourceId="rm-0000")
    assert (refund["ChargeCategory"], refund["ChargeClass"], refund["BilledCost"]) == ("Purchase", None, -30)
    assert found.only(ChargeCategory="Adjustment")["BilledCost"] == Decimal("3.5")
    assert any(note.startswith("1 refunds are charges of what they refund") for note in found.notes)


def test_coupons_and_rounding_lower_what_is_billed_and_vouchers_do_not(bill: Path) -> None:
    found = read_native(bill)
    assert found.only(ResourceId="bucket-1")["BilledCost"] == Decimal("30.3575")
    assert found.only(ResourceId="i-0001")["BilledCost"] == 108


def test_what_a_resource_plan_covers_has_no_priced_quantity(bill: Path) -> None:
    found = read_native(bill)
    stored = found.only(ResourceId="bucket-1")
    assert (stored["ConsumedQuantity"], stored["ConsumedUnit"]) == (300, "GB")
    assert (stored["PricingQuantity"], stored["PricingUnit"]) == (None, None)
    server = found.only(ResourceId="i-0001")
    assert (server["PricingQuantity"], server["PricingUnit"], server["ListUnitPrice"]) == (720, "Hour", Decimal("0.1666"))


def test_tags_and_places(bill: Path) -> None:
    found = read_native(bill)
    server = found.only(ResourceId="i-0001")
    assert json.loads(server["Tags"]) == {"env": "prod", "team": "core", "owner": True}
    assert (server["RegionId"], server["AvailabilityZone"]) == ("cn-hangzhou", "cn-hangzhou-b")
    assert server["ServiceCategory"] == "Compute"
    shop = found.only(ResourceId="rm-0001")
    assert (shop["RegionId"], shop["RegionName"], shop["SubAccountId"]) == (None, "China (Shanghai)", "1850000000000490")


def test_a_cycle_is_counted_in_china_and_given_in_utc(bill: Path) -> None:
    row = read_native(bill).only(ResourceId="i-0001")
    for name in ("BillingPeriod", "ChargePeriod"):
        assert (hour(row[f"{name}Start"]), hour(row[f"{name}End"])) == ("2026-08-31T16", "2026-09-30T16")


def hour(time: Any) -> str:
    return f"{time:%Y-%m-%dT%H}"


def test_the_files_in_oss_have_the_hours_and_the_number() -> None:
    row = read_native(OSS).only(ResourceId="bucket-1")
    assert (hour(row["ChargePeriodStart"]), hour(row["ChargePeriodEnd"])) == ("2026-09-30T15", "2026-09-30T16")
    assert row["InvoiceDetailId"] == "r-2"


def test_a_month_stands_under_its_own_name(workspace: Any) -> None:
    [report] = workspace.ingest([ITEMS])
    assert report.periods == ["2026-09"]


def plain(**change: object) -> dict[str, Any]:
    row = {name: float(value) if isinstance(value, Decimal) else value for name, value in read_lines(ITEMS)[0].items()}
    return {**row, **change}


def test_a_day_is_a_day_in_china(tmp_path: Path) -> None:
    [row] = read_native(write_lines(tmp_path / "x.jsonl", [plain(BillingDate="2026-09-20")])).rows
    assert (f"{row['ChargePeriodStart']}", f"{row['ChargePeriodEnd']}") == ("2026-09-19 16:00:00", "2026-09-20 16:00:00")


def test_a_time_that_names_its_zone_is_taken_at_its_word(tmp_path: Path) -> None:
    found = changed(tmp_path, UsageStartTime="2026-09-01T00:00:00Z", UsageEndTime="2026-09-01T01:00:00+00:00")
    row = found.only(ResourceId="i-0001")
    assert (f"{row['ChargePeriodStart']}", f"{row['ChargePeriodEnd']}") == ("2026-09-01 00:00:00", "2026-09-01 01:00:00")


def test_a_price_in_another_currency_is_absent(tmp_path: Path) -> None:
    [row] = read_native(write_lines(tmp_path / "x.jsonl", [plain(ListPriceUnit="USD/Hour")])).rows
    assert (row["ListUnitPrice"], row["x_ListPrice"]) == (None, "0.1666")


def changed(folder: Path, **change: str) -> Read:
    """The detailed bill with columns of its first row changed."""
    with OSS.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    rows[0] |= change
    return read_native(write_native(folder / "bill.csv", rows))


@pytest.mark.parametrize(
    ("column", "value", "where", "reason"),
    [
        ("PretaxAmount", "free", "PretaxAmount", "not a number"),
        ("PretaxGrossAmount", "1.234,5.6", "PretaxGrossAmount", "not a number"),
        ("BillingCycle", "September", "BillingCycle", "not a date or time"),
        ("UsageStartTime", "noon", "UsageStartTime", "not a date or time"),
        ("Item", "Mystery", "ChargeCategory", "missing"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, where: str, reason: str) -> None:
    found = changed(tmp_path, **{column: value})
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, where, reason)]
    assert found.total(BillingCurrency="CNY") == Decimal("431.8575") - 108


def test_a_tax_is_told_and_kept(tmp_path: Path) -> None:
    found = changed(tmp_path, Tax="6.48")
    assert found.only(ResourceId="i-0001")["x_Tax"] == "6.48"
    assert any(note.startswith("1 rows name a tax") for note in found.notes)


def test_odd_tags_do_not_stop_a_bill(tmp_path: Path) -> None:
    found = changed(tmp_path, Tag="a:1;a:2;nothing;b:x:y")
    row = found.only(ResourceId="i-0001")
    assert (json.loads(row["Tags"]), row["x_Tag"]) == ({"a": "1", "b": "x:y"}, "a:1;a:2;nothing;b:x:y")


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = changed(tmp_path, CarbonGrams="12")
    assert found.only(ResourceId="i-0001")["x_CarbonGrams"] == "12"
    assert any("kept as x_ columns: CarbonGrams" in note for note in found.notes)


def test_without_the_pretax_amount_it_is_refused(tmp_path: Path) -> None:
    with OSS.open(encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name != "PretaxAmount"} for row in csv.DictReader(file)]
    with pytest.raises(DeliveryError, match="stores in OSS, but these columns are missing: PretaxAmount"):
        read_native(write_native(tmp_path / "x.csv", rows))
    line = {name: value for name, value in plain().items() if name != "PretaxAmount"}
    with pytest.raises(DeliveryError, match="as its API gives them, but these columns are missing: PretaxAmount"):
        read_native(write_lines(tmp_path / "x.jsonl", [line]))


def test_its_focus_export_is_read_as_focus() -> None:
    found = read_native(HOME / "focus.csv")
    assert (found.mapping, found.total(), found.total("ListCost")) == ("", 428, 520)
    assert not found.rejected


AMOUNTS = st.decimals(-(10**6), 10**6, places=8, allow_nan=False)
KINDS_OF_ITEM = st.sampled_from(["SubscriptionOrder", "PayAsYouGoBill", "Refund", "Adjustment"])
ROWS = st.lists(st.tuples(KINDS_OF_ITEM, st.sampled_from(["CNY", "USD"]), AMOUNTS, AMOUNTS), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.randoms(use_true_random=False))
def test_each_currency_sums_to_its_own_in_any_order(rows: list[tuple[str, str, Decimal, Decimal]], chance: Any) -> None:
    made = [made_row(*row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "a.csv", made))
        other = read_native(write_native(Path(folder) / "b.csv", chance.sample(made, len(made))))
    assert not found.rejected
    for currency in ("CNY", "USD"):
        own = [(gross, less) for _, named, gross, less in rows if named == currency]
        assert found.total(BillingCurrency=currency) == sum(gross - less for gross, less in own)
        assert found.total("ContractedCost", BillingCurrency=currency) == found.total(BillingCurrency=currency)
    assert told(found, *SAME) == told(other, *SAME)


def made_row(item: str, currency: str, gross: Decimal, less: Decimal) -> dict[str, str]:
    row = {"BillingCycle": "2026-09", "AccountID": "1", "Item": item, "SubscriptionType": "PayAsYouGo", "ProductCode": "ecs"}
    times = {"UsageStartTime": "2026-09-01 00:00:00", "UsageEndTime": "2026-09-01 01:00:00"}
    amounts = {"PretaxGrossAmount": f"{gross:f}", "InvoiceDiscount": f"{less:f}", "PretaxAmount": f"{gross - less:f}"}
    return {**row, **times, **amounts, "InstanceID": "i", "Currency": currency, "RecordID": "r"}
