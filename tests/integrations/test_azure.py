"""Azure cost exports: every header, both views of commitments, dates and decimal commas as regions write them."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native

AZURE = NATIVE / "azure"
RESERVATION = "/providers/Microsoft.Capacity/reservationOrders/1/reservations/2"
PLAN = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/3/savingsPlans/4"
BASE = {
    "SubscriptionId": "s-1",
    "Date": "09/15/2026",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "MeterCategory": "Virtual Machines",
    "MeterSubCategory": "Dv3",
    "ConsumedService": "Microsoft.Compute",
    "CostInBillingCurrency": "0",
    "BillingCurrencyCode": "EUR",
    "BillingAccountId": "12345678",
    "Quantity": "24",
    "ChargeType": "Usage",
    "PricingModel": "OnDemand",
    "Frequency": "UsageBased",
    "ResourceLocation": "US Central",
    "benefitId": "",
    "PublisherType": "Azure",
    "PublisherName": "",
}


def row(cost: object, charge: str = "Usage", model: str = "OnDemand", benefit: str = "", **more: str) -> dict[str, str]:
    told = {"CostInBillingCurrency": str(cost), "ChargeType": charge, "PricingModel": model, "benefitId": benefit}
    return {**BASE, **told, **more}


ACTUAL = [
    row("10"),
    row("0", model="Reservation", benefit=RESERVATION),
    row("300", "Purchase", "Reservation", RESERVATION, Frequency="OneTime"),
    row("-20", "Refund", "SavingsPlan", PLAN),
]
AMORTISED = [
    row("10"),
    row("7", model="Reservation", benefit=RESERVATION),
    row("3", "UnusedReservation", "Reservation", RESERVATION),
    row("1", "UnusedSavingsPlan", "SavingsPlan", PLAN),
]


def read_rows(folder: Path, **views: list[dict[str, str]]) -> Read:
    return read_native(*[write_native(folder / f"{name}.csv", rows) for name, rows in views.items()])


def test_the_real_export_sums_to_its_own_total() -> None:
    with (AZURE / "ea-2023-09.csv").open(encoding="utf-8-sig") as file:
        own = sum((Decimal(line["CostInBillingCurrency"]) for line in csv.DictReader(file)), Decimal(0))
    found = read_native(AZURE / "ea-2023-09.csv")
    assert found.total(BillingCurrency="CAD") == found.total("EffectiveCost") == own == Decimal("1.26136926505726")
    assert {f"{line['BillingPeriodEnd']:%Y-%m-%d}" for line in found.rows} == {"2023-10-01"}
    assert {f"{line['ChargePeriodEnd'] - line['ChargePeriodStart']}" for line in found.rows} == {"1 day, 0:00:00"}


@pytest.mark.parametrize(
    ("name", "mapping", "billed", "currency", "day"),
    [
        ("Enterprise", "azure.ea/1", "0", "CAD", "2021-02-02"),
        ("EnterpriseCamel", "azure.mca/1", "0.012", "USD", "2021-02-02"),
        ("PayAsYouGo", "azure.payg/1", "0.075", "USD", "2021-02-02"),
        ("German", "azure.payg/1", "0.075", "USD", "2021-02-02"),
        ("YA", "azure.ea/1", "0.075", "USD", "2021-02-02"),
        ("values-MissingBrackets", "azure.ea/1", "4", "XXX", "2021-02-01"),
    ],
)
def test_every_header_is_read(name: str, mapping: str, billed: str, currency: str, day: str) -> None:
    found = read_native(AZURE / f"{name}.csv")
    assert found.mapping == mapping
    [line] = found.rows
    assert (line["BilledCost"], line["BillingCurrency"]) == (Decimal(billed), currency)
    assert f"{line['ChargePeriodStart']:%Y-%m-%d}" == day
    assert line["SubAccountId"].startswith("11111111-")
    assert line["Tags"] is None or json.loads(line["Tags"])


def test_a_byte_order_mark_and_an_empty_cost_are_told_apart() -> None:
    with pytest.raises(DeliveryError, match="BilledCost missing"):
        read_native(AZURE / "BOM.csv")


def test_both_views_together_pay_once_and_spread_once(tmp_path: Path) -> None:
    found = read_rows(tmp_path, actual=ACTUAL, amortized=AMORTISED)
    assert found.total() == sum(Decimal(line["CostInBillingCurrency"]) for line in ACTUAL) == 290
    assert found.total("EffectiveCost") == sum(Decimal(line["CostInBillingCurrency"]) for line in AMORTISED) == 21
    used = found.only(CommitmentDiscountStatus="Used")
    assert (used["BilledCost"], used["EffectiveCost"], used["PricingCategory"]) == (0, 7, "Committed")
    paid = found.only(ChargeCategory="Purchase", ChargeClass=None)
    assert (paid["BilledCost"], paid["EffectiveCost"], paid["ChargeFrequency"]) == (300, 0, "One-Time")
    unused = [line for line in found.rows if line["CommitmentDiscountStatus"] == "Unused"]
    assert sorted((line["CommitmentDiscountCategory"], line["EffectiveCost"]) for line in unused) == [("Spend", 1), ("Usage", 3)]
    assert {line["BilledCost"] for line in unused} == {0}
    refund = found.only(ChargeClass="Correction")
    assert (refund["BilledCost"], refund["ChargeCategory"], refund["CommitmentDiscountType"]) == (-20, "Purchase", "Savings Plan")


def test_views_are_told_by_content_where_names_say_nothing(tmp_path: Path) -> None:
    assert read_rows(tmp_path, a=ACTUAL, b=AMORTISED).total() == 290


def test_a_file_of_no_view_beside_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"whether c\.csv is of the actual"):
        read_rows(tmp_path, a=ACTUAL, b=AMORTISED, c=[row("1")])


def test_one_file_of_both_views_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="both purchases of commitments and their amortised use"):
        read_rows(tmp_path, a=[*ACTUAL, *AMORTISED])


def test_the_actual_view_alone_knows_no_effective_cost_of_commitments(tmp_path: Path) -> None:
    found = read_rows(tmp_path, a=ACTUAL)
    assert found.total() == 290
    assert {line["EffectiveCost"] for line in found.rows if line["CommitmentDiscountId"]} == {None}
    assert any("actual view alone" in note for note in found.notes)


def test_the_amortised_view_alone_says_that_purchases_are_missing(tmp_path: Path) -> None:
    found = read_rows(tmp_path, a=AMORTISED)
    assert (found.total(), found.total("EffectiveCost")) == (10, 21)
    assert any("amortised view alone" in note for note in found.notes)


@pytest.mark.parametrize(("cost", "read"), [("1.234,56", "1234.56"), ("0,000305367", "0.000305367"), ("-12,5", "-12.5")])
def test_a_decimal_comma_is_read(tmp_path: Path, cost: str, read: str) -> None:
    rows = [row(cost), row("0,05"), row("3")]
    found = read_rows(tmp_path, a=rows)
    assert found.total() == Decimal(read) + Decimal("3.05")
    assert any("decimal comma" in note for note in found.notes)


def test_a_comma_that_may_be_either_is_not_guessed(tmp_path: Path) -> None:
    found = read_rows(tmp_path, a=[row("1,234"), row("2.5")])
    assert found.total() == Decimal("2.5")
    assert [line.reason for line in found.rejected] == ["not a number"]


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ({"Date": "04/09/2026", "BillingPeriodStartDate": "01/09/2026", "BillingPeriodEndDate": "30/09/2026"}, "2026-09-04"),
        ({"Date": "09/04/2026"}, "2026-09-04"),
        ({"Date": "2026-09-04", "BillingPeriodStartDate": "2026-09-01", "BillingPeriodEndDate": "2026-09-30"}, "2026-09-04"),
        ({"Date": "04.09.2026", "BillingPeriodStartDate": "01.09.2026", "BillingPeriodEndDate": "30.09.2026"}, "2026-09-04"),
        ({"Date": "9/4/26", "BillingPeriodStartDate": "9/1/26", "BillingPeriodEndDate": "9/30/26"}, "2026-09-04"),
    ],
)
def test_dates_are_read_as_the_file_proves(tmp_path: Path, dates: dict[str, str], day: str) -> None:
    [line] = read_rows(tmp_path, a=[row("1", **dates)]).rows
    assert f"{line['ChargePeriodStart']:%Y-%m-%d}" == day
    assert f"{line['BillingPeriodStart']:%Y-%m-%d}" == "2026-09-01"


def test_dates_that_contradict_one_another_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="day first and others the month"):
        read_rows(tmp_path, a=[row("1", Date="15/09/2026"), row("1")])


def test_places_have_their_ids_and_the_marketplace_its_seller(tmp_path: Path) -> None:
    rows = [row("1"), row("5", PublisherType="Marketplace", PublisherName="Example GmbH", ResourceLocation="")]
    found = read_rows(tmp_path, a=rows)
    assert found.only(BilledCost=1)["RegionId"] == "centralus"
    sold = found.only(BilledCost=5)
    assert (sold["ServiceProviderName"], sold["HostProviderName"]) == ("Example GmbH", "Microsoft")


def test_a_header_without_its_cost_names_what_is_missing(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row("1").items() if name != "CostInBillingCurrency"}]
    with pytest.raises(DeliveryError, match="Enterprise Agreement, but these columns are missing: CostInBillingCurrency or Cost"):
        read_rows(tmp_path, a=rows)
