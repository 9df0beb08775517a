"""A small estate with a quiet past: what tests put their anomalies into."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import Row, charge, write_csv

END = datetime(2026, 5, 21, tzinfo=UTC)
"""The day on which one looks; the last charges are of the day before."""
DAYS = 90
Cost = Callable[[int], float]


def day(back: int, end: datetime = END) -> datetime:
    """The day so many days before the last one that was charged."""
    return end - timedelta(days=back + 1)


def rows(service: str, cost: Cost, *, days: int = DAYS, end: datetime = END, **more: str) -> list[Row]:
    """A charge a day; `cost` is asked with the days back from the last one."""
    found = []
    for back in range(days):
        when = day(back, end)
        told = {"ResourceId": f"res-{service}", "PricingQuantity": f"{cost(back) / 2:.6f}", "SkuId": f"sku-{service}", **more}
        made = charge(f"{cost(back):.6f}", service, f"{when:%Y-%m}", when.day, PricingUnit="Hours", SkuPriceId="", **told)
        found += [made] if cost(back) else []
    return found


def quiet(back: int) -> float:
    """A hundred a day, a little more or less."""
    return 100 + (back * 7 % 5) - 2


def background(end: datetime = END) -> list[Row]:
    """Two services that nothing happens to."""
    return [*rows("storage", quiet, end=end), *rows("network", lambda back: 50 + back % 3, end=end, SubAccountId="sub-2")]


def deliver(workspace: Workspace, folder: Path, charges: Iterable[Row], source: str = "cloud") -> None:
    """Deliver charges as one bill a month, as the months are now."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    months: dict[str, list[Row]] = {}
    for row in charges:
        months.setdefault(row["BillingPeriodStart"][:7], []).append(row)
    for month, those in sorted(months.items()):
        workspace.ingest([write_csv(folder / f"{number:03d}-{month}.csv", those)], source=source)
