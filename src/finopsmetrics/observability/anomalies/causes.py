"""Root causes: what changed between the days of an incident and the same weekdays before, ranked by money, from rows.

The days before are four blocks as long as the incident, each a whole number of weeks earlier, so that every weekday is
compared with itself. All amounts are exact: changes of one dimension's values sum to the whole change, and so do price and use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import minus, times, total
from finopsmetrics.observability.anomalies.incidents import Incident
from finopsmetrics.observability.anomalies.quantities import Split, split
from finopsmetrics.observability.anomalies.series import ask
from finopsmetrics.observability.anomalies.watch import column_of

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

BLOCKS = 4
QUARTER = Decimal("0.25")
LONGEST = 14
"""Days of an incident that are explained, from its first on."""
DIMENSIONS = ("ServiceName", "SubAccountId", "RegionId", "SkuId", "ResourceId", "ResourceName", "ChargeDescription")
MOST_TAGS = 3
MOST_DRIVERS = 5


@dataclass(frozen=True)
class Driver:
    """One value of a dimension: what it cost before (a block's average) and during, and its share of the whole change.

    `new`: it cost nothing before. `name` is the resource's, where it has one.
    """

    dimension: str
    value: str | None
    before: Decimal
    during: Decimal
    change: Decimal
    share: float
    new: bool
    name: str | None = None


@dataclass(frozen=True)
class Explained:
    """An incident explained: `before` and `during` are exact costs of its charges, over `days` from `start` on.

    `drivers` are the greatest of each dimension that tells values apart, and `more` how many changed beside them. `new` counts
    the values of each dimension that cost nothing before, and their change. `split` says how much of the change is price and how
    much is use; None where the charges have no quantities.
    """

    start: date
    days: int
    before: Decimal
    during: Decimal
    drivers: Mapping[str, tuple[Driver, ...]]
    more: Mapping[str, int]
    new: Mapping[str, tuple[int, Decimal]]
    split: Split | None
    receipts: tuple[str, ...]

    @property
    def change(self) -> Decimal:
        """What the days cost more than those before."""
        return minus(self.during, self.before)


@dataclass(frozen=True)
class Span:
    """The days of an incident and the blocks before, as first day and number of days."""

    start: date
    days: int

    @property
    def blocks(self) -> list[date]:
        """The first days of the blocks before, the nearest first."""
        weeks = timedelta(days=7 * -(-self.days // 7))
        return [self.start - weeks * number for number in range(1, BLOCKS + 1)]

    def within(self, day: date, first: date) -> bool:
        """Whether a day is one of the block that begins on `first`."""
        return first <= day < first + timedelta(days=self.days)


def explain(costs: CostObservatory, incident: Incident, tags: Sequence[str] = ()) -> Explained:
    """What changed in an incident. `tags` are the tag keys that are looked at too, at most MOST_TAGS of them."""
    span = Span(incident.start, min((incident.end - incident.start).days, LONGEST))
    groups = [*DIMENSIONS, *(f"tags.{key}" for key in tags[:MOST_TAGS])]
    groups += [name for name in map(column_of, incident.watch.group_by) if name not in groups]
    first, last = (_moment(day) for day in (span.blocks[-1], span.start + timedelta(days=span.days)))
    table, receipts = ask(costs, incident.watch, first, last, groups, incident.where)
    during = _summed(table, span, [span.start])
    before = _summed(table, span, span.blocks)
    whole = minus(total(during.values()), times(total(before.values()), QUARTER))
    drivers, more, new = {}, {}, {}
    for place, name in enumerate(groups):
        if name == "ResourceName":
            continue
        ranked = _ranked(name, place, before, during, whole, groups.index("ResourceName"))
        changed = [one for one in ranked if one.change]
        if len(ranked) > 1 or (ranked and ranked[0].new):
            drivers[name] = tuple(changed[:MOST_DRIVERS])
            more[name] = max(len(changed) - MOST_DRIVERS, 0)
            fresh = [one for one in changed if one.new]
            new[name] = (len(fresh), total(one.change for one in fresh))
    found = {name: those for name, those in drivers.items() if those}
    parts = split(costs, incident, span.start, span.days, span.blocks)
    sums = times(total(before.values()), QUARTER), total(during.values())
    return Explained(span.start, span.days, *sums, found, more, new, parts, receipts)


Cells = dict[tuple[Any, ...], Decimal]


def _summed(table: Any, span: Span, blocks: Sequence[date]) -> Cells:
    """The exact costs of the days of some blocks, by all groups."""
    import pyarrow as pa
    import pyarrow.compute as pc

    days = [first + timedelta(days=number) for first in blocks for number in range(span.days)]
    wanted = pa.array([datetime(day.year, day.month, day.day) for day in days], type=table.schema.field("period").type)
    rows = table.filter(pc.is_in(table["period"], value_set=wanted))
    names = [name for name in rows.column_names if name not in {"period", "currency", "cost"}]
    summed = rows.group_by(names).aggregate([("cost", "sum")])
    values = [summed[name].to_pylist() for name in names]
    return {
        key: cost or Decimal(0)
        for *key_, cost in zip(*values, summed["cost_sum"].to_pylist(), strict=True)
        if (key := tuple(key_))
    }


def _ranked(name: str, place: int, before: Cells, during: Cells, whole: Decimal, naming: int) -> list[Driver]:
    """The values of one dimension, those first that changed most in the direction of the whole."""
    sums: dict[Any, list[Decimal]] = {}
    names: dict[Any, str | None] = {}
    for side, cells in enumerate((before, during)):
        for key, cost in cells.items():
            known = sums.setdefault(key[place], [Decimal(0), Decimal(0)])
            known[side] = total((known[side], cost))
            names[key[place]] = key[naming]
    found = []
    for value, (four, now) in sums.items():
        old = times(four, QUARTER)
        change = minus(now, old)
        share = float(change / whole) if whole else 0.0
        label = names[value] if name == "ResourceId" else None
        found.append(Driver(name, value, old, now, change, share, bool(now) and not old, label))
    return sorted(found, key=lambda one: (-one.share, str(one.value)))


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
