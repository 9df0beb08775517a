"""What samples come to, reckoned in plain Python: the referee of every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from math import ceil
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.samples import Sample

COLUMNS = {
    "resource": "ResourceId",
    "provider": "ServiceProviderName",
    "account": "SubAccountId",
    "service": "ServiceName",
    "region": "RegionId",
    "source": "x_fm_source",
}
STARTS = {"hour": {"minute": 0, "second": 0, "microsecond": 0}}
STARTS["day"] = {**STARTS["hour"], "hour": 0}
STARTS["month"] = {**STARTS["day"], "day": 1}


def identity(sample: Sample) -> tuple[Any, ...]:
    """What makes two samples one."""
    if sample.id is not None:
        return sample.source, sample.id
    place = (sample.resource, sample.provider, sample.account, sample.service, sample.region)
    return sample.source, sample.at, sample.measure, sample.unit, *place, tuple(sorted(sample.tags.items()))


def kept(batches: Iterable[Iterable[Sample]]) -> dict[tuple[Any, ...], Sample]:
    """The samples that are left of batches, one after the other: the last of an identity counts."""
    return {identity(sample): sample for batch in batches for sample in batch}


def record(sample: Sample) -> dict[str, Any]:
    """A sample as a condition sees it."""
    told = {column: value for name, column in COLUMNS.items() if (value := getattr(sample, name)) is not None}
    return {**told, "tags": dict(sample.tags)}


def p95(values: list[Decimal]) -> Decimal:
    return sorted(values)[ceil(Decimal("0.95") * len(values)) - 1]


def mean(values: list[Decimal]) -> Decimal:
    with localcontext(prec=200):
        return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("1e-18"))


def total(values: list[Decimal]) -> Decimal:
    with localcontext(prec=200):
        return sum(values, Decimal(0))


STATISTICS: Mapping[str, Callable[[list[Decimal]], Decimal | int]] = {
    "sum": total,
    "mean": mean,
    "max": max,
    "min": min,
    "count": len,
    "p95": p95,
}


def reckoned(
    samples: Iterable[Sample],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    grain: str | None = None,
    group_by: tuple[str, ...] = (),
    statistic: str = "sum",
    scope: Condition | None = None,
) -> dict[tuple[Any, ...], tuple[Decimal | int, int]]:
    """Each group's figure, and how many samples are behind it."""
    groups: dict[tuple[Any, ...], list[Decimal]] = {}
    for sample in samples:
        if (start is not None and sample.at < start) or (end is not None and sample.at >= end):
            continue
        if scope is not None and not scope.matches(record(sample)):
            continue
        period = (sample.at.replace(**STARTS[grain]),) if grain else ()  # type: ignore[arg-type]
        own = (sample.tags.get(name[5:]) if name.startswith("tags.") else getattr(sample, name) for name in group_by)
        groups.setdefault((*period, *own), []).append(sample.value)
    return {key: (STATISTICS[statistic](values), len(values)) for key, values in groups.items()}
