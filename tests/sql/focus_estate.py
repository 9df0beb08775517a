"""The FOCUS 1.4 synthetic sample as raw CSV, a variant of it, and both read by an engine that knows nothing of the product."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

FIXTURES = Path(__file__).parents[1] / "fixtures"
SAMPLE = FIXTURES / "focus_synthetic_1_4"
CHARGES = SAMPLE / "synthetic_focus_1_4_cost_and_usage.csv.gz"
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
DECIMALS = (
    "BilledCost",
    "CommitmentDiscountQuantity",
    "ConsumedQuantity",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
)
Row = dict[str, str]


def sample_rows() -> list[Row]:
    """The charges of the sample, as text."""
    with gzip.open(CHARGES, "rt", newline="") as text:
        return list(csv.DictReader(text))


def variant_rows() -> Iterator[Row]:
    """Every sixth charge, changed so that what the sample lacks is there: credits, corrections, capacity reservations,
    eligibility for commitments, resellers, a second month, a second currency and one that is virtual.
    """
    for number, row in enumerate(sample_rows()[::6]):
        changed = dict(row)
        if number % 2:
            april = {name: value.replace("2026-06-01", "2026-05-01") for name, value in row.items() if name in TIMES}
            changed |= {name: value.replace("2026-05-", "2026-04-", 1) for name, value in april.items() if "End" not in name}
            changed["BillingPeriodEnd"] = "2026-05-01T00:00:00Z"
            changed["ChargePeriodEnd"] = (
                row["ChargePeriodEnd"].replace("2026-06-01", "2026-05-01").replace("2026-05-", "2026-04-")
            )
            if row["ChargePeriodEnd"].startswith("2026-06-01"):
                changed["ChargePeriodEnd"] = "2026-05-01T00:00:00Z"
        for place, change in enumerate(CHANGES):
            if number % (place + 7) == place:
                changed |= change(changed)
        tags = json.loads(changed["Tags"] or "{}")
        changed["Tags"] = json.dumps(tags | {"Application": f"app {number % 3}", "ApplicationId": str(number % 4)})
        yield changed


def _programs(*kinds: str) -> str:
    return json.dumps({"CommitmentPrograms": [{"ProgramType": kind} for kind in kinds]})


def _negative(row: Row) -> Row:
    return {name: f"{-abs(Decimal(row[name])):f}" for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")}


CHANGES = (
    lambda row: _negative(row) | {"ChargeCategory": "Credit"},
    lambda row: {"ChargeClass": "Correction"},
    lambda row: {"CapacityReservationId": "cr-1", "CapacityReservationStatus": "Unused", "ServiceCategory": "Compute"},
    lambda row: {"CapacityReservationId": "cr-2", "CapacityReservationStatus": "Used", "ServiceCategory": "Compute"},
    lambda row: {"CommitmentProgramEligibilityDetails": _programs("FlexibleSpendPlan", "ZonalResourceCommitment")},
    lambda row: {"CommitmentProgramEligibilityDetails": _programs("ResourceReservation", "Other"), "CommitmentDiscountId": ""},
    lambda row: {"ServiceProviderName": "Vendor", "InvoiceIssuerName": "Reseller"},
    lambda row: {"BillingCurrency": "EUR"},
    lambda row: {
        "PricingCurrency": "TOKENS",
        "PricingCurrencyListUnitPrice": "3.25",
        "PricingCurrencyContractedUnitPrice": "2.5",
    },
    lambda row: {"ContractApplied": _applied("CC-1", "12.5"), "ChargeCategory": "Purchase"},
    lambda row: {"ChargeDescription": "Data transfer out", "ConsumedUnit": "GB", "ConsumedQuantity": "7.125"},
)


def _applied(commitment: str, cost: str) -> str:
    body = {"ContractId": "C-1", "ContractCommitmentID": commitment, "ContractCommitmentAppliedCost": float(cost)}
    return json.dumps({"Elements": [body]})


def write_variant(path: Path) -> None:
    """Write the variant as a delivery."""
    rows = list(variant_rows())
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def raw_engine(path: Path) -> duckdb.DuckDBPyConnection:
    """`focus_data_table` straight from a CSV file, each column cast as FOCUS 1.4 types it."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    casts = [f'strptime("{name}", \'%Y-%m-%dT%H:%M:%SZ\') AS "{name}"' for name in TIMES]
    casts += [f'CAST("{name}" AS DECIMAL(38, 18)) AS "{name}"' for name in DECIMALS]
    connection.execute(
        f"CREATE TABLE focus_data_table AS SELECT * REPLACE ({', '.join(casts)}) "
        f"FROM read_csv('{path}', header = true, all_varchar = true, nullstr = '')"
    )
    return connection
