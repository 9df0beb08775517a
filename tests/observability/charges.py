"""Charges that are awkward to sum: two currencies, odd stretches of time, tiny amounts, nothing where a name should be."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from tests.store.bills import charge

SERVICES, ACCOUNTS, TEAMS = ("Compute", "Storage", "Network", ""), ("sub-1", "sub-2", ""), ("red", "blue", None)
FIRST, LAST = date(2026, 4, 20), date(2026, 7, 5)


def awkward(number: int = 160, seed: int = 5) -> list[dict[str, str]]:
    """The charges of two months; some last a second, some weeks, some no time at all."""
    random = Random(seed)
    rows = []
    for place in range(number):
        period = random.choice(("2026-05", "2026-06"))
        start = datetime.fromisoformat(f"{period}-01") + timedelta(
            seconds=random.choice((3600, 86400, 7919)) * random.randrange(28)
        )
        start -= timedelta(days=random.choice((0, 0, 0, 9)))
        lasts = random.choice((0, 1, 3600, 3600, 86400, 86400, 100_000, 7 * 86400, 31 * 86400))
        tags = {name: value for name, value in (("team", random.choice(TEAMS)), ("id", f"{place}")) if value}
        text = ",".join(f'"{name}":"{value}"' for name, value in tags.items())
        amounts = [f"{random.choice((-1, 1, 1)) * random.randrange(10**14)}e-{random.randrange(9, 19)}" for _ in range(4)]
        row = charge(f"{random.randrange(10**7) / 10**4:.4f}", random.choice(SERVICES), period)
        row |= dict(zip(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), map(_plain, amounts), strict=True))
        row |= {
            "BillingCurrency": random.choice(("USD", "USD", "EUR")),
            "SubAccountId": random.choice(ACCOUNTS),
            "ChargePeriodStart": start.isoformat() + "Z",
            "ChargePeriodEnd": (start + timedelta(seconds=lasts)).isoformat() + "Z",
            "ChargeCategory": random.choice(("Usage", "Usage", "Tax", "Credit")),
            "Tags": "{" + text + "}" if random.random() < 0.9 else "",
        }
        rows.append(row)
    return rows


def _plain(text: str) -> str:
    from decimal import Decimal

    return f"{Decimal(text):f}"
