"""Small FOCUS bills, written as files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

COLUMNS = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingCurrency",
    "BillingAccountId",
    "SubAccountId",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ServiceName",
    "InvoiceIssuerName",
    "ServiceProviderName",
    "ResourceId",
    "Tags",
)
Row = Mapping[str, str]


def charge(cost: str = "1.00", service: str = "Compute", period: str = "2026-05", day: int = 1, **changes: str) -> dict[str, str]:
    """One charge of a day, as delivered text."""
    first = date.fromisoformat(f"{period}-01")
    start = first + timedelta(days=day - 1)
    row = dict.fromkeys(COLUMNS, "") | {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "BillingCurrency": "USD",
        "BillingAccountId": "acc-1",
        "SubAccountId": "sub-1",
        "BillingPeriodStart": f"{first}T00:00:00Z",
        "BillingPeriodEnd": f"{(first + timedelta(days=32)).replace(day=1)}T00:00:00Z",
        "ChargePeriodStart": f"{start}T00:00:00Z",
        "ChargePeriodEnd": f"{start + timedelta(days=1)}T00:00:00Z",
        "ChargeCategory": "Usage",
        "ServiceName": service,
        "InvoiceIssuerName": "Example Cloud",
        "ServiceProviderName": "Example Cloud",
        "ResourceId": f"res-{service}-{day}",
        "Tags": '{"team":"red"}',
    }
    return row | changes


def bad_charge(day: int = 9) -> dict[str, str]:
    """A charge that cannot be accepted: its cost is no number."""
    return charge(day=day, BilledCost="abc")


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as a FOCUS CSV file; columns of the first row that FOCUS bills here do not have follow at the end."""
    names = [*COLUMNS, *(name for name in rows[0] if name not in COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_big_csv(path: Path, rows: int, periods: Sequence[str], factor: str = "1", more: int = 0) -> Path:
    """Write many charges with DuckDB: 20 services, 500 resources, `more` columns of text beyond the usual ones."""
    months = ", ".join(f"TIMESTAMP '{period}-01'" for period in periods)
    text = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')".format
    cost = f"CAST(CAST((i * 7919 % 1000003) AS DECIMAL(18,6)) / 1000 * {factor} AS DECIMAL(24,8))"
    values = dict.fromkeys(COLUMNS, "''") | {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        "BillingCurrency": "'USD'",
        "BillingAccountId": "'acc-1'",
        "SubAccountId": "'sub-' || i % 10",
        "BillingPeriodStart": text("p"),
        "BillingPeriodEnd": text("p + INTERVAL 1 MONTH"),
        "ChargePeriodStart": text("p + INTERVAL 1 HOUR * (i % 600)"),
        "ChargePeriodEnd": text("p + INTERVAL 1 HOUR * (i % 600 + 1)"),
        "ChargeCategory": "'Usage'",
        "ServiceName": "'service ' || i % 20",
        "InvoiceIssuerName": "'Example Cloud'",
        "ServiceProviderName": "'Example Cloud'",
        "ResourceId": "'res-' || i % 500",
        "Tags": """'{"team":"t' || i % 7 || '"}'""",
    }
    values |= {f"x_Column{number}": f"'text {number} ' || hash(i + {number}) % 1000" for number in range(more)}
    chosen = ", ".join(f"{expression} AS {name}" for name, expression in values.items())
    source = f"(SELECT i, [{months}][i % {len(periods)} + 1] AS p FROM range({rows}) t(i))"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {chosen} FROM {source}) TO '{path}' (HEADER)")
    return path
