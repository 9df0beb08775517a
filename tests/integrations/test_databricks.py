"""Databricks' billable usage with its prices: the ledger, what has no price, records, in every shape that is delivered."""

from __future__ import annotations

import json
import random
import tempfile
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native

JSONL, CSV = NATIVE / "databricks" / "usage.jsonl", NATIVE / "databricks" / "usage.csv"
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
TYPED = (
    "* REPLACE (CAST(usage_quantity AS DECIMAL(38,18)) AS usage_quantity, CAST(list_price AS DECIMAL(38,18)) AS list_price, "
    "CAST(usage_start_time AS TIMESTAMPTZ) AS usage_start_time, CAST(usage_end_time AS TIMESTAMPTZ) AS usage_end_time, "
    "CAST(usage_date AS DATE) AS usage_date, CAST(ingestion_date AS DATE) AS ingestion_date, "
    "CAST(CAST(to_json(custom_tags) AS JSON) AS MAP(VARCHAR, VARCHAR)) AS custom_tags)"
)


def records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in JSONL.read_text().splitlines()]


def cost(record: dict[str, Any], price: str = "list_price") -> Decimal:
    return WIDE.quantize(WIDE.multiply(Decimal(record["usage_quantity"]), Decimal(record[price])), Decimal("1e-18"))


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        target = tmp_path / "usage.parquet"
        read = f"read_json('{JSONL}', format = 'newline_delimited', map_inference_threshold = -1)"
        duckdb.execute(f"SET TimeZone = 'UTC'; COPY (SELECT {TYPED} FROM {read}) TO '{target}' (FORMAT parquet)")
        return target
    return JSONL if request.param == "jsonl" else CSV


def read_lines(folder: Path, rows: list[dict[str, Any]]) -> Read:
    target = folder / "usage.jsonl"
    target.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_native(target)


def test_every_shape_is_the_sum_of_quantities_times_prices(export: Path) -> None:
    found = read_native(export)
    assert found.mapping == "databricks.billable-usage/1"
    assert not found.rejected
    for currency in ("USD", "EUR"):
        own = sum((cost(row) for row in records() if row["currency_code"] == currency), Decimal(0))
        for column in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"):
            assert found.total(column, BillingCurrency=currency) == own


def test_every_shape_is_the_same_charges(export: Path) -> None:
    columns = (
        "BilledCost",
        "ChargePeriodStart",
        "BillingPeriodEnd",
        "ResourceId",
        "ResourceName",
        "ChargeClass",
        "SkuId",
        "RegionId",
    )

    def told(found: Read) -> list[str]:
        tags = [json.dumps(json.loads(row["Tags"] or "{}"), sort_keys=True) for row in found.rows]
        return sorted(f"{[row[name] for name in columns]} {tag}" for row, tag in zip(found.rows, tags, strict=True))

    assert told(read_native(export)) == told(read_native(JSONL))


def test_what_a_record_is(export: Path) -> None:
    found = read_native(export)
    job = found.only(ResourceId="1001")
    assert (job["ResourceType"], job["ResourceName"], job["ServiceName"]) == ("Job", "nightly load", "JOBS")
    assert (job["SubAccountId"], job["PricingUnit"], job["SkuMeter"]) == ("3210987654321098", "DBU", "COMPUTE_TIME")
    assert json.loads(job["Tags"]) == {"env": "production", "team": "core"}
    assert (job["HostProviderName"], job["InvoiceIssuerName"], job["ServiceCategory"]) == ("AWS", "Databricks", "Analytics")
    azure = found.only(ResourceId="1002")
    assert (azure["HostProviderName"], azure["InvoiceIssuerName"]) == ("Microsoft", "Microsoft")
    assert (f"{azure['ChargePeriodEnd']:%Y-%m-%d}", f"{azure['BillingPeriodEnd']:%Y-%m-%d}") == ("2026-10-01", "2026-10-01")
    pipeline = found.only(ResourceType="Pipeline")
    assert (pipeline["ResourceId"], json.loads(pipeline["Tags"])) == ("pl-1", {"env": "production", "cost/center": "42"})
    assert found.only(ServiceName="MODEL_SERVING")["ResourceName"] == "churn"
    assert found.only(ServiceName="DEFAULT_STORAGE")["Tags"] is None
    assert any("Azure Databricks" in note for note in found.notes)
    assert any("negotiated discount" in note for note in found.notes)


def test_a_retraction_takes_back_what_it_retracts(export: Path) -> None:
    found = read_native(export)
    assert found.total(ResourceId="0902-000000-def456") == Decimal("80.125") * Decimal("0.55")
    assert sorted(str(row["ChargeClass"]) for row in found.rows if row["ResourceId"] == "0902-000000-def456") == [
        "Correction",
        "Correction",
        "None",
    ]
    assert any(note.startswith("1 retractions") for note in found.notes)


