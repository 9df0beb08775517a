"""A home with fifteen months of charges: use on demand and under a commitment, in two regions, tax, a credit, a purchase."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import charge, write_csv

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
FIRST, LAST = date(2025, 3, 1), date(2026, 5, 19)
MORE = (
    "ServiceCategory",
    "PricingCategory",
    "CommitmentDiscountStatus",
    "CommitmentDiscountId",
    "CommitmentDiscountCategory",
    "CommitmentDiscountType",
    "SkuId",
    "SkuPriceId",
    "RegionId",
    "RegionName",
    "PricingUnit",
    "PricingQuantity",
    "ListUnitPrice",
    "ContractedUnitPrice",
    "ConsumedUnit",
    "ConsumedQuantity",
    "ChargeFrequency",
)
COMMITTED = {
    "PricingCategory": "Committed",
    "CommitmentDiscountStatus": "Used",
    "CommitmentDiscountId": "sp-1",
    "CommitmentDiscountCategory": "Spend",
    "CommitmentDiscountType": "Savings Plan",
}
USE = {"ServiceCategory": "Compute", "PricingCategory": "Standard", "ChargeFrequency": "Usage-Based", "PricingUnit": "Hours"}
"""30 % off under the commitment, half of it covered; the other region is a tenth dearer."""


def days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


def row(day: date, service: str, cost: str, **more: str) -> dict[str, str]:
    return dict.fromkeys(MORE, "") | charge(cost, service, f"{day:%Y-%m}", day.day) | more


def usage(day: date, service: str, cost: Decimal, price: str, region: str = "eu", sku: str = "vm", **more: str) -> dict[str, str]:
    prices = {"ListUnitPrice": price, "ContractedUnitPrice": price, "PricingQuantity": f"{cost / Decimal(price):f}"}
    return row(day, service, f"{cost:f}", SkuId=sku, SkuPriceId=f"{sku}-{region}", RegionId=region, **USE | prices | more)


def level(day: date) -> Decimal:
    """A hundred on working days and sixty at weekends."""
    return Decimal(60 if day.weekday() >= 5 else 100)


def bill() -> list[dict[str, str]]:
    rows = []
    for day in days():
        cost = level(day)
        rows.append(usage(day, "AmazonEC2", cost, "2"))
        rows.append(usage(day, "AmazonEC2", cost, "2", EffectiveCost=f"{cost * Decimal('0.7'):f}", BilledCost="0", **COMMITTED))
        rows.append(usage(day, "AmazonEC2", Decimal(11), "2.2", region="us", Tags='{"team":"blue"}'))
        rows.append(row(day, "ml-training", "50", ServiceCategory="AI and Machine Learning", ChargeFrequency="Usage-Based"))
        if day.day == 1:
            rows.append(row(day, "Support", "300", ChargeCategory="Purchase", ChargeFrequency="Recurring"))
    rows.append(row(date(2026, 2, 3), "Support", "5000", ChargeCategory="Purchase", ChargeFrequency="One-Time"))
    rows.append(row(date(2026, 3, 9), "AmazonEC2", "-77", ChargeCategory="Credit"))
    rows += [row(day, "ml-training", "5", ChargeCategory="Tax") for day in days()]
    return rows


def filled(folder: Path, rows: list[dict[str, str]] | None = None, now: datetime = NOW) -> Workspace:
    """A home with a bill in it, opened."""
    workspace = Workspace(folder / "home", now=lambda: now)
    (report,) = workspace.ingest([write_csv(folder / "bill.csv", rows or bill())], source="aws")
    assert report.quarantined == 0, report.as_dict()
    return workspace


def total(rows: Any, name: str = "expected") -> Decimal:
    return sum((getattr(one, name) for one in rows), Decimal(0))
