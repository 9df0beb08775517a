"""A small lake of everything that engines could read differently, and the questions to ask of it."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

from finopsmetrics import Workspace
from finopsmetrics.observability.query import Basis, CostQuery, Grain, Metric
from finopsmetrics.observability.query import read_filters as condition

ROWS = 60
METRICS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
SERVICES = ("Compute", "Storage", 'It\'s "quoted"', "Ünïcödé", "back\\slash", "", "100%_")
ACCOUNTS = ("a-1", "a-2", "A-1", "")
# Keys and values that trip up readers of JSON and of JSON paths.
TAGS: tuple[dict[str, Any], ...] = (
    {"team": "web"},
    {"team": "ml \"q\" 'é'", "cost center": "7", "a.b/c": "dotted"},
    {"team": "", "kubernetes.io/name": "x", "user:Owner": "o'neil", "Team": "other case"},
    {
        "team": "null",
        "$weird": "[0]",
        "0": "zero",
        "back\\slash": "b",
        "é": "accent",
        'say "x"': "said",
        "a*b": "star",
        "~t/": "tilde",
    },
    {"team": "a\nb\tc", "a.b/c": "100%"},
    {},
)
KEYS = ("team", "Team", "cost center", "a.b/c", "kubernetes.io/name", "user:Owner", "$weird", "0", "é", "no such")
GROUPS = (
    (),
    ("ServiceName",),
    ("service", "account"),
    ("provider", "currency"),
    ("tags.team",),
    ("tags.cost center", "ServiceName"),
    ("tags.a.b/c",),
    ("tags.user:Owner", "tags.kubernetes.io/name"),
    ("tags.é", "tags.0"),
    ("tags.back\\slash", 'tags.say "x"'),
    ("tags.a*b", "tags.~t/"),
    ("x_Project",),
    ("x_late_column", "region"),
    ("ChargeCategory", "ChargeClass"),
    ("SkuId",),
    ("source", "x_fm_period"),
    ("BillingPeriodStart",),
    ("charge_period_start",),
    ("billing_account_id", "ServiceCategory", "RegionName"),
)
FILTERS = (
    None,
    'ServiceName == "Compute"',
    'ServiceName != "Compute"',
    'ServiceName IN ["Compute", "It\'s \\"quoted\\"", "Ünïcödé"]',
    'ServiceName NOT IN ["Storage"]',
    'ServiceName CONTAINS "o"',
    'ServiceName CONTAINS "\\\\"',
    'ServiceName CONTAINS "%_"',
    "RegionId == null",
    "RegionId != null",
    'tags.team == "web"',
    "tags.team == null",
    'tags.team != "web" OR tags.team == null',
    'tags."cost center" == "7"',
    'tags.team IN ["web", "null", ""]',
    'tags."a*b" == "star" OR tags."~t/" == "tilde"',
    'tags.team CONTAINS "\'"',
    "BilledCost > 0",
    "BilledCost <= -0.5 OR EffectiveCost > 1000",
    'ChargePeriodStart >= "2026-04-30T12:00:00Z"',
    'account == "a-1" AND NOT (service == "Storage")',
    'x_Project == "p 1" OR x_late_column == "late"',
    'BillingCurrency == "EUR"',
    'ChargeClass == "Correction"',
    'resource.ServiceName == "Compute" AND BillingAccountId != null',
)
DAYS = [datetime(2026, 1, 1) + timedelta(days=number) for number in range(0, 200, 7)]
MOMENTS = [*DAYS, datetime(2026, 4, 30, 12, 30), datetime(2026, 3, 1, 0, 0, 1), datetime(2026, 2, 14, 7, 59, 59, 500_000)]


def charges(source: str, month: int, rows: int, seed: int) -> Iterator[dict[str, str]]:
    """Charges of one source and billing period."""
    dice = random.Random(f"{source} {month} {seed}")
    first = datetime(2026, month, 1)
    for number in range(rows):
        start, end = _period(dice, first)
        amounts = {name: _amount(dice) for name in METRICS}
        yield {
            **amounts,
            "BillingCurrency": dice.choice(("USD", "USD", "EUR")),
            "BillingPeriodStart": first.strftime("%Y-%m-%dT00:00:00Z"),
            "BillingPeriodEnd": (first + timedelta(days=32)).strftime("%Y-%m-01T00:00:00Z"),
            "ChargePeriodStart": start.isoformat() + "Z",
            "ChargePeriodEnd": end.isoformat() + "Z",
            "ChargeCategory": dice.choice(("Usage", "Usage", "Purchase", "Tax", "Credit")),
            "ChargeClass": dice.choice(("", "", "", "Correction")),
            "ServiceName": dice.choice(SERVICES),
            "ServiceCategory": dice.choice(("Compute", "Storage")),
            "ServiceProviderName": dice.choice((source.upper(), source.upper(), "A vendor")),
            "HostProviderName": source.upper(),
            "InvoiceIssuerName": source.upper(),
            "BillingAccountId": dice.choice(("b-1", "b-2")),
            "SubAccountId": dice.choice(ACCOUNTS),
            "RegionId": dice.choice(("", "eu-1", "us-1")),
            "RegionName": dice.choice(("", "Europe")),
            "SkuId": f"sku-{number % 13}",
            "Tags": json.dumps(dice.choice(TAGS), ensure_ascii=False) if dice.random() < 0.8 else "",
            "x_Project": dice.choice(("", "p 1", "p'2")),
        } | ({"x_late_column": dice.choice(("", "late"))} if month == 5 else {})


def _period(dice: random.Random, first: datetime) -> tuple[datetime, datetime]:
    """Hours, days, months, years; nothing at all; fractions of a second; over every bound there is."""
    start = first + timedelta(hours=dice.randrange(24 * 27))
    kind = dice.randrange(9)
    if kind == 0:
        return start, start
    if kind == 1:
        start += timedelta(microseconds=dice.randrange(10**6))
        return start, start + timedelta(microseconds=dice.randrange(10**12))
    if kind == 2:
        return first, (first + timedelta(days=32)).replace(day=1)
    if kind == 3:
        return first - timedelta(days=dice.randrange(40)), start
    if kind == 4:
        start += timedelta(seconds=dice.randrange(3600))
        return start, start + timedelta(seconds=dice.randrange(1, 10**6))
    if kind == 5:
        return start.replace(hour=0), start.replace(hour=0) + timedelta(days=1)
    if kind == 6:
        return first, first + timedelta(days=365)
    return start, start + timedelta(hours=1)


def _amount(dice: random.Random) -> str:
    kind = dice.randrange(8)
    if kind == 0:
        return "0"
    sign = "-" if kind == 1 else ""
    whole = dice.randrange(10 ** dice.choice((1, 2, 5, 9)))
    return f"{sign}{whole}.{dice.randrange(10**18):018d}" if kind < 5 else f"{sign}{whole}.{dice.randrange(100):02d}"


DELIVERIES = (("aws", 2, 1), ("aws", 3, 1), ("aws", 4, 1), ("aws", 5, 1), ("gcp", 3, 1), ("gcp", 4, 1), ("aws", 3, 2))
IN_EFFECT = tuple(one for one in DELIVERIES if one != ("aws", 3, 1))


def delivered(source: str, month: int, seed: int) -> list[dict[str, str]]:
    """The rows of one delivery; two of the costs are missing here and there."""
    made = list(charges(source, month, ROWS, seed))
    for row in made[:: 7 + month]:
        row["EffectiveCost"] = row["ListCost"] = ""
    return made


def fill(folder: Path) -> Workspace:
    """A home with two sources and four billing periods, one of them restated."""
    workspace = Workspace(folder / "home")
    for source, month, seed in DELIVERIES:
        made = delivered(source, month, seed)
        path = folder / f"{source}-{month}-{seed}.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, made[0].keys())
            writer.writeheader()
            writer.writerows(made)
        (report,) = workspace.ingest([path], source=source)
        assert (report.status, report.quarantined) == ("taken", 0), report
    return workspace


def questions(seed: int) -> dict[str, CostQuery]:
    """Every metric with every basis, grain or comparison, with and without `top`; the rest is drawn by `seed`."""
    dice = random.Random(seed)
    made: dict[str, CostQuery] = {}
    shapes = [None, "compare", *get_args(Grain)]
    for metric, basis, shape, top in product(get_args(Metric), get_args(Basis), shapes, (None, 2)):
        query = draw(dice, metric, basis, shape, top)
        made[f"{len(made)}-{metric}-{basis}-{shape}-{top}"] = query
    return made


def draw(dice: random.Random, metric: Metric, basis: Basis, shape: str | None, top: int | None) -> CostQuery:
    """One question of a shape, its window, groups and filter drawn."""
    moments = DAYS if dice.random() < 0.5 else MOMENTS
    start, end = sorted(dice.sample(moments, 2))
    if shape != "compare" and dice.random() < 0.3:
        start = end = None
    if shape == "hour" and basis == "accrual":  # a charge of a year has 8,760 hours
        start = dice.choice(moments)
        end = start + timedelta(hours=dice.randrange(1, 60))
    groups = dice.choice(GROUPS)
    return CostQuery(
        metric=metric,
        group_by=groups,
        start=start,
        end=end,
        where=condition(dice.choice(FILTERS)),
        basis=basis,
        grain=None if shape == "compare" else shape,  # type: ignore[arg-type]
        previous_start=start - (end - start) if shape == "compare" and start and end else None,
        previous_end=start if shape == "compare" else None,
        top=top if groups else None,
    )
