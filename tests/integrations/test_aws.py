"""AWS bills: every rule that makes the sums of a Cost and Usage Report wrong when it is missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.cur import PLAN, RESERVED, as_legacy, covered, line, plan_fee, reserved, reserved_fee
from tests.integrations.reading import NATIVE, Read, read_native, write_native

SHAPES = ("cur2", "cur-legacy", "cur2-parquet")


def read_lines(folder: Path, lines: Sequence[dict[str, str]], shape: str = "cur2") -> Read:
    if shape == "cur2-parquet":
        return read_native(write_parquet(folder / "cur.parquet", lines))
    rows = list(lines) if shape == "cur2" else as_legacy(lines)
    found = read_native(write_native(folder / "cur.csv", rows))
    assert found.mapping == f"aws.{shape}/1"
    return found


def write_parquet(path: Path, lines: Sequence[dict[str, str]]) -> Path:
    """CUR 2.0 as Data Exports writes it: doubles, timestamps, and a map of tags."""
    names = list(dict.fromkeys(name for row in lines for name in row))
    columns = {}
    for name in names:
        values = [row.get(name, "") or None for row in lines]
        if name == "resource_tags":
            maps = [list(json.loads(value).items()) if value else None for value in values]
            columns[name] = pa.array(maps, pa.map_(pa.string(), pa.string()))
        elif name.endswith(("start_date", "end_date")):
            stamps = pa.array([value.removesuffix(".000Z") if value else None for value in values])
            columns[name] = stamps.cast(pa.timestamp("ms"))
        elif name.endswith(("_cost", "_rate", "_amount", "_fee", "_commitment", "_period", "to_date")):
            columns[name] = pa.array([float(value) if value else None for value in values], pa.float64())
        else:
            columns[name] = pa.array(values, pa.string())
    pq.write_table(pa.table(columns), path)
    return path


def test_the_real_report_sums_to_its_own_total() -> None:
    found = read_native(NATIVE / "aws" / "cur-legacy-2023-11.csv")
    assert found.mapping == "aws.cur-legacy/1"
    assert len(found.rows) == 1281
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == Decimal("1.6823086974")
    assert found.total(ChargeCategory="Tax") == Decimal("0.08")


@pytest.mark.parametrize("shape", SHAPES)
def test_covered_usage_is_billed_nothing_and_its_negation_goes(tmp_path: Path, shape: str) -> None:
    found = read_lines(tmp_path, [*covered("0.096", "0.061"), plan_fee("0.10", "0.10", "0.061"), line(cost="1.5")], shape)
    [usage] = [row for row in found.rows if row["CommitmentDiscountStatus"] == "Used"]
    assert (usage["BilledCost"], usage["EffectiveCost"]) == (0, Decimal("0.061"))
    assert (usage["CommitmentDiscountId"], usage["CommitmentDiscountCategory"]) == (PLAN, "Spend")
    assert usage["PricingCategory"] == "Committed"
    assert usage["ContractedCost"] == Decimal("0.096")
    assert not [row for row in found.rows if row["BilledCost"] < 0]
    assert found.total() == Decimal("1.60")
    assert found.total("EffectiveCost") == Decimal("1.60")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_savings_plan_left_unused_is_a_row_of_its_own(tmp_path: Path, shape: str) -> None:
    found = read_lines(tmp_path, [*covered("0.096", "0.061"), plan_fee("0.10", "0.10", "0.061")], shape)
    fee = found.only(ChargeCategory="Purchase")
    assert (fee["BilledCost"], fee["EffectiveCost"], fee["PricingCategory"]) == (Decimal("0.10"), 0, "Standard")
    unused = found.only(CommitmentDiscountStatus="Unused")
    assert (unused["BilledCost"], unused["EffectiveCost"]) == (0, Decimal("0.039"))
    assert (unused["ResourceId"], unused["ConsumedQuantity"], unused["ChargeCategory"]) == (PLAN, None, "Usage")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_reservation_left_unused_is_a_row_of_its_own(tmp_path: Path, shape: str) -> None:
    found = read_lines(tmp_path, [reserved("0.05"), reserved_fee("30", "1.25", "2.50")], shape)
    assert found.only(CommitmentDiscountStatus="Used")["EffectiveCost"] == Decimal("0.05")
    unused = found.only(CommitmentDiscountStatus="Unused")
    assert (unused["EffectiveCost"], unused["BilledCost"]) == (Decimal("3.75"), 0)
    assert (unused["CommitmentDiscountId"], unused["CommitmentDiscountType"]) == (RESERVED, "Reserved Instance")
    assert found.only(ChargeFrequency="Recurring")["EffectiveCost"] == 0


def test_an_upfront_fee_is_effective_nothing_but_a_fee_for_no_commitment_is(tmp_path: Path) -> None:
    lines = [
        line("Fee", "120", reservation_reservation_a_r_n=RESERVED),
        line("SavingsPlanUpfrontFee", "50", savings_plan_savings_plan_a_r_n=PLAN),
        line("Fee", "99", reservation_reservation_a_r_n=""),
    ]
    found = read_lines(tmp_path, lines)
    assert {row["BilledCost"]: row["EffectiveCost"] for row in found.rows} == {120: 0, 50: 0, 99: 99}
    assert {row["ChargeFrequency"] for row in found.rows} == {"One-Time"}


def test_net_costs_or_discount_lines_but_never_both(tmp_path: Path) -> None:
    usage = line(cost="10", line_item_net_unblended_cost="9")
    discount = line("EdpDiscount", "-1", line_item_net_unblended_cost="0")
    other = line("EdpDiscount", "-1", line_item_net_unblended_cost="-1")
    for given in (discount, other):
        found = read_lines(tmp_path, [usage, given])
        assert [row["BilledCost"] for row in found.rows] == [9]
    without = [{name: value for name, value in row.items() if "_net_" not in name} for row in (usage, discount)]
    found = read_lines(tmp_path, without)
    assert sorted(row["BilledCost"] for row in found.rows) == [-1, 10]
    assert [row["BilledCost"] for row in read_lines(tmp_path, [usage]).rows] == [9]


def test_what_net_costs_and_discounts_leave_is_one_visible_row(tmp_path: Path) -> None:
    lines = [line(cost="10", line_item_net_unblended_cost="9.01"), line("EdpDiscount", "-1", line_item_net_unblended_cost="")]
    found = read_lines(tmp_path, lines)
    rest = found.only(ChargeCategory="Adjustment")
    assert rest["BilledCost"] == Decimal("-0.01")
    assert "kept so that the bill ties" in rest["ChargeDescription"]
    assert found.total() == 9


def test_a_negation_that_does_not_negate_leaves_its_difference(tmp_path: Path) -> None:
    usage, negation = covered("0.096", "0.061")
    found = read_lines(tmp_path, [usage, {**negation, "line_item_unblended_cost": "-0.0959999999"}])
    assert found.total() == Decimal("0.0000000001")


def test_net_effective_costs_are_taken_where_they_are(tmp_path: Path) -> None:
    usage, negation = covered("0.096", "0.061", savings_plan_net_savings_plan_effective_cost="0.055")
    found = read_lines(tmp_path, [usage, negation, reserved("0.05", reservation_net_effective_cost="0.04")])
    assert sorted(row["EffectiveCost"] for row in found.rows) == [Decimal("0.04"), Decimal("0.055")]


@pytest.mark.parametrize(
    ("kind", "more", "category", "correction"),
    [
        ("Tax", {}, "Tax", None),
        ("Credit", {}, "Credit", None),
        ("Refund", {}, "Adjustment", None),
        ("Refund", {"line_item_usage_start_date": "2026-07-02T00:00:00.000Z"}, "Adjustment", "Correction"),
        ("Usage", {"bill_bill_type": "Refund"}, "Usage", "Correction"),
    ],
)
def test_what_a_line_is(tmp_path: Path, kind: str, more: dict[str, str], category: str, correction: str | None) -> None:
    [row] = read_lines(tmp_path, [line(kind, "-4.2", **more)]).rows
    assert (row["ChargeCategory"], row["ChargeClass"]) == (category, correction)
    assert row["BilledCost"] == row["EffectiveCost"] == Decimal("-4.2")


def test_the_marketplace_is_counted_once_and_names_its_seller(tmp_path: Path) -> None:
    sold = {"bill_billing_entity": "AWS Marketplace", "line_item_legal_entity": "Example Software Inc."}
    found = read_lines(tmp_path, [line(cost="7"), line("Fee", "300", **sold)])
    assert found.total() == 307
    assert len(found.rows) == 2
    bought = found.only(ChargeCategory="Purchase")
    assert (bought["ServiceProviderName"], bought["HostProviderName"]) == ("Example Software Inc.", "AWS")
    assert found.only(ChargeCategory="Usage")["ServiceProviderName"] == "AWS"


@pytest.mark.parametrize("shape", SHAPES)
def test_accounts_keep_their_zeros_and_tags_lose_their_prefix(tmp_path: Path, shape: str) -> None:
    [row] = read_lines(tmp_path, [line(cost="1")], shape).rows
    assert (row["BillingAccountId"], row["SubAccountId"]) == ("000111122223", "000444455556")
    key = "aws:createdBy" if shape == "cur-legacy" else "aws:created_by"
    assert json.loads(row["Tags"]) == {"team": "core", key: "Root"}
    assert row["InvoiceId"] is None
    assert row["InvoiceIssuerName"] == "Amazon Web Services EMEA SARL"
    assert row["ServiceCategory"] == "Compute"
    assert f"{row['BillingPeriodEnd']:%Y-%m-%d}" == "2026-10-01"


def test_a_tag_whose_value_looks_like_a_key_stays_as_it_is(tmp_path: Path) -> None:
    tags = json.dumps({"user_a": ',"user_b":"c', "user_b": "{user_c"})
    [row] = read_lines(tmp_path, [line(cost="1", resource_tags=tags)]).rows
    assert json.loads(row["Tags"]) == {"a": ',"user_b":"c', "b": "{user_c"}


def test_a_cost_that_is_no_number_goes_to_quarantine_with_its_row(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [line(cost="1"), line(cost="abc"), line(cost="2")])
    assert found.total() == 3
    [row] = found.rejected
    assert (row.line, row.column, row.reason) == (3, "line_item_unblended_cost", "not a number")
    assert '"line_item_unblended_cost": "abc"' in row.row


def test_none_is_no_amount_and_counts_as_nothing_only_where_nothing_may_stand(tmp_path: Path) -> None:
    lines = [line(cost="1", savings_plan_savings_plan_effective_cost="None"), line(cost="None"), line(cost="2e-1")]
    found = read_lines(tmp_path, lines)
    assert found.total() == Decimal("1.2")
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(3, "BilledCost", "missing")]


def test_a_double_is_read_as_the_number_that_was_written(tmp_path: Path) -> None:
    costs = [
        "0.1",
        "0.3",
        "1e-10",
        "123456.789012",
        "0.0096",
        "-0.07",
        "0.00000000012345",
        "89999.9999999999",
        "0.30000000000000004",
    ]
    found = read_lines(tmp_path, [line(cost=cost) for cost in costs], "cur2-parquet")
    assert sorted(row["BilledCost"] for row in found.rows) == sorted(Decimal(cost) for cost in costs)


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [line(cost="1", bright_idea="yes")])
    assert found.rows[0]["x_bright_idea"] == "yes"
    assert any("bright_idea" in note for note in found.notes)


@pytest.mark.parametrize("gone", ["line_item_unblended_cost", "line_item_line_item_type", "line_item_currency_code"])
def test_a_header_without_what_money_depends_on_is_refused(tmp_path: Path, gone: str) -> None:
    row = {name: value for name, value in line(cost="1").items() if name != gone}
    with pytest.raises(DeliveryError, match=r"Cost and Usage Report 2\.0.*missing: line_item_") as refused:
        read_native(write_native(tmp_path / "cur.csv", [row]))
    assert "add them to the export" in str(refused.value)


def test_currencies_are_not_mixed(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [line(cost="1"), line(cost="700", line_item_currency_code="CNY")])
    assert found.total(BillingCurrency="USD") == 1
    assert found.total(BillingCurrency="CNY") == 700
