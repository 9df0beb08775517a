"""IBM Cloud's usage of resource instances: the API's metrics and the CSV give the same charges."""

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

HOME = NATIVE / "ibm"
API, CSV = HOME / "instance-usage.jsonl", HOME / "instances.csv"
KINDS = [(API, "jsonl"), (API, "jsonl.gz"), (API, "parquet"), (CSV, "csv"), (CSV, "csv.gz")]
SAME = ("BilledCost", "ListCost", "BillingCurrency", "ServiceName", "SkuId", "ResourceId", "SubAccountId", "ConsumedQuantity")
METRIC = {"metric", "quantity", "rateable_quantity", "cost", "rated_cost", "price", "unit", "non_chargeable", "discounts"}


@pytest.fixture(params=KINDS, ids=lambda entry: entry[1])
def usage(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return as_kind(*request.param, tmp_path)


def test_every_shape_gives_the_same_charges(usage: Path) -> None:
    found = read_native(usage)
    assert not found.rejected
    assert told(found, *SAME) == told(read_native(API), *SAME)
    assert found.total("EffectiveCost") == found.total()


def test_currencies_stay_apart(usage: Path) -> None:
    found = read_native(usage)
    assert found.total(BillingCurrency="USD") == Decimal("160.0225")
    assert found.total(BillingCurrency="EUR") == Decimal("12.5")


def test_what_is_not_charged_is_billed_at_nothing_and_told(usage: Path) -> None:
    found = read_native(usage)
    nodes = found.only(SkuMeter="WORKER_NODES")
    assert (nodes["BilledCost"], nodes["ListCost"], nodes["ConsumedQuantity"]) == (0, 0, 3)
    assert Decimal(str(nodes["x_cost" if "x_cost" in nodes else "x_Cost"])) == 12
    assert found.only(ServiceName="Watson Assistant")["BilledCost"] == 0
    assert any(note.startswith("2 metrics are not billable, or not chargeable") for note in found.notes)


def test_discounts_part_list_and_billed_cost(usage: Path) -> None:
    hours = read_native(usage).only(SkuMeter="INSTANCE_HOURS")
    assert (hours["ListCost"], hours["ContractedCost"], hours["BilledCost"]) == (
        Decimal("105.6"),
        Decimal("95.04"),
        Decimal("95.04"),
    )


def test_what_a_row_says_of_itself(usage: Path) -> None:
    found = read_native(usage)
    stored = found.only(SkuMeter="STANDARD_STORAGE")
    assert (stored["ServiceCategory"], stored["ResourceName"], stored["RegionId"]) == ("Storage", "lake", "us-south")
    assert (stored["SubAccountName"], stored["SubAccountType"]) == ("data", "Resource Group")
    assert (stored["BillingAccountId"], f"{stored['BillingPeriodEnd']}") == ("0a1b2c3d4e5f", "2026-10-01 00:00:00")
    assert found.only(SkuMeter="MEMORY")["ServiceCategory"] == "Databases"


def test_what_is_priced_is_known_to_the_api_alone() -> None:
    assert read_native(API).only(SkuMeter="STANDARD_STORAGE")["PricingQuantity"] == Decimal("1019.5")
    row = read_native(CSV).only(SkuMeter="STANDARD_STORAGE")
    assert (row["PricingQuantity"], row["PricingUnit"], row["ConsumedUnit"]) == (None, None, "GIGABYTE")


def test_tags_of_the_api_and_of_the_csv() -> None:
    tagged = {"env": "prod", "team": "core", "service_tag::project::project_id": "321"}
    assert json.loads(read_native(API).only(SkuMeter="INSTANCE_HOURS")["Tags"]) == {**tagged, "owner": True}
    row = read_native(CSV).only(SkuMeter="INSTANCE_HOURS")
    assert (json.loads(row["Tags"]), row["x_Other_Tags"]) == (tagged, "owner")
    assert read_native(CSV).only(SkuMeter="MEMORY")["Tags"] is None


def plain(**change: object) -> dict[str, Any]:
    row = {name: float(value) if isinstance(value, Decimal) else value for name, value in read_lines(API)[0].items()}
    return {**row, **change}


def test_a_metric_may_stay_within_its_instance(tmp_path: Path) -> None:
    flat = plain()
    nested = {name: value for name, value in flat.items() if name not in METRIC} | {"usage": {n: flat[n] for n in METRIC}}
    found, other = (read_native(write_lines(tmp_path / name, [row])) for name, row in (("a.jsonl", flat), ("b.jsonl", nested)))
    assert told(found, *SAME, "PricingQuantity", "Tags") == told(other, *SAME, "PricingQuantity", "Tags")


def test_the_published_answer_is_read() -> None:
    found = read_native(HOME / "sdk-example.jsonl")
    assert (found.mapping, found.total()) == ("ibm.instance-usage/1", 0)
    row = found.rows[0]
    assert (row["PricingQuantity"], row["ConsumedQuantity"], row["ConsumedUnit"]) == (700, Decimal("711.11"), "HOURS")
    assert json.loads(row["Tags"]) == {"anyValue": True, "service_tag::anyValue": True}
    assert any(note.startswith("1 metrics are pending charges") for note in found.notes)


def test_earlier_versions_of_the_csv_call_the_cost_usage_cost(tmp_path: Path) -> None:
    with CSV.open(encoding="utf-8") as file:
        rows = [{{"Cost": "Usage Cost"}.get(name, name): value for name, value in row.items()} for row in csv.DictReader(file)]
    found = read_native(write_native(tmp_path / "old.csv", rows))
    assert (found.mapping, found.total(BillingCurrency="USD")) == ("ibm.instances-csv/1", Decimal("160.0225"))


def test_the_csv_with_the_section_of_its_account_is_refused(tmp_path: Path) -> None:
    head = "Account Owner ID,Account Name,Billing Month,Currency Rate\n0a1b,Acme,2026-09,1\n\n"
    bill = tmp_path / "instances.csv"
    bill.write_text(head + CSV.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DeliveryError, match="not a FOCUS table"):
        read_native(bill)


def changed(folder: Path, **change: str) -> Read:
    """The CSV with columns of its first row changed; an underscore stands for a space."""
    with CSV.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    new = {name.replace("_", " "): value for name, value in change.items()}
    rows = [{**{name: "" for name in new if name not in row}, **row} for row in rows]  # a new column stands first
    rows[0] |= new
    return read_native(write_native(folder / "instances.csv", rows))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Cost", "free", "not a number"),
        ("Original_Cost", "none", "not a number"),
        ("Billing_Month", "September", "not a date or time"),
        ("Billable", "perhaps", "not true or false"),
        ("Billable", "", "not true or false"),
        ("Non_Chargeable", "in part", "not true or false"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    found = changed(tmp_path, **{column: value})
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, column.replace("_", " "), reason)]
    assert found.total(BillingCurrency="USD") == Decimal("160.0225") - Decimal("95.04")


