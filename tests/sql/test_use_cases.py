"""All 66 official FOCUS 1.4 use-case queries, verbatim, give what the raw bill gives when read without the product."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
import yaml
from sqlglot import exp

from finopsmetrics import Workspace
from finopsmetrics.observability.sql import run_sql
from tests.sql import focus_estate as estate

QUERIES = {
    path.stem: yaml.safe_load(path.read_text())["sql"] for path in sorted((estate.FIXTURES / "focus_usecases").glob("*.yaml"))
}
MONTH = ["2026-04-01", "2026-06-01"]  # by charge period
BILLS = ["2026-04-01", "2026-07-01"]  # by billing period: the queries ask BillingPeriodEnd < ?
AWS, ACCOUNT = "AWS", "200000000011"
# What a query asks for beside the window by charge period.
PARAMS: dict[str, list[Any]] = {
    "analyze_purchase_of_virtual_currency": [*MONTH, "USD"],
    "analyze_tag_coverage": ["Owner", *MONTH, AWS],
    "application_cost": ["app 1", *MONTH],
    "calculate_consumption_of_virtual_currency_within_a_billing_period": [*MONTH, "TOKENS"],
    "calculate_unit_economics": [],
    "compare_billed_budget": [*MONTH, AWS, ACCOUNT],
    "cost_compute_subaccount": [ACCOUNT, *MONTH],
    "costs_by_availability_zone": [ACCOUNT, *MONTH],
    "costs_service_name": ["AmazonEC2", *BILLS],
    "determine_target_of_virtual_currency_usage": [*MONTH, "TOKENS"],
    "report_service_costs_by_providers_subaccount": [*BILLS, ACCOUNT, AWS],
    "report_spending_across_billing_periods_for_a_service_provider_by_service_category": [*MONTH, AWS],
    "resource_component_costs": [*MONTH, "synthetic"],
    "service_costs_subaccount": [ACCOUNT, *MONTH],
    "track_contract_commitment_burn_down_over_time": BILLS,
}
# The sample has no such charges, so the answer on it is empty; the variant has them.
EMPTY_ON_THE_SAMPLE = {
    "analyze_credit_memos": "no charge is a Credit",
    "application_cost": "no tag is called Application",
    "calculate_consumption_of_virtual_currency_within_a_billing_period": "prices are in USD and EUR, no virtual currency",
    "calculate_unit_economics": "no ChargeDescription speaks of transfer",
    "cash_vs_accrual_comparison_by_billing_period": "Billed equals Effective to the last digit",
    "compare_commitment_opportunities_across_providers_cross_provider_with_saas": "CommitmentProgramEligibilityDetails is NULL",
    "corrections_by_subaccount": "ChargeClass is NULL",
    "determine_target_of_virtual_currency_usage": "prices are in USD and EUR, no virtual currency",
    "identify_eligible_capacity_reservation_spend": "CommitmentProgramEligibilityDetails is NULL",
    "identify_eligible_uncovered_spend_by_program_type": "CommitmentProgramEligibilityDetails is NULL",
    "identify_unused_capacity_reservations": "CapacityReservationId is NULL",
    "marketplace_vendors_costs": "AWS issues the invoices and provides the services",
    "report_corrections": "ChargeClass is NULL",
    "track_contract_commitment_burn_down_over_time": "ContractApplied names ContractCommitmentId, the query ContractCommitmentID",
    "track_marketplace_purchases_across_providers": "AWS is provider and host",
    "verify_discount_accuracy_for_a_previously_invoiced_billing_period_corrections_excluded": "see NEVER",
}
# FOCUS allows NULL and Correction in ChargeClass, so `ChargeClass != 'Correction'` is unknown or false for every charge there is.
NEVER = "verify_discount_accuracy_for_a_previously_invoiced_billing_period_corrections_excluded"
# The queries mean JSON_VALUE of the SQL standard, which gives the value; DuckDB's own gives JSON, quotes and all.
STANDARD = re.compile(r"\bJSON_VALUE\(")
Answer = list[tuple[Any, ...]]
Estate = tuple[Workspace, duckdb.DuckDBPyConnection]


def test_there_are_66() -> None:
    assert len(QUERIES) == 66
    assert set(PARAMS) | set(EMPTY_ON_THE_SAMPLE) <= set(QUERIES)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with Workspace(tmp_path_factory.mktemp("sample")) as workspace:
        workspace.ingest(sorted(estate.SAMPLE.glob("*.csv.gz")))
        yield workspace, estate.raw_engine(estate.CHARGES)


@pytest.fixture(scope="module")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("variant")
    path = folder / "variant.csv"
    estate.write_variant(path)
    with Workspace(folder / "home") as workspace:
        (report,) = workspace.ingest([path], source="variant")
        assert (report.accepted, report.quarantined) == (1667, 0)
        yield workspace, estate.raw_engine(path)


@pytest.mark.parametrize("name", QUERIES)
def test_on_the_sample(sample: Estate, name: str) -> None:
    rows = check(sample, name)
    assert (rows == 0) == (name in EMPTY_ON_THE_SAMPLE), EMPTY_ON_THE_SAMPLE.get(name, "the sample holds such charges")


@pytest.mark.parametrize("name", QUERIES)
def test_on_the_variant(variant: Estate, name: str) -> None:
    assert (check(variant, name) > 0) == (name != NEVER)


def check(made: Estate, name: str) -> int:
    """Ask both, compare the rows and their order; the number of rows."""
    workspace, raw = made
    sql = QUERIES[name]
    params = _params(name, raw)
    table = run_sql(workspace.opened, sql, params=params)
    answer = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    standard = STANDARD.sub("json_extract_string(", sql)
    wanted = raw.execute(standard, params).fetchall()
    tree = sqlglot.parse_one(standard, read="duckdb")
    ordered = _ordered(tree)
    assert [[row[place] for place in ordered] for row in answer] == [[row[place] for place in ordered] for row in wanted]
    if tree.args.get("limit"):  # ties at the end: any of them may be shown
        tree.set("limit", None)
        assert len(answer) == len(wanted)
        assert not Counter(map(_exact, answer)) - Counter(map(_exact, raw.execute(tree.sql("duckdb"), params).fetchall()))
    else:
        _same(answer, wanted)
    _amounts_are_exact(tree, table)
    return len(answer)


def _params(name: str, raw: duckdb.DuckDBPyConnection) -> list[Any]:
    if name == "resource_component_costs":
        chosen = raw.execute("SELECT ResourceId FROM focus_data_table WHERE ResourceId IS NOT NULL ORDER BY 1 LIMIT 1").fetchone()
        return [*MONTH, chosen[0] if chosen else ""]
    asks_bills = "BillingPeriodStart >= ?" in " ".join(QUERIES[name].split())
    return PARAMS.get(name, BILLS if asks_bills else MONTH)


def _ordered(tree: exp.Expr) -> list[int]:
    """The places of the columns that the query orders by."""
    order = tree.args.get("order")
    shown = [(column.alias_or_name.lower(), column.unalias().sql().lower()) for column in tree.selects]
    found = []
    for term in order.expressions if order else []:
        text = term.this.sql().lower()
        found.append(next(place for place, names in enumerate(shown) if text in names or term.this.name.lower() == names[0]))
    return found


def _same(answer: Answer, wanted: Answer) -> None:
    """The same rows; doubles agree to twelve digits, everything else to the last."""
    ours, theirs = (sorted(rows, key=lambda row: str(_exact(row))) for rows in (answer, wanted))
    assert list(map(_exact, ours)) == list(map(_exact, theirs))
    for mine, other in zip(ours, theirs, strict=True):
        for one, two in zip(mine, other, strict=True):
            assert not isinstance(one, float) or math.isclose(one, two, rel_tol=1e-12), (mine, other)


def _exact(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple("a double" if isinstance(value, float) else _plain(value) for value in row)


def _plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


def _amounts_are_exact(tree: exp.Expr, table: pa.Table) -> None:
    """A column is a double only where the query divides or casts to one."""
    for column, field in zip(tree.selects, table.schema, strict=True):
        if str(field.type) == "double":
            text = tree.sql()
            assert column.find(exp.Div) or "DOUBLE" in text or "/" in text, field.name


def _grouped(rows: list[estate.Row], keys: list[str], wanted: str, chosen: Callable[[estate.Row], bool]) -> Answer:
    sums: dict[tuple[str | None, ...], Decimal] = {}
    for row in rows:
        if chosen(row):
            key = tuple(row[name] or None for name in keys)
            sums[key] = sums.get(key, Decimal(0)) + Decimal(row[wanted])
    return [(*key, amount) for key, amount in sums.items()]


def _within(row: estate.Row) -> bool:
    return row["ChargePeriodStart"] >= "2026-04-01" and row["ChargePeriodEnd"] < "2026-06-01T00:00:00Z"


def _is_credit(row: estate.Row) -> bool:
    return _within(row) and row["ChargeCategory"] == "Credit"


# The same by plain addition in Python, for queries that are one sum by some columns: columns, amount, which rows.
BY_HAND: dict[str, tuple[list[str], str, Callable[[estate.Row], bool]]] = {
    "analyze_credit_memos": (["ServiceProviderName", "InvoiceId"], "BilledCost", _is_credit),
    "analyze_effective_cost_by_pricing_currency": (
        ["ServiceProviderName", "HostProviderName", "ServiceName", "PricingCurrency"],
        "PricingCurrencyEffectiveCost",
        _within,
    ),
    "identify_sources_of_billed_cost": (
        ["ServiceProviderName", "HostProviderName", "InvoiceIssuerName", "InvoiceId"],
        "BilledCost",
        _within,
    ),
    "report_corrections": (
        ["ServiceProviderName", "BillingAccountId", "ChargeCategory", "ServiceCategory", "ServiceName"],
        "BilledCost",
        lambda r: r["ChargeClass"] == "Correction",
    ),
    "corrections_by_subaccount": (
        ["ServiceProviderName", "BillingAccountId", "ServiceCategory", "SubAccountId", "SubAccountName"],
        "BilledCost",
        lambda r: r["ChargeClass"] == "Correction",
    ),
    "resource_component_costs": (
        ["ResourceId", "ResourceName", "ResourceType", "ChargeDescription", "SkuId"],
        "EffectiveCost",
        _within,
    ),
    "verify_accuracy_of_provider_invoices_aka_invoice_reconciliation": (
        ["InvoiceIssuerName", "InvoiceId"],
        "BilledCost",
        _within,
    ),
    "verify_accuracy_of_service_provider_invoices": (
        ["ServiceProviderName", "BillingAccountId", "BillingAccountName", "BillingCurrency"],
        "BilledCost",
        lambda r: True,
    ),
    "verify_accuracy_of_services_charges_across_service_providers": (
        ["ServiceProviderName", "BillingAccountId", "BillingAccountName", "BillingCurrency", "ServiceName"],
        "BilledCost",
        lambda r: True,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(variant: Estate, name: str) -> None:
    keys, wanted, chosen = BY_HAND[name]
    params = _params(name, variant[1])
    table = run_sql(variant[0].opened, QUERIES[name], params=params)
    answer = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    rows = [row for row in estate.variant_rows() if name != "resource_component_costs" or row["ResourceId"] == params[2]]
    assert Counter(map(_exact, answer)) == Counter(map(_exact, _grouped(rows, keys, wanted, chosen)))


def test_eligible_spend_by_hand(variant: Estate) -> None:
    """The programs of a charge, taken apart in Python."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for row in estate.variant_rows():
        programs = json.loads(row["CommitmentProgramEligibilityDetails"] or "{}").get("CommitmentPrograms", [])
        uncovered = row["ChargeCategory"] == "Usage" and not row["CommitmentDiscountId"]
        for kind in [one["ProgramType"] for one in programs if uncovered and _within(row)]:
            if kind in ("FlexibleSpendPlan", "ResourceReservation"):
                key = (row["ServiceProviderName"], row["ServiceName"], kind)
                sums[key] = sums.get(key, Decimal(0)) + Decimal(row["BilledCost"])
    name = "identify_eligible_uncovered_spend_by_program_type"
    rows = run_sql(variant[0].opened, QUERIES[name], params=MONTH).to_pylist()
    assert {
        (row["ServiceProviderName"], row["ServiceName"], row["EligibleProgramType"]): row["EligibleUncoveredCost"] for row in rows
    } == sums
    assert sums


