"""The files are FOCUS: columns of their version, allowed values, types, and nothing missing that must be there."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Con = duckdb.DuckDBPyConnection

# Copied from FOCUS 1.4 (Cost and Usage).
ALLOWED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "CommitmentDiscountCategory": {"Spend", "Usage"},
    "CommitmentDiscountStatus": {"Used", "Unused"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other"},
}
# The pairs of subcategory and category that the demo uses, as FOCUS 1.4 defines them.
PARENTS = {
    "Analytics Platforms": "Analytics", "Application Platforms": "Web", "Backup Storage": "Storage",
    "Block Storage": "Storage", "Containers": "Compute", "Content Delivery": "Networking",
    "Continuous Integration and Deployment": "Developer Tools", "Data Processing": "Analytics",
    "Data Warehouses": "Databases", "Developer Platforms": "Developer Tools",
    "Development Environments": "Developer Tools", "Generative AI": "AI and Machine Learning",
    "IoT Platforms": "Internet of Things", "Messaging": "Integration", "Network Connectivity": "Networking",
    "NoSQL Databases": "Databases", "Object Storage": "Storage", "Observability": "Management and Governance",
    "Other (Other)": "Other", "Relational Databases": "Databases", "Serverless Compute": "Compute",
    "Source Code Management": "Developer Tools", "Storage Platforms": "Storage",
    "Support": "Management and Governance", "Threat Detection and Response": "Security", "Virtual Machines": "Compute",
}  # fmt: skip
NOT_NULL = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName",
    "ListCost", "ServiceCategory", "ServiceName",
)  # fmt: skip
MANDATORY = {*NOT_NULL, "BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit"}
PROVIDERS = {
    "1.4": {"ServiceProviderName", "HostProviderName"},
    "1.2": {"ProviderName", "PublisherName"},
    "1.0": {"ProviderName", "PublisherName"},
}
NOT_YET_IN_1_0 = {
    "BillingAccountType", "CommitmentDiscountQuantity", "CommitmentDiscountUnit", "PricingCurrency",
    "ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "SubAccountType",
}  # fmt: skip
PAPERS_NOT_NULL = {
    "InvoiceDetail": ("BilledCost", "InvoiceDetailId", "InvoiceId", "InvoiceIssuerName", "PaymentTerms", "ReferenceInvoiceId"),
    "BillingPeriod": ("BillingPeriodCreated", "BillingPeriodLastUpdated", "BillingPeriodStatus", "InvoiceIssuerName"),
    "ContractCommitment": ("ContractCommitmentId", "ContractId", "ContractCommitmentApplicability", "ServiceProviderName"),
}


def header(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names)
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return next(csv.reader(text.splitlines()))


@pytest.mark.parametrize("column", sorted(ALLOWED))
def test_only_allowed_values(charges: Con, column: str) -> None:
    found = charges.execute(f"SELECT DISTINCT {column} FROM charges WHERE {column} IS NOT NULL").fetchall()
    values = {row[0] for row in found}
    assert values
    assert values <= ALLOWED[column]


def test_services_are_in_their_categories(charges: Con) -> None:
    found = charges.execute("SELECT DISTINCT ServiceSubcategory, ServiceCategory FROM charges WHERE source <> 'examplewatch'")
    pairs = dict(found.fetchall())
    assert len(pairs) >= 20
    assert all(PARENTS[subcategory] == category for subcategory, category in pairs.items())


@pytest.mark.parametrize("column", NOT_NULL)
def test_nothing_mandatory_is_null(charges: Con, column: str) -> None:
    assert charges.execute(f"SELECT count(*) FROM charges WHERE {column} IS NULL OR {column}::VARCHAR = ''").fetchall() == [(0,)]


def test_columns_are_those_of_the_version(demo: Any) -> None:
    versions = set()
    for told, path in demo.deliveries():
        names, version = set(header(path)), told["focus_version"]
        versions.add(version)
        assert names >= MANDATORY | PROVIDERS[version]
        assert not names & (PROVIDERS["1.2"] if version == "1.4" else PROVIDERS["1.4"])
        if version == "1.0":
            assert not names & NOT_YET_IN_1_0
        assert header(path) == sorted(names, key=lambda name: (name.startswith("x_"), name))
    assert versions == {"1.0", "1.2", "1.4"}


def test_parquet_is_typed(demo: Any) -> None:
    schema = pq.read_schema(demo.latest()["aws", "2026-02-01"])
    for name in ("BilledCost", "EffectiveCost", "ListUnitPrice", "PricingQuantity"):
        assert schema.field(name).type == pa.decimal128(38, 18)
    for name in ("BillingPeriodStart", "ChargePeriodEnd"):
        assert schema.field(name).type == pa.timestamp("us", tz="UTC")
    assert schema.field("x_Synthetic").type == pa.bool_()


def test_tax_and_credits_have_no_prices(charges: Con) -> None:
    rule = """SELECT count(*) FROM charges WHERE ChargeCategory IN ('Tax', 'Credit', 'Adjustment') AND (SkuId IS NOT NULL
        OR SkuPriceId IS NOT NULL OR PricingQuantity IS NOT NULL OR PricingUnit IS NOT NULL OR ListUnitPrice IS NOT NULL)"""
    assert charges.execute(rule).fetchall() == [(0,)]


def test_unused_and_purchased_name_the_commitment_as_their_resource(charges: Con) -> None:
    rule = """SELECT count(*), count(*) FILTER (ResourceId <> CommitmentDiscountId OR ConsumedQuantity IS NOT NULL)
        FROM charges WHERE CommitmentDiscountId IS NOT NULL AND CommitmentDiscountStatus IS DISTINCT FROM 'Used'"""
    rows, wrong = charges.execute(rule).fetchall()[0]
    assert rows > 100
    assert wrong == 0


def test_json_columns_are_objects(charges: Con) -> None:
    for column in ("Tags", "SkuPriceDetails", "ContractApplied"):
        for (text,) in charges.execute(f"SELECT DISTINCT {column} FROM charges WHERE {column} IS NOT NULL").fetchall():
            assert isinstance(json.loads(text), dict)


def test_virtual_currency_follows_the_dollars(charges: Con) -> None:
    rule = """SELECT count(*), count(*) FILTER (PricingCurrencyEffectiveCost::DECIMAL(38, 18) * 2.5 <> EffectiveCost)
        FROM charges WHERE PricingCurrency = 'Lake Credit'"""
    rows, wrong = charges.execute(rule).fetchall()[0]
    assert rows > 100
    assert wrong == 0


@pytest.mark.parametrize("dataset", sorted(PAPERS_NOT_NULL))
def test_papers_have_what_they_must(demo: Any, dataset: str) -> None:
    for _, path in demo.deliveries(dataset):
        reader = f"read_{'parquet' if path.suffix == '.parquet' else 'csv'}('{path}')"
        missing = " OR ".join(f"{column} IS NULL" for column in PAPERS_NOT_NULL[dataset])
        assert duckdb.sql(f"SELECT count(*) FILTER ({missing}), count(*) > 0 FROM {reader}").fetchall() == [(0, True)]
