"""Snowflake's daily usage in currency: who pays for a row, what it is, in every shape that is delivered."""

from __future__ import annotations

import csv
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

CSV, JSONL = NATIVE / "snowflake" / "usage-in-currency.csv", NATIVE / "snowflake" / "usage-in-currency.jsonl"


def lines() -> list[dict[str, str]]:
    with CSV.open(newline="") as file:
        return list(csv.DictReader(file))


def total(rows: list[dict[str, str]], currency: str, *sources: str) -> Decimal:
    chosen = [row for row in rows if row["CURRENCY"] == currency and (not sources or row["BALANCE_SOURCE"] in sources)]
    return sum((Decimal(row["USAGE_IN_CURRENCY"]) for row in chosen), Decimal(0))


@pytest.fixture(params=["csv", "jsonl", "parquet"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        target = tmp_path / "usage.parquet"
        typed = (
            "* REPLACE (CAST(USAGE_DATE AS DATE) AS USAGE_DATE, CAST(USAGE AS DECIMAL(38,3)) AS USAGE, "
            "CAST(USAGE_IN_CURRENCY AS DECIMAL(38,2)) AS USAGE_IN_CURRENCY, CAST(IS_ADJUSTMENT AS BOOLEAN) AS IS_ADJUSTMENT)"
        )
        duckdb.execute(f"COPY (SELECT {typed} FROM read_csv('{CSV}', all_varchar = true)) TO '{target}' (FORMAT parquet)")
        return target
    return JSONL if request.param == "jsonl" else CSV


def test_every_shape_is_effective_in_whole_and_billed_for_overage(export: Path) -> None:
    found = read_native(export)
    assert found.mapping == "snowflake.usage-in-currency/1"
    assert not found.rejected
    for currency in ("USD", "EUR"):
        assert found.total("EffectiveCost", BillingCurrency=currency) == total(lines(), currency)
        assert found.total(BillingCurrency=currency) == total(lines(), currency, "overage")


def test_every_shape_is_the_same_charges(export: Path) -> None:
    columns = (
        "BilledCost",
        "EffectiveCost",
        "ChargeCategory",
        "ChargePeriodEnd",
        "BillingPeriodEnd",
        "ServiceName",
        "PricingUnit",
    )
    columns += ("PricingQuantity", "SubAccountId", "RegionId", "HostProviderName", "x_BILLING_TYPE")

    def told(found: Read) -> list[str]:
        rows = [{name.lower(): value for name, value in row.items()} for row in found.rows]
        return sorted(str([row[name.lower()] for name in columns]) for row in rows)

    assert told(read_native(export)) == told(read_native(CSV))


def test_what_a_row_is(export: Path) -> None:
    found = read_native(export)
    assert found.total(ChargeCategory="Adjustment") == Decimal("-1.64")
    assert found.total("EffectiveCost", ChargeCategory="Adjustment") == Decimal("-4.08")
    given_back = {row["ServiceName"]: row["BilledCost"] for row in found.rows if row["ChargeCategory"] == "Credit"}
    assert given_back == {"rebate": Decimal(-5), "support credit": Decimal(0)}
    fee = found.only(ChargeCategory="Purchase")
    assert (fee["ServiceName"], fee["SubAccountId"], fee["PricingQuantity"]) == ("priority support", None, None)
    storage = found.only(ServiceName="STORAGE", BilledCost=Decimal("1.33"))
    assert (storage["PricingUnit"], storage["HostProviderName"], storage["SubAccountName"]) == ("TB", "Microsoft", "DEV")
    other = found.only(BillingCurrency="EUR")
    assert (other["BillingAccountId"], other["HostProviderName"]) == ("EXAMPLE_EU", "Google Cloud")
    assert f"{other['ChargePeriodStart']:%Y-%m-%d} {other['BillingPeriodEnd']:%Y-%m-%d}" == "2026-10-01 2026-11-01"
    drawn = [row for row in found.rows if row["PricingCategory"] == "Committed"]
    assert {row["BilledCost"] for row in drawn} == {Decimal(0)}
    assert any(note.startswith("5 rows draw on capacity") for note in found.notes)
    assert any("may change" in note for note in found.notes)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("USAGE_IN_CURRENCY", "free", "not a number"),
        ("USAGE_DATE", "1st", "not a date or time"),
        ("BALANCE_SOURCE", "", "not a known source of funds, so that nobody knows whether it is invoiced"),
        ("BALANCE_SOURCE", "lottery", "not a known source of funds, so that nobody knows whether it is invoiced"),
        ("IS_ADJUSTMENT", "perhaps", "neither true nor false"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    rows = lines()
    rows[4] |= {column: value}
    found = read_native(write_native(tmp_path / "usage.csv", rows))
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(6, column, reason)]
    assert found.total(BillingCurrency="USD") == total(rows[:4] + rows[5:], "USD", "overage")


def test_an_amount_that_is_not_there_is_not_nothing(tmp_path: Path) -> None:
    rows = lines()
    rows[0] |= {"USAGE_IN_CURRENCY": ""}
    found = read_native(write_native(tmp_path / "usage.csv", rows))
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, "BilledCost", "missing")]


@pytest.mark.parametrize("gone", ["BILLING_TYPE", "BALANCE_SOURCE", "USAGE_IN_CURRENCY", "CURRENCY"])
def test_a_header_without_what_money_depends_on_is_refused(tmp_path: Path, gone: str) -> None:
    rows = [{name: value for name, value in row.items() if name != gone} for row in lines()]
    with pytest.raises(DeliveryError, match=f"USAGE_IN_CURRENCY_DAILY.*missing: {gone}"):
        read_native(write_native(tmp_path / "usage.csv", rows))


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = read_native(write_native(tmp_path / "usage.csv", [row | {"BRIGHT_IDEA": "yes"} for row in lines()]))
    assert {row["x_BRIGHT_IDEA"] for row in found.rows} == {"yes"}
    assert any("BRIGHT_IDEA" in note for note in found.notes)


AMOUNTS = st.decimals(-(10**6), 10**6, places=2).map(lambda value: f"{value:f}")
SOURCES = ("capacity", "rollover", "free usage", "overage", "rebate")


@st.composite
def deliveries(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows of any source and type in two currencies."""
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        types = draw(st.sampled_from(["consumption", "rebate", "priority support", "support_credit"]))
        more: dict[str, Any] = {"BILLING_TYPE": types, "IS_ADJUSTMENT": draw(st.sampled_from(["true", "false"]))}
        more |= {"BALANCE_SOURCE": draw(st.sampled_from(SOURCES)), "CURRENCY": draw(st.sampled_from(["USD", "EUR"]))}
        rows.append(lines()[0] | more | {"USAGE_IN_CURRENCY": draw(AMOUNTS)})
    return rows


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries())
def test_any_rows_sum_to_their_own_amounts_in_any_order(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for order in (rows, rows[::-1]):
            found = read_native(write_native(Path(folder) / "usage.csv", order))
            for currency in ("USD", "EUR"):
                assert found.total("EffectiveCost", BillingCurrency=currency) == total(rows, currency)
                assert found.total(BillingCurrency=currency) == total(rows, currency, "overage")
