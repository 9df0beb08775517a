"""Datadog's monthly costs: parts and totals, months, currencies, in every shape that is delivered."""

from __future__ import annotations

import csv
import json
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native

JSONL, CSV = NATIVE / "datadog" / "cost-by-org.jsonl", NATIVE / "datadog" / "cost-by-org.csv"


def lines() -> list[dict[str, str]]:
    with CSV.open(newline="") as file:
        return list(csv.DictReader(file))


def stated(rows: list[dict[str, Any]]) -> Decimal:
    """What products come to in their months: their totals, or the sum of their parts where they have none."""
    parts: dict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    totals: dict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    for row in rows:
        key = (row["public_id"], row["date"], row["product_name"], row.get("currency", ""))
        (totals if row["charge_type"] == "total" else parts)[key].append(Decimal(str(row["cost"])))
    return sum((sum(totals.get(key) or parts[key], Decimal(0)) for key in {*parts, *totals}), Decimal(0))


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        target = tmp_path / "cost.parquet"
        read = f"read_json('{JSONL}', format = 'newline_delimited')"
        duckdb.execute(f"SET TimeZone = 'UTC'; COPY (SELECT * FROM {read}) TO '{target}' (FORMAT parquet)")
        return target
    return JSONL if request.param == "jsonl" else CSV


def read_lines(folder: Path, rows: list[dict[str, Any]], currency: str | None = "USD") -> Read:
    return read_native(write_native(folder / "cost.csv", rows), currency=currency)


def test_every_shape_sums_to_what_products_come_to(export: Path) -> None:
    found = read_native(export, currency="USD")
    assert found.mapping == "datadog.cost-by-org/1"
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == stated(lines())
    months = {(row["public_id"], row["date"]): Decimal(row["total_cost"]) for row in lines()}
    assert found.total() == sum(months.values())
    assert {row["BillingCurrency"] for row in found.rows} == {"USD"}


def test_every_shape_is_the_same_charges(export: Path) -> None:
    columns = (
        "BilledCost",
        "ChargeCategory",
        "ChargeDescription",
        "ChargePeriodEnd",
        "SubAccountId",
        "RegionId",
        "PricingCategory",
    )

    def told(found: Read) -> list[str]:
        return sorted(str([row[name] for name in columns]) for row in found.rows)

    assert told(read_native(export)) == told(read_native(CSV))


def test_a_total_is_not_counted_beside_its_parts(export: Path) -> None:
    found = read_native(export)
    kinds = [(row["SkuId"], row["x_charge_type"]) for row in found.rows if row["ChargeCategory"] == "Usage"]
    assert {sku for sku, kind in kinds if kind == "total"} == {"siem", "ci_pipeline"}
    beyond = found.only(ChargeCategory="Adjustment")
    assert (beyond["BilledCost"], beyond["SkuId"], beyond["SubAccountName"]) == (Decimal("0.005"), "infra_host", "research")
    assert found.total(SkuId="infra_host", SubAccountId="def7654321") == Decimal("300.01")
    assert any(note.startswith("6 rows state the total") for note in found.notes)


def test_what_a_charge_is(export: Path) -> None:
    found = read_native(export)
    committed = found.only(BilledCost=Decimal(300))
    assert (committed["PricingCategory"], committed["ChargeFrequency"], committed["RegionId"]) == ("Committed", "Recurring", "eu")
    assert (committed["BillingAccountId"], committed["SubAccountId"]) == ("acc0000001", "def7654321")
    assert f"{committed['ChargePeriodStart']:%Y-%m-%d} {committed['BillingPeriodEnd']:%Y-%m-%d}" == "2026-08-01 2026-09-01"
    categories = {row["SkuId"]: row["ServiceCategory"] for row in found.rows}
    assert (categories["siem"], categories["ci_pipeline"]) == ("Security", "Developer Tools")
    assert categories["infra_host"] == "Management and Governance"
    assert any("estimate" in note for note in found.notes)


def test_currencies_are_not_mixed(tmp_path: Path) -> None:
    rows = [row | {"currency": "EUR" if row["region"] == "eu" else "USD"} for row in lines()]
    found = read_lines(tmp_path, rows, None)
    for currency in ("EUR", "USD"):
        own = stated([row for row in rows if row["currency"] == currency])
        assert found.total(BillingCurrency=currency) == own


def test_without_a_currency_amounts_are_of_none(export: Path) -> None:
    found = read_native(export)
    assert {row["BillingCurrency"] for row in found.rows} == {"XXX"}
    assert any("--currency" in note for note in found.notes)


def test_charges_that_stand_twice_are_told(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [*lines(), lines()[0]])
    assert any("1 charges stand more than once" in note for note in found.notes)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("cost", "free", "not a number"),
        ("date", "August", "not a date or time"),
        ("date", "2026-08-17T00:00:00Z", "not the first day of a month, so that the cost may be a running sum"),
    ],
)
@pytest.mark.parametrize("line", [2, 4, 8])
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str, line: int) -> None:
    rows = lines()
    rows[line - 2] |= {column: value}
    found = read_lines(tmp_path, rows)
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(line, column, reason)]


def test_what_a_total_states_of_a_part_that_cannot_be_read_stays(tmp_path: Path) -> None:
    rows = lines()
    rows[0] |= {"cost": "free"}
    found = read_lines(tmp_path, rows)
    assert found.total() == stated(lines())
    assert found.only(ChargeCategory="Adjustment", BilledCost=Decimal(1500))["SkuId"] == "infra_host"


@pytest.mark.parametrize("gone", ["date", "product_name", "charge_type", "cost"])
def test_a_header_without_what_money_depends_on_is_refused(tmp_path: Path, gone: str) -> None:
    rows = [{name: value for name, value in row.items() if name != gone} for row in lines()]
    with pytest.raises(DeliveryError, match=f"Datadog organizations.*missing: {gone}"):
        read_lines(tmp_path, rows)


def test_an_answer_whose_charges_were_not_taken_apart_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "answer.jsonl"
    charges = [{"product_name": "infra_host", "charge_type": "total", "cost": 1}]
    target.write_text(json.dumps({"public_id": "a", "date": "2026-08-01T00:00:00Z", "charges": charges}) + "\n")
    with pytest.raises(DeliveryError, match="missing: product_name, charge_type, cost"):
        read_native(target)


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [row | {"bright_idea": "yes"} for row in lines()])
    assert {row["x_bright_idea"] for row in found.rows if row["ChargeCategory"] == "Usage"} == {"yes"}
    assert any("bright_idea" in note for note in found.notes)


COSTS = st.decimals(-(10**6), 10**6, places=6).map(lambda value: f"{value:f}")
KINDS = st.sampled_from(["committed", "on_demand", "committed_remaining", "total"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(KINDS, st.sampled_from(["a", "b"]), st.sampled_from(["08", "09"]), COSTS), min_size=1, max_size=10))
def test_any_charges_sum_to_what_their_products_come_to_in_any_order(drawn: list[tuple[str, str, str, str]]) -> None:
    rows = [
        lines()[0] | {"charge_type": kind, "product_name": product, "date": f"2026-{month}-01T00:00:00Z", "cost": cost}
        for kind, product, month, cost in drawn
    ]
    with tempfile.TemporaryDirectory() as folder:
        first, second = read_lines(Path(folder), rows), read_lines(Path(folder), rows[::-1])
    assert first.total() == second.total() == stated(rows)
    assert not first.rejected
