"""A small bill of two months, restated once, with values that faces must be careful with."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from finopsmetrics.runtime.workspace import Workspace

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://x","y")'
MARKUP = "<script>alert(1)</script>"
TINY = Decimal("0.000000000000000001")

# day of 2026, service, account, currency, billed, team
APRIL = [
    ("04-03", "Compute", "100", "USD", Decimal("10.5"), "ml"),
    ("04-09", "Storage", "100", "USD", Decimal("4.25"), None),
]
MAY = [
    ("05-03", "Compute", "100", "USD", Decimal("21.123456789012345678"), "ml"),
    ("05-04", "Compute", "200", "USD", Decimal("5") + TINY, "web"),
    ("05-05", FORMULA, "100", "USD", Decimal("-0.75"), "ml"),
    ("05-06", MARKUP, "200", "EUR", Decimal("7.10"), None),
    ("05-31", "Storage", "200", "EUR", Decimal("0.40"), "web"),
]
RESTATED = [("05-03", "Compute", "100", "USD", Decimal("20.123456789012345678"), "ml"), *MAY[1:]]
TOTALS = {currency: sum((row[4] for row in [*APRIL, *RESTATED] if row[3] == currency), Decimal(0)) for currency in ("EUR", "USD")}


def write(path: Path, rows: list[tuple[str, str, str, str, Decimal, str | None]]) -> Path:
    """Write a FOCUS 1.2 CSV that says that it is made up."""
    charges = []
    for day, service, account, currency, billed, team in rows:
        month = int(day[:2])
        charges.append(
            {
                "BillingPeriodStart": f"2026-{month:02d}-01T00:00:00Z",
                "BillingPeriodEnd": f"2026-{month + 1:02d}-01T00:00:00Z",
                "ChargePeriodStart": f"2026-{day}T00:00:00Z",
                "ChargePeriodEnd": f"2026-{day}T01:00:00Z",
                "BilledCost": f"{billed:f}",
                "EffectiveCost": f"{billed:f}",
                "ListCost": f"{billed:f}",
                "ContractedCost": f"{billed:f}",
                "BillingCurrency": currency,
                "BillingAccountId": "acme",
                "SubAccountId": account,
                "ChargeCategory": "Usage",
                "ProviderName": "AWS",
                "PublisherName": "AWS",
                "InvoiceIssuerName": "AWS",
                "ServiceName": service,
                "ResourceId": f"r-{day}-{account}",
                "Tags": json.dumps({"team": team}) if team else "",
                "x_Synthetic": "true",
            }
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(charges[0]))
        writer.writeheader()
        writer.writerows(charges)
    return path


def opened(home: Path) -> Workspace:
    """A home whose clock stands at NOW."""
    return Workspace(home, now=lambda: NOW)


def filled(folder: Path) -> Workspace:
    """A home with April, May, and May restated; open."""
    workspace = opened(folder / "home")
    for day, rows in (("2026-05-02", APRIL), ("2026-05-20", MAY), ("2026-05-31", RESTATED)):
        path = write(folder / f"{day}.csv", rows)
        workspace.ingest([path], source="aws", delivered_at=datetime.fromisoformat(day))
    return workspace
