"""FOCUS 1.4 tables of any length for measurements: a month each, hourly charges, 65 columns, made by DuckDB alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from finopsmetrics.focus.columns import SQL_TYPES, charges

SERVICES = (
    ("Compute Cloud", "Compute"),
    ("Object Storage", "Storage"),
    ("Relational Database", "Databases"),
    ("Load Balancing", "Networking"),
    ("Serverless Functions", "Compute"),
    ("Block Storage", "Storage"),
    ("Data Transfer", "Networking"),
    ("Queue", "Integration"),
    ("Key Management", "Security"),
    ("Log Analytics", "Management and Governance"),
    ("Warehouse", "Analytics"),
    ("Model Training", "AI and Machine Learning"),
)


MAY = date(2026, 5, 1)


def values(month: date = MAY, end: datetime | None = None) -> dict[str, str]:
    """SQL for each column that is filled, over a row number `i`: the hours of a month, or those of it before `end`."""
    after = (month + timedelta(days=31)).replace(day=1)
    began = datetime(month.year, month.month, 1)
    hours = int((min(end or datetime.max, datetime(after.year, after.month, 1)) - began) / timedelta(hours=1))
    service = ", ".join(f"'{name}'" for name, _ in SERVICES)
    category = ", ".join(f"'{kind}'" for _, kind in SERVICES)
    cost = "CAST(CAST((i * 7919) % 1000003 AS DECIMAL(10,0)) * CAST(0.000013 AS DECIMAL(10,6)) AS DECIMAL(38,18))"
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": f"CAST({cost} * CAST(1.25 AS DECIMAL(3,2)) AS DECIMAL(38,18))",
        "ContractedCost": cost,
        "BillingAccountId": "CAST(100000000001 + i % 2 AS VARCHAR)",
        "BillingAccountName": "'Payer ' || CAST(i % 2 AS VARCHAR)",
        "BillingAccountType": "'Payer Account'",
        "BillingCurrency": "'USD'",
        "BillingPeriodStart": f"TIMESTAMP '{month}'",
        "BillingPeriodEnd": f"TIMESTAMP '{after}'",
        "ChargeCategory": "CASE WHEN i % 500 = 0 THEN 'Tax' WHEN i % 333 = 0 THEN 'Credit' ELSE 'Usage' END",
        "ChargeDescription": f"list_extract([{service}], 1 + i % {len(SERVICES)}) || ' usage per hour'",
        "ChargeFrequency": "'Usage-Based'",
        "ChargePeriodStart": f"TIMESTAMP '{month}' + to_hours(CAST(i % {hours} AS INTEGER))",
        "ChargePeriodEnd": f"TIMESTAMP '{month}' + to_hours(CAST(i % {hours} + 1 AS INTEGER))",
        "ConsumedQuantity": "CAST((i * 31) % 10007 AS DECIMAL(38,18))",
        "ConsumedUnit": "'Hours'",
        "ContractedUnitPrice": "CAST(0.0864 AS DECIMAL(38,18))",
        "HostProviderName": "'AWS'",
        "InvoiceId": "'INV-' || CAST(i % 2 AS VARCHAR)",
        "InvoiceIssuerName": "'AWS'",
        "ListUnitPrice": "CAST(0.096 AS DECIMAL(38,18))",
        "PricingCategory": "'Standard'",
        "PricingCurrency": "'USD'",
        "PricingQuantity": "CAST((i * 31) % 10007 AS DECIMAL(38,18))",
        "PricingUnit": "'Hours'",
        "RegionId": "list_extract(['us-east-1', 'us-west-2', 'eu-west-1', 'ap-southeast-1'], 1 + (i // 12) % 4)",
        "RegionName": "list_extract(['Virginia', 'Oregon', 'Ireland', 'Singapore'], 1 + (i // 12) % 4)",
        "ResourceId": "'arn:aws:ec2:instance/i-' || printf('%017x', (i * 2654435761) % 200000)",
        "ResourceName": "'host-' || CAST((i * 2654435761) % 200000 AS VARCHAR)",
        "ResourceType": "'Instance'",
        "ServiceCategory": f"list_extract([{category}], 1 + i % {len(SERVICES)})",
        "ServiceName": f"list_extract([{service}], 1 + i % {len(SERVICES)})",
        "ServiceProviderName": "'AWS'",
        "SkuId": "'SKU-' || CAST((i * 40503) % 3000 AS VARCHAR)",
        "SkuMeter": "'Usage'",
        "SkuPriceId": "'PRICE-' || CAST((i * 40503) % 9000 AS VARCHAR)",
        "SubAccountId": "CAST(200000000000 + (i // 48) % 20 AS VARCHAR)",
        "SubAccountName": "'account ' || CAST((i // 48) % 20 AS VARCHAR)",
        "SubAccountType": "'Linked Account'",
        # Tags follow the account, as they do where teams own accounts; a seventh of the charges has none.
        "Tags": """CASE WHEN i % 7 = 0 THEN NULL ELSE '{"team":"team-' || CAST(((i // 48) % 20) % 10 AS VARCHAR)
 || '","environment":"' || list_extract(['prod', 'staging', 'dev'], 1 + ((i // 48) % 20) % 3)
 || '","owner":"o' || CAST((i // 48) % 20 AS VARCHAR) || '"}' END""",
    }


def make(path: Path, rows: int, month: date = MAY, end: datetime | None = None) -> Path:
    """Write the table of a month as Parquet unless it lies there already."""
    if path.exists():
        return path
    filled = values(month, end)
    columns = [
        f"{filled.get(name, f'CAST(NULL AS {SQL_TYPES[column.kind]})')} AS {name}" for name, column in charges().columns.items()
    ]
    connection = duckdb.connect(
        config={"memory_limit": "1GB", "preserve_insertion_order": "false", "temp_directory": str(path.parent)}
    )
    half = path.with_suffix(".part")
    connection.execute(
        f"COPY (SELECT {', '.join(columns)} FROM range({rows}) AS t(i)) TO '{half}' (FORMAT parquet, COMPRESSION zstd)"
    )
    connection.close()
    half.rename(path)
    return path
