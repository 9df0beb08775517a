"""A small home of two teams, one of which a scope hides."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from finopsmetrics import Workspace

SECRET = "project-manhattan"
SERVICES = ("Compute", "Storage", "Database")
FIELDS = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "SubAccountId",
    "ServiceName",
    "ServiceProviderName",
    "InvoiceIssuerName",
    "BillingAccountId",
    "ResourceId",
    "Tags",
    "x_Project",
)


def charges(rows: int = 400) -> list[dict[str, str]]:
    """Charges of the accounts `mine` and `hidden`; what is hidden is named so that a leak is seen."""
    dice = random.Random(11)
    made = []
    for number in range(rows):
        hidden = number % 3 == 0
        day = 1 + number % 28
        cost = f"{dice.randrange(10**9)}.{dice.randrange(10**12):012d}"
        made.append(
            {
                **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
                "BillingCurrency": "USD",
                "BillingPeriodStart": "2026-05-01T00:00:00Z",
                "BillingPeriodEnd": "2026-06-01T00:00:00Z",
                "ChargePeriodStart": f"2026-05-{day:02d}T00:00:00Z",
                "ChargePeriodEnd": f"2026-05-{day:02d}T01:00:00Z",
                "ChargeCategory": "Usage",
                "SubAccountId": "hidden" if hidden else "mine",
                "ServiceName": SECRET if hidden else SERVICES[number // 3 % len(SERVICES)],
                "ServiceProviderName": "AWS",
                "InvoiceIssuerName": "AWS",
                "BillingAccountId": "a-1",
                "ResourceId": f"{SECRET if hidden else 'r'}-{number}",
                "Tags": json.dumps({"team": SECRET if hidden else "web", "n": str(number)}) if number % 5 else "",
                "x_Project": SECRET if hidden else f"p{number % 4}",
            }
        )
    return made


@pytest.fixture(scope="session")
def rows() -> list[dict[str, str]]:
    return charges()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("sql")
    bill = folder / "bill.csv"
    with bill.open("w", newline="") as out:
        writer = csv.DictWriter(out, FIELDS)
        writer.writeheader()
        writer.writerows([*rows, rows[0] | {"BilledCost": "many", "SubAccountId": "hidden"}])
    invoice = folder / "invoice.csv"
    invoice.write_text(
        "InvoiceId,InvoiceDetailId,BilledCost,BillingCurrency,BillingPeriodStart,InvoiceIssuerName,BillingAccountId\n"
        f"i-1,d-1,12.5,USD,2026-05-01T00:00:00Z,AWS,{SECRET}\n"
    )
    with Workspace(folder / "home") as opened:
        opened.ingest([bill], source="aws")
        opened.ingest([invoice], source="aws")
        yield opened


@pytest.fixture(scope="session")
def lake_file(workspace: Workspace) -> Path:
    """A data file of the lake, which a statement must not be able to name."""
    file = workspace.opened.lake.snapshot().files["cost_and_usage"][0]
    return workspace.home / file.path
