"""The answer to a cost question by the definition, charge by charge, in Python alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.focus.columns import charges, dimension
from finopsmetrics.observability.query import CostQuery

WIDE = Context(prec=80)
UNIT = Decimal("1e-18")
EXTRAS = ("x_Project", "x_late_column")
Charge = dict[str, Any]
Stretch = tuple[datetime, datetime]
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 1, 1)


def read(row: dict[str, str], source: str) -> Charge:
    """A delivered row as values."""
    known = charges().columns
    charge: Charge = dict.fromkeys((*known, *EXTRAS))
    for name, text in row.items():
        kind = known[name].kind if name in known else "text"
        if text and kind == "decimal":
            charge[name] = Decimal(text)
        elif text and kind == "time":
            charge[name] = datetime.fromisoformat(text.removesuffix("Z"))
        else:
            charge[name] = text or None
    month = row["BillingPeriodStart"][:7]
    return charge | {"tags": json.loads(row["Tags"] or "{}"), "x_fm_source": source, "x_fm_period": month}


def matching(every: Iterable[Charge], condition: Condition | None) -> Iterator[Charge]:
    """The charges that a condition lets through, by its Python back end."""
    short = {"service": "ServiceName", "account": "SubAccountId"}
    for charge in every:
        record = charge | {name: charge[column] for name, column in short.items()}
        if condition is None or condition.matches(record | {"resource": charge}):
            yield charge


def part(charge: Charge, cost: Decimal | None, stretch: Stretch) -> Decimal | None:
    """The part of a cost that falls into a stretch: what accrued by its end less what had by its start."""
    start, end = charge["ChargePeriodStart"], charge["ChargePeriodEnd"]
    if end <= start:
        return cost if stretch[0] <= start < stretch[1] else Decimal(0)
    if end <= stretch[0] or start >= stretch[1]:
        return Decimal(0)
    if cost is None:
        return None
    shares = [_share(cost, _seconds(start, moment), _seconds(start, end)) for moment in stretch]
    return WIDE.subtract(shares[1], shares[0])


def _share(cost: Decimal, seconds: int, whole: int) -> Decimal:
    if seconds <= 0:
        return Decimal(0)
    if seconds >= whole:
        return cost
    return WIDE.divide(WIDE.multiply(cost, seconds), whole).quantize(UNIT, ROUND_HALF_EVEN, context=WIDE)


def _seconds(start: datetime, end: datetime) -> int:
    """Seconds on the clock: parts of a second are cut from both."""
    return int((end.replace(microsecond=0) - start.replace(microsecond=0)).total_seconds())


def truncated(moment: datetime, grain: str) -> datetime:
    """The start of the bucket that a moment is in."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    buckets = {
        "hour": moment.replace(minute=0, second=0, microsecond=0),
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1),
        "year": day.replace(day=1, month=1),
    }
    return buckets[grain]


def following(bucket: datetime, grain: str) -> datetime:
    """The start of the next bucket."""
    steps = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
    if grain in steps:
        return bucket + steps[grain]
    return truncated(bucket + timedelta(days={"month": 32, "quarter": 100, "year": 370}[grain]), grain)


def answer(query: CostQuery, every: Iterable[Charge]) -> Counter[tuple[Any, ...]]:
    """The rows of the answer, without their order. Questions with `top` are not answered here."""
    sums: dict[tuple[Any, ...], list[Decimal | None]] = {}
    for charge in matching(every, query.condition):
        for period, amounts in _counted(query, charge):
            key = (*period, *_groups(query, charge), charge["BillingCurrency"])
            into = sums.setdefault(key, [None] * len(amounts))
            for place, amount in enumerate(amounts):
                into[place] = amount if into[place] is None else into[place] if amount is None else WIDE.add(into[place], amount)
    return Counter((*key, *_with_change(amounts)) for key, amounts in sums.items())


def _with_change(amounts: list[Decimal | None]) -> list[Decimal | None]:
    if len(amounts) == 1:
        return amounts
    cost, previous = amounts
    return [cost, previous, None if cost is None or previous is None else WIDE.subtract(cost, previous)]


def _groups(query: CostQuery, charge: Charge) -> list[Any]:
    dims = [dimension(name, EXTRAS) for name in query.group_by if name != "currency"]
    return [charge["tags"].get(dim.tag) if dim.tag is not None else charge[dim.column] for dim in dims]


def _counted(query: CostQuery, charge: Charge) -> Iterator[tuple[tuple[datetime, ...], list[Decimal | None]]]:
    """Each bucket of the answer that a charge counts in, with its cost there (and in the window before)."""
    cost = charge[query.column]
    now, before = (query.start or FIRST, query.end or LAST), (query.previous_start or FIRST, query.previous_end or LAST)
    if query.basis == "cash":
        moment = charge["BillingPeriodStart"]
        inside = [window[0] <= moment < window[1] for window in ((now, before) if query.compares else (now,))]
        if any(inside):
            period = (truncated(moment, query.grain),) if query.grain else ()
            yield period, [cost if there else Decimal(0) for there in inside]
        return
    reach = (before[0] if query.compares else now[0], now[1])
    start, end = charge["ChargePeriodStart"], charge["ChargePeriodEnd"]
    if not (start < reach[1] and (end > reach[0] or start >= reach[0])):
        return
    if query.grain is None:
        yield (), [part(charge, cost, window) for window in ((now, before) if query.compares else (now,))]
        return
    bucket = truncated(start, query.grain)
    while bucket < end or bucket == truncated(start, query.grain):
        after = following(bucket, query.grain)
        clipped = (max(bucket, now[0]), min(after, now[1]))
        if clipped[0] < clipped[1] and (end > clipped[0] or end <= start):
            yield (bucket,), [part(charge, cost, clipped)]
        bucket = after
