"""What the state knows of deliveries and data files, read as plain records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.store.tables import deliveries, delivery_periods, lake_files


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery: where it came from, what it held, and how it was read. Times are UTC without zone."""

    id: str
    sequence: int
    source: str
    dataset: str
    mode: str
    content_hash: str
    focus_version: str
    mapping_version: str
    delivered_at: datetime
    ingested_at: datetime
    rows: int
    accepted: int
    quarantined: int
    files: list[dict[str, Any]]
    reading: dict[str, Any]
    report: dict[str, Any]
    instead_of: str | None = None  # the appended delivery that gave way to it


@dataclass(frozen=True)
class PeriodRecord:
    """One billing period of a delivery: its rows, sums and issuers, and whether it is the one in effect."""

    delivery_id: str
    source: str
    dataset: str
    mode: str
    period: str
    delivered_at: datetime
    sequence: int
    content_hash: str
    rows: int
    totals: dict[str, dict[str, str]]
    issuers: list[list[str | None]]
    current: bool
    instead_of: str | None = None


@dataclass(frozen=True)
class FileRecord:
    """One data file of the lake; `path` is relative to the home; `delivery_id` is empty where no delivery wrote it (samples).

    `within` is the smallest of hour, day and month in one of which every charge lies whole; empty when none is.
    """

    path: str
    table: str
    source: str
    period: str
    delivery_id: str
    rows: int
    bytes: int
    extras: list[str]
    first: datetime | None
    last: datetime | None
    live: bool
    within: str = ""


def all_deliveries(connection: Connection) -> list[DeliveryRecord]:
    """Every delivery, the newest first."""
    found = connection.execute(select(deliveries).order_by(deliveries.c.sequence.desc()))
    return [_delivery(row) for row in found.mappings()]


def delivery(connection: Connection, delivery_id: str) -> DeliveryRecord:
    """One delivery. Raises NotFoundError."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no delivery {delivery_id}.", cure="See `finopsmetrics deliveries`.")
    return _delivery(row)


def same_content(connection: Connection, source: str, content_hash: str) -> list[DeliveryRecord]:
    """Deliveries of a source with the same content, the newest first."""
    query = select(deliveries).where(deliveries.c.source == source, deliveries.c.content_hash == content_hash)
    return [_delivery(row) for row in connection.execute(query.order_by(deliveries.c.sequence.desc())).mappings()]


def periods(
    connection: Connection, *, source: str | None = None, dataset: str | None = None, current: bool | None = None
) -> list[PeriodRecord]:
    """Billing periods of deliveries in the order of delivery, oldest first."""
    joined = select(
        delivery_periods,
        deliveries.c.source,
        deliveries.c.dataset,
        deliveries.c.mode,
        deliveries.c.delivered_at,
        deliveries.c.sequence,
        deliveries.c.content_hash,
        deliveries.c.instead_of,
    ).join(deliveries, deliveries.c.id == delivery_periods.c.delivery_id)
    if source is not None:
        joined = joined.where(deliveries.c.source == source)
    if dataset is not None:
        joined = joined.where(deliveries.c.dataset == dataset)
    if current is not None:
        joined = joined.where(delivery_periods.c.current == current)
    ordered = joined.order_by(deliveries.c.delivered_at, deliveries.c.sequence, delivery_periods.c.period)
    return [PeriodRecord(**row) for row in connection.execute(ordered).mappings()]


def in_effect(known: Iterable[PeriodRecord], at: datetime | None = None) -> list[PeriodRecord]:
    """Which deliveries answer for each (dataset, source, period), as known at `at` (UTC without zone) or now.

    The latest replacing delivery stands, with everything that was appended after it and did not give way to a newer version.
    """
    known = [record for record in known if at is None or record.delivered_at <= at]
    gone = {record.instead_of for record in known if record.instead_of}
    standing: dict[tuple[str, str, str], list[PeriodRecord]] = {}
    for record in known:
        if record.delivery_id in gone:
            continue
        place = standing.setdefault((record.dataset, record.source, record.period), [])
        if record.mode == "replace":
            place.clear()
        place.append(record)
    return [record for records in standing.values() for record in records]


def next_sequence(connection: Connection) -> int:
    """The number of the next delivery, counted from 1."""
    return int(connection.execute(select(func.coalesce(func.max(deliveries.c.sequence), 0))).scalar_one()) + 1


def live_files(connection: Connection, source: str, dataset: str, among: Sequence[str]) -> list[FileRecord]:
    """The live data files of every table that deliveries of a source and dataset wrote for some billing periods."""
    own = select(deliveries.c.id).where(deliveries.c.source == source, deliveries.c.dataset == dataset)
    chosen = (lake_files.c.live, lake_files.c.period.in_(list(among)), lake_files.c.delivery_id.in_(own))
    return [file_of(row) for row in connection.execute(select(lake_files).where(*chosen)).mappings()]


def live_of(connection: Connection, delivery_id: str) -> list[FileRecord]:
    """The live data files of every table that a delivery wrote."""
    query = select(lake_files).where(lake_files.c.live, lake_files.c.delivery_id == delivery_id)
    return [file_of(row) for row in connection.execute(query.order_by(lake_files.c.path)).mappings()]


def files_of(connection: Connection, table: str, delivery_ids: Sequence[str] | None = None) -> list[FileRecord]:
    """Data files of a table: the live ones, or all of the named deliveries, live or not."""
    chosen = lake_files.c.live if delivery_ids is None else lake_files.c.delivery_id.in_(delivery_ids)
    query = select(lake_files).where(lake_files.c.table == table, chosen)
    return [file_of(row) for row in connection.execute(query.order_by(lake_files.c.path)).mappings()]


def _delivery(row: RowMapping) -> DeliveryRecord:
    return DeliveryRecord(**row)


def file_of(row: RowMapping) -> FileRecord:
    """A data file from its row in the state."""
    known = {name: value for name, value in row.items() if name not in ("retired_at", "published")}
    return FileRecord(**{**known, "delivery_id": row["delivery_id"] or ""})