def test_a_new_column_is_kept_and_told_and_is_no_tag(tmp_path: Path) -> None:
    found = changed(tmp_path, Carbon_Grams="12")
    row = found.only(SkuMeter="INSTANCE_HOURS")
    assert row["x_Carbon_Grams"] == "12"
    assert "Carbon Grams" not in json.loads(row["Tags"])
    assert any("kept as x_ columns: Carbon Grams" in note for note in found.notes)


def test_without_costs_it_is_refused(tmp_path: Path) -> None:
    with CSV.open(encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name != "Cost"} for row in csv.DictReader(file)]
    with pytest.raises(DeliveryError, match=r"instances report in CSV, .* missing: Cost or Usage Cost"):
        read_native(write_native(tmp_path / "x.csv", rows))
    line = {name: value for name, value in plain().items() if name != "billable"}
    with pytest.raises(DeliveryError, match=r"as its API gives it, .* missing: billable"):
        read_native(write_lines(tmp_path / "x.jsonl", [line]))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_its_focus_export_is_read_as_focus(tmp_path: Path, kind: str) -> None:
    source = HOME / "focus.csv"
    if kind == "jsonl":
        with source.open(encoding="utf-8") as file:
            rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
        source = write_lines(tmp_path / "focus.jsonl", rows)
    found = read_native(source)
    assert (found.mapping, found.total(), found.total("ListCost")) == ("", Decimal("117.0225"), Decimal("130.025"))
    assert {row["ServiceProviderName"] for row in found.rows} == {"IBM"}


AMOUNTS = st.decimals(-(10**6), 10**6, places=8, allow_nan=False)
FLAGS = st.sampled_from(["true", "false", "True", "FALSE"])
ROWS = st.lists(st.tuples(AMOUNTS, FLAGS, st.one_of(st.just(""), FLAGS), st.sampled_from(["USD", "EUR"])), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.randoms(use_true_random=False))
def test_what_is_charged_sums_to_its_costs_in_any_order(rows: list[tuple[Decimal, str, str, str]], chance: Any) -> None:
    made = [made_row(*row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "a.csv", made))
        other = read_native(write_native(Path(folder) / "b.csv", chance.sample(made, len(made))))
    assert not found.rejected
    for currency in ("USD", "EUR"):
        own = [cost for cost, billable, free, named in rows if named == currency and charged(billable, free)]
        assert found.total(BillingCurrency=currency) == sum(own)
    assert told(found, *SAME) == told(other, *SAME)


def charged(billable: str, free: str) -> bool:
    return billable.lower() == "true" and free.lower() != "true"


def made_row(cost: Decimal, billable: str, free: str, currency: str) -> dict[str, str]:
    row = {"Account Owner ID": "1", "Billing Month": "2026-09", "Instance ID": "i", "Plan ID": "p", "Currency": currency}
    amounts = {"Cost": f"{cost:f}", "Original Cost": f"{cost:f}"}
    return {**row, **amounts, "Billable": billable, "Non Chargeable": free, "Usage Metric": "M", "Other Tags": ""}