def test_what_has_no_price_goes_to_quarantine_and_is_not_nothing(tmp_path: Path) -> None:
    rows = records()
    rows[0] |= {"list_price": None}
    rows[1] |= {"list_price": None, "currency_code": None}
    found = read_lines(tmp_path, rows)
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [
        (line, "list_price", "no price, so that the cost is unknown") for line in (1, 2)
    ]
    assert found.total(BillingCurrency="USD") == sum(cost(row) for row in rows[2:8])


def test_without_any_price_nothing_is_taken(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="no price, so that the cost is unknown"):
        read_lines(tmp_path, [row | {"list_price": None} for row in records()])


def test_the_price_of_the_account_goes_before_the_list_price(tmp_path: Path) -> None:
    rows = [row | {"account_price": None} for row in records()]
    rows[0] |= {"account_price": "0.12"}
    found = read_lines(tmp_path, rows)
    job = found.only(ResourceId="1001")
    assert job["BilledCost"] == job["EffectiveCost"] == Decimal("31.115496")
    assert (job["ListCost"], job["ContractedUnitPrice"]) == (Decimal("38.89437"), Decimal("0.12"))
    assert found.only(ResourceType="Pipeline")["BilledCost"] == Decimal("1.5")
    assert any("the account's price" in note for note in found.notes)


def test_records_that_stand_more_than_once_are_refused(tmp_path: Path) -> None:
    rows = records()
    with pytest.raises(DeliveryError, match=r"1 usage records of Databricks stand more than once.*Join one price"):
        read_lines(tmp_path, [*rows, rows[0] | {"currency_code": "EUR"}])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("usage_quantity", "many", "not a number"),
        ("usage_quantity", "99999999999999999999", "too large for a cost"),
        ("list_price", "free", "not a number"),
        ("usage_start_time", "yesterday", "not a date or time"),
        ("custom_tags", "[1]", "not a JSON object"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    rows = [row | {name: json.dumps(item) for name, item in row.items() if isinstance(item, dict)} for row in records()]
    if reason.startswith("too large"):
        rows[0] |= {"list_price": "100"}
    rows[0] |= {column: value}
    found = read_native(write_native(tmp_path / "usage.csv", rows))
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(2, column, reason)]
    assert len(found.rows) == 8


def test_usage_without_prices_is_refused_and_told_what_is_missing(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name not in {"list_price", "currency_code"}} for row in records()]
    with pytest.raises(DeliveryError, match=r"billable usage of Databricks.*missing: list_price or account_price, currency_code"):
        read_lines(tmp_path, rows)


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = read_lines(tmp_path, [row | {"bright_idea": "yes"} for row in records()])
    assert {row["x_bright_idea"] for row in found.rows} == {"yes"}
    assert any("bright_idea" in note for note in found.notes)
    assert {row["x_usage_metadata_job_run_id"] for row in found.rows} == {"55001", None}


QUANTITIES = st.decimals(0, 10**6, places=9).map(lambda value: f"{value:f}")
PRICES = st.decimals(0, 100, places=6).map(lambda value: f"{value:f}")


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Records in two currencies, of which some are retracted."""
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        made = records()[number] | {"record_type": "ORIGINAL", "usage_quantity": draw(QUANTITIES), "list_price": draw(PRICES)}
        rows.append(made | {"record_id": f"o{number}", "currency_code": draw(st.sampled_from(["USD", "EUR"]))})
        if draw(st.booleans()):
            back = f"-{rows[-1]['usage_quantity']}"
            rows.append(rows[-1] | {"record_type": "RETRACTION", "record_id": f"r{number}", "usage_quantity": back})
    return rows


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ledgers(), st.randoms(use_true_random=False))
def test_any_ledger_sums_to_its_own_costs_in_any_order(rows: list[dict[str, Any]], shuffle: random.Random) -> None:
    shuffled = list(rows)
    shuffle.shuffle(shuffled)
    retracted = {row["record_id"][1:] for row in rows if row["record_type"] == "RETRACTION"}
    with tempfile.TemporaryDirectory() as folder:
        first, second = read_lines(Path(folder), rows), read_lines(Path(folder), shuffled)
    for currency in ("USD", "EUR"):
        kept = [row for row in rows if row["currency_code"] == currency and row["record_id"][1:] not in retracted]
        own = sum((cost(row) for row in kept), Decimal(0))
        assert first.total(BillingCurrency=currency) == second.total(BillingCurrency=currency) == own
    assert not first.rejected
