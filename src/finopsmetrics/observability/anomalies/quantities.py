"""Price and use: how much of a change in cost is a change of quantity, and how much of what one unit costs.

Of each price (SKU price, SKU and unit): use is what the change of quantity would have cost at the price before, price is the rest
of the change. What was not there before, or is not any more, has no second price: it is told for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import minus, plus, times, total
from finopsmetrics.core.windows import Window
from finopsmetrics.focus.columns import METRICS
from finopsmetrics.observability.anomalies.incidents import Incident
from finopsmetrics.observability.anomalies.watch import both
from finopsmetrics.observability.query import build

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

KEYS = ("SkuPriceId", "SkuId", "PricingUnit")
_QUARTER = Decimal("0.25")
_WIDE = Context(prec=60)
_PLACES = Decimal(1).scaleb(-18)


@dataclass(frozen=True)
class Split:
    """A change of cost in parts that sum to it exactly: `usage`, `price`, `new` (not there before), `gone`, and `unmeasured`
    (charges without a quantity)."""

    usage: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    new: Decimal = Decimal(0)
    gone: Decimal = Decimal(0)
    unmeasured: Decimal = Decimal(0)

    @property
    def change(self) -> Decimal:
        """The whole change."""
        return total((self.usage, self.price, self.new, self.gone, self.unmeasured))

    def __add__(self, other: Split) -> Split:
        return Split(*(plus(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__))


def effects(cost: tuple[Decimal, Decimal], quantity: tuple[Decimal | None, Decimal | None]) -> Split:
    """The split of one price's change: costs and quantities (before, now)."""
    change = minus(cost[1], cost[0])
    if quantity[0] is None or quantity[1] is None:
        return Split(unmeasured=change)
    if not quantity[0] and not cost[0]:
        return Split(new=change)
    if not quantity[1] and not cost[1]:
        return Split(gone=change)
    if not quantity[0]:
        return Split(unmeasured=change)
    at_old_price = _WIDE.divide(_WIDE.multiply(cost[0], quantity[1]), quantity[0]).quantize(_PLACES, context=_WIDE)
    usage = minus(at_old_price, cost[0])
    return Split(usage=usage, price=minus(change, usage))


def split(costs: CostObservatory, incident: Incident, start: date, days: int, blocks: Sequence[date]) -> Split | None:
    """Price and use in an incident: of the charges that begin on its days, and a quarter of those of the four blocks before."""
    watch = incident.watch
    window = Window(_moment(blocks[-1]), _moment(start + timedelta(days=days)))
    now, then = (_tests([start], days), _tests(blocks, days))
    side = f"CASE WHEN {now} THEN 1 WHEN {then} THEN 0 END"
    keys = ", ".join(KEYS)
    measures = "sum(PricingQuantity) AS quantity, count(PricingQuantity) AS measured, count(*) AS charges"
    measures += f", sum({METRICS[watch.metric]}) AS cost"
    found: dict[tuple[Any, ...], list[Any]] = {}
    for sign, condition in ((1, None), (-1, watch.excluded)):
        if sign < 0 and condition is None:
            continue
        query = build(metric=watch.metric, window=window, filters=both([watch.where, incident.where, condition]))
        rows = costs.select(f"{keys}, {side} AS side, {measures}", query, f" GROUP BY {keys}, {side}").to_pylist()
        for row in rows:
            if row["side"] is not None:
                _add(found.setdefault(tuple(row[name] for name in KEYS), [Decimal(0)] * 4 + [True]), row, sign)
    parts = [_effects_of(one) for one in found.values()]
    whole = _sum(parts)
    return whole if any(one != Split(unmeasured=one.change) for one in parts) else None


def _add(sums: list[Any], row: dict[str, Any], sign: int) -> None:
    side, cost, quantity = int(row["side"]), row["cost"] or Decimal(0), row["quantity"] or Decimal(0)
    factor = Decimal(sign) * (1 if side else _QUARTER)
    sums[side] = plus(sums[side], times(cost, factor))
    sums[2 + side] = plus(sums[2 + side], times(quantity, factor))
    sums[4] = sums[4] and row["measured"] == row["charges"]


def _effects_of(sums: list[Any]) -> Split:
    old, now, old_quantity, new_quantity, measured = sums
    return effects((old, now), (old_quantity, new_quantity) if measured else (None, None))


def _sum(parts: Iterable[Split]) -> Split:
    found = Split()
    for one in parts:
        found = found + one
    return found


def _tests(firsts: Sequence[date], days: int) -> str:
    spans = ((_stamp(first), _stamp(first + timedelta(days=days))) for first in firsts)
    return "(" + " OR ".join(f"(ChargePeriodStart >= {start} AND ChargePeriodStart < {end})" for start, end in spans) + ")"


def _stamp(day: date) -> str:
    return f"CAST('{day.isoformat()} 00:00:00' AS TIMESTAMP)"


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
