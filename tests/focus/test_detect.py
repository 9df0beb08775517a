"""Dataset and version are told from the header alone."""

from __future__ import annotations

import pytest

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.columns import charges, datasets, dimension, is_dimension
from finopsmetrics.focus.detect import REQUIRED, detect

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_of_charges_is_told_from_its_columns(version: str) -> None:
    header = [column.name for column in charges().version_columns(version)]
    shape = detect(header)
    assert (shape.dataset, shape.extras) == ("CostAndUsage", {})
    # 1.4 adds no column to the charges that 1.3 does not have when its columns are only renamed; then 1.3 is the nearest.
    added = set(header) - {column.name for column in charges().version_columns("1.3")}
    assert shape.version == (version if version != "1.4" or added else "1.3")


@pytest.mark.parametrize("name", ["InvoiceDetail", "ContractCommitment", "BillingPeriod", "CostAndUsage"])
def test_each_dataset_is_told_from_its_columns(name: str) -> None:
    assert detect(list(datasets()[name].columns)).dataset == name
    assert detect(list(REQUIRED[name])).dataset == name


def test_header_case_snake_case_spaces_and_a_byte_order_mark_do_not_matter() -> None:
    odd = ["\ufeffBILLEDCOST", "billing_period_start", "billingperiodend", " ChargePeriodStart ", "CHARGE_PERIOD_END", "Provider"]
    shape = detect(odd)
    assert shape.names == {
        "BilledCost": odd[0],
        "BillingPeriodStart": odd[1],
        "BillingPeriodEnd": odd[2],
        "ChargePeriodStart": odd[3],
        "ChargePeriodEnd": odd[4],
        "ProviderName": "Provider",
    }


@pytest.mark.parametrize("again", ["BilledCost", "billedcost", "BILLEDCOST"])
def test_a_column_named_twice_is_refused(again: str) -> None:
    with pytest.raises(DeliveryError, match="twice"):
        detect([*REQUIRED["CostAndUsage"], again])


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (["identity/LineItemId", "lineItem/UnblendedCost", "bill/PayerAccountId"], "AWS Cost and Usage Report"),
        (["identity_line_item_id", "line_item_unblended_cost"], "AWS Cost and Usage Report"),
        (["InvoiceSectionName", "MeterSubCategory", "CostInBillingCurrency"], "Azure cost export"),
        (["billing_account_id", "project.id", "cost_at_list"], "GCP billing export"),
        (["lineItem/referenceNo", "lineItem/intervalUsageStart", "cost/myCost"], "OCI cost report"),
    ],
)
def test_native_exports_are_named(header: list[str], named: str) -> None:
    with pytest.raises(DeliveryError, match=named) as caught:
        detect(header)
    assert "FOCUS" in caught.value.cure


def test_a_stranger_is_refused_with_what_it_is_and_what_is_missing() -> None:
    with pytest.raises(DeliveryError, match="not a FOCUS table: its 2 columns begin with when, what"):
        detect(["when", "what"])
    with pytest.raises(DeliveryError) as caught:
        detect(["BilledCost", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart"])
    assert caught.value.cure == "A table of charges also needs ChargePeriodEnd."


def test_unknown_columns_are_kept_under_names_of_their_own() -> None:
    shape = detect([*REQUIRED["CostAndUsage"], "x_Cost Center", "Cost Center", "weird!", "weird?", "x_fm_source"])
    assert shape.extras == {
        "x_Cost_Center": "x_Cost Center",
        "x_Cost_Center_2": "Cost Center",
        "x_weird_": "weird!",
        "x_weird__2": "weird?",
        "x_x_fm_source": "x_fm_source",
    }


def test_every_column_can_be_asked_for_by_its_names() -> None:
    for column in charges().columns.values():
        assert (
            dimension(column.name).column
            == dimension(column.snake).column
            == dimension(column.name.upper()).column
            == column.name
        )
    found = dimension("tags.cost-center")
    assert (found.column, found.tag) == ("Tags", "cost-center")
    assert is_dimension("service")
    assert is_dimension("tags.team")
    assert not is_dimension("team")