def test_json_value_is_the_standards(sample: Estate) -> None:
    sql = """SELECT json_value('{"a": "x"}', '$.a') AS text, json_value('{"a": 1.5}', '$.a') AS number,
    json_value('{"a": {}}', '$.a') AS object, json_value('{"a": [1]}', '$.a') AS list,
    json_value('{"a": null}', '$.a') AS nothing,
    json_value('{}', '$.a') AS missing, json_value(NULL, '$.a') AS null_json"""
    (row,) = run_sql(sample[0].opened, sql).to_pylist()
    assert row == {"text": "x", "number": "1.5", **dict.fromkeys(["object", "list", "nothing", "missing", "null_json"])}


def test_the_invoices_of_the_sample_tie_in_sql(sample: Estate) -> None:
    sql = """
    SELECT InvoiceId, sum(c.BilledCost) AS charged, (SELECT sum(BilledCost) FROM invoice_detail d WHERE d.InvoiceId = c.InvoiceId)
    AS invoiced FROM focus_data_table c GROUP BY 1"""
    rows = run_sql(sample[0].opened, sql).to_pylist()
    assert sum(row["charged"] for row in rows) == Decimal("204637.387428273006914")
    assert all(row["charged"] == row["invoiced"] for row in rows)


def test_the_fixtures_have_their_licences() -> None:
    for folder in ("focus_usecases", "focus_synthetic_1_4"):
        assert any(path.name.upper().startswith("LICEN") for path in Path(estate.FIXTURES / folder).iterdir())
