"""What the machines of the estate do: hourly samples of CPU and requests, of the resources that are charged by the hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from finopsmetrics.core.samples import Sample
from finopsmetrics.demo.estate import Estate, Resource
from finopsmetrics.demo.prices import SKU
from finopsmetrics.demo.seasons import HOURS, day_factor, runs
from finopsmetrics.demo.seeds import draw

SOURCE = "demo"
DAYS = 30
MOST_MACHINES = 16
# The day's course in basis points of a machine's level, by hour in UTC: quiet at night, busiest in the early afternoon.
_MORNING = (4200, 3900, 3700, 3600, 3800, 4500, 5800, 7400, 8900, 9800, 10300, 10600)
COURSE = (*_MORNING, 10900, 11200, 11100, 10800, 10400, 9900, 9300, 8500, 7500, 6400, 5400, 4700)


def use_of(estate: Estate) -> Iterator[Sample]:
    """Samples of the last 30 days, hour by hour while a machine runs: `cpu.utilization` in percent and `requests`.

    Equal estates give equal samples; ids, accounts, regions and tags are those of the charges.
    """
    days = estate.window.days[-DAYS:]
    for resource in machines(estate):
        for day in days:
            if resource.created <= day < resource.retired:
                yield from _day(estate, resource, day)


def machines(estate: Estate) -> list[Resource]:
    """The resources that are sampled, in the order of the estate: charged by the hour they run, and no part of another."""
    found = [one for one in estate.resources if one.grain == "hour" and one.profile in HOURS and "-ram/" not in one.key]
    return found[:MOST_MACHINES]


def _day(estate: Estate, resource: Resource, day: date) -> Iterator[Sample]:
    seed, key = estate.seed, resource.key
    level = 25 + draw(40, seed, "load", key)  # percent of its CPU at a usual noon
    rate = 2_000 + draw(18_000, seed, "rate", key)  # requests in a usual hour
    season = day_factor("demand", day)
    for hour in range(24):
        if not runs(resource.profile, day, hour):
            continue
        busy = COURSE[hour] * season * (9_500 + draw(1_001, seed, "use", key, day, hour))  # parts of 10^12
        cpu = min(level * busy // 10**10, 10_000)  # hundredths of a percent, never beyond all of it
        at = datetime.combine(day, time(hour))
        yield _sample(estate, resource, at, "cpu.utilization", Decimal(cpu) / 100, "percent")
        yield _sample(estate, resource, at, "requests", Decimal(rate * busy // 10**12), "request")


def _sample(estate: Estate, resource: Resource, at: datetime, measure: str, value: Decimal, unit: str) -> Sample:
    sku = SKU[resource.sku]
    return Sample(
        at,
        measure,
        value,
        unit,
        resource=resource.id,
        provider=sku.provider or estate.source(sku.source).provider,
        account=resource.account,
        service=sku.service,
        region=resource.region,
        source=SOURCE,
        tags=dict(resource.tags or ()),
    )
