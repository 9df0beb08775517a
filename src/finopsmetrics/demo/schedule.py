"""When which source delivers what: weekly snapshots while a month is open, a final one, and the closing papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from finopsmetrics.demo.estate import Estate, Source
from finopsmetrics.demo.window import DAY, next_month

SNAPSHOT_DAYS = (8, 15, 22)
RECENT = 2  # months with snapshots; older ones have their final delivery only
LOUD_AFTER = 12 * DAY


@dataclass(frozen=True)
class Delivery:
    """One delivery to write. `state` is snapshot, final, restated (closed month, other sum), moved (closed month, same
    sum, other account) or paper (a data set other than CostAndUsage). `at` decides which charges it shows."""

    delivered_at: datetime
    source: str
    dataset: str
    period: date
    state: str

    @property
    def at(self) -> date:
        """The day of the delivery."""
        return self.delivered_at.date()


def final_day(source: Source, period: date) -> date:
    """Return the day on which the final figures of `period` arrive."""
    return next_month(period) + (source.final_day - 1) * DAY


def is_closed(source: Source, period: date, end: date) -> bool:
    """Whether the billing period is closed and invoiced on the day `end`."""
    return final_day(source, period) <= end


def schedule(estate: Estate) -> tuple[Delivery, ...]:
    """Return all deliveries in the order in which they arrive; none after the end of the window."""
    found = [delivery for source in estate.sources for delivery in _of_source(estate, source)]
    rank = {source.key: i for i, source in enumerate(estate.sources)}
    return tuple(sorted(found, key=lambda d: (d.delivered_at, rank[d.source])))


def _moment(estate: Estate, source: Source, day: date, minute: int = 0) -> datetime:
    """Deliveries come at six in the morning, on the last day at midnight, so that none lies in the future."""
    rank = [s.key for s in estate.sources].index(source.key)
    hour = 0 if day == estate.window.end else 6
    return datetime.combine(day, time(hour, minute, rank), tzinfo=UTC)


def _of_source(estate: Estate, source: Source) -> Iterator[Delivery]:
    periods, end = estate.window.periods, estate.window.end

    def delivery(day: date, period: date, state: str, dataset: str = "CostAndUsage", minute: int = 0) -> Delivery:
        return Delivery(_moment(estate, source, day, minute), source.key, dataset, period, state)

    for period in periods:
        if period in periods[-RECENT:]:
            for day in _open_days(source, period, end):
                yield delivery(day, period, "snapshot")
        if is_closed(source, period, end):
            day = final_day(source, period)
            yield delivery(day, period, "final")
            yield delivery(day, period, "paper", "InvoiceDetail", 1)
            yield delivery(day, period, "paper", "BillingPeriod", 2)
    for first in _contract_days(estate, source):
        yield delivery(first, first.replace(day=1), "paper", "ContractCommitment", 3)
    for period, state in _loud(estate, source):
        yield delivery(final_day(source, period) + LOUD_AFTER, period, state)


def _open_days(source: Source, period: date, end: date) -> list[date]:
    days = [period.replace(day=day) for day in SNAPSHOT_DAYS]
    found = [day for day in days if day <= end]
    if not is_closed(source, period, end) and end not in found:
        found.append(end)
    return found


def _contract_days(estate: Estate, source: Source) -> list[date]:
    starts = {c.start for c in estate.commitments if c.source == source.key}
    return sorted(start + DAY for start in starts if start + DAY <= estate.window.end)


def _loud(estate: Estate, source: Source) -> Iterator[tuple[date, str]]:
    """Two closed months arrive changed: one with another sum, one with the same sum in another account."""
    ready = [p for p in estate.window.periods if final_day(source, p) + LOUD_AFTER <= estate.window.end]
    if source.key == "gcp" and ready:
        yield ready[-1], "restated"
    if source.key == "azure" and ready:
        yield ready[len(ready) // 2], "moved"


def due(delivered_at: datetime) -> datetime:
    """Return the day on which an invoice delivered then is to be paid (net 30)."""
    return delivered_at.replace(hour=0, minute=0, second=0) + timedelta(days=30)
