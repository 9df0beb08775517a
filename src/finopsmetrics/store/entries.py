"""Charges that are added one by one: durable at once in the state, and brought into the lake as deliveries of their own."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from finopsmetrics.core.errors import ConflictError, MoneyError, UsageError
from finopsmetrics.focus.columns import charges
from finopsmetrics.store.incoming import Incoming, IncomingFile
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.tables import cost_entries

if TYPE_CHECKING:
    from finopsmetrics.store.opened import OpenedHome

SOURCE = "cost-entries"


@dataclass(frozen=True)
class CostEntry:
    """One charge, added by hand or by an agent: the roadmap's name for a FOCUS row.

    `cost` is exact (Decimal, int or decimal text; a float is refused); `timestamp` is when the charge began, UTC without a zone.
    `focus` sets any other FOCUS column by its name. Entries with the same `id` are one entry.
    """

    id: str
    timestamp: datetime
    cost: Decimal | int | str
    service: str
    currency: str = "USD"
    provider: str = "manual"
    account: str | None = None
    region: str | None = None
    resource_id: str | None = None
    category: str = "Usage"
    effective_cost: Decimal | int | str | None = None
    duration: timedelta = timedelta(hours=1)
    tags: dict[str, str] = field(default_factory=dict)
    focus: dict[str, str] = field(default_factory=dict)

    def as_charge(self) -> dict[str, str]:
        """The entry as FOCUS 1.4 columns, all text. Raises MoneyError or UsageError."""
        if not self.id.strip():
            raise UsageError("A cost entry needs an id.", cure="Give one that stays the same when it is sent again.")
        start = _utc(self.timestamp)
        month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        cost = _exact(self.cost)
        known = {
            "BilledCost": cost,
            "EffectiveCost": cost if self.effective_cost is None else _exact(self.effective_cost),
            "ListCost": cost,
            "ContractedCost": cost,
            "BillingCurrency": self.currency,
            "BillingAccountId": self.account or "manual",
            "SubAccountId": self.account or "",
            "BillingPeriodStart": _iso(month),
            "BillingPeriodEnd": _iso((month + timedelta(days=32)).replace(day=1)),
            "ChargePeriodStart": _iso(start),
            "ChargePeriodEnd": _iso(start + self.duration),
            "ChargeCategory": self.category,
            "ServiceName": self.service,
            "ServiceProviderName": self.provider,
            "InvoiceIssuerName": self.provider,
            "RegionId": self.region or "",
            "ResourceId": self.resource_id or "",
            "Tags": json.dumps(self.tags, sort_keys=True) if self.tags else "",
        }
        unknown = [name for name in self.focus if name not in charges().columns and not name.startswith("x_")]
        if unknown:
            raise UsageError(f"{unknown[0]} is no FOCUS 1.4 column.", cure="Own columns begin with x_.")
        return {**known, **self.focus, "x_CostEntryId": self.id}


class EntryBook:
    """The entries of a home: added durably, brought into the lake before the next answer."""

    def __init__(self, opened: OpenedHome) -> None:
        self._opened = opened

    def add(self, entries: Sequence[CostEntry]) -> int:
        """Add entries in one transaction; give how many were new. Raises ConflictError, and then adds none."""
        made = {entry.id: entry.as_charge() for entry in entries}
        digests = {name: hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest() for name, row in made.items()}
        with self._opened.database.write() as connection:
            query = select(cost_entries.c.id, cost_entries.c.digest).where(cost_entries.c.id.in_(list(made)))
            known = {row[0]: row[1] for row in connection.execute(query)}
            for name, digest in known.items():
                if digest != digests[name]:
                    cure = "Send a changed charge under a new id, with a correcting entry for the old one."
                    raise ConflictError(f"Cost entry {name} is there already with other content.", cure=cure)
            new = [
                {"id": name, "digest": digests[name], "charge": row, "added_at": self._opened.now(), "delivery_id": None}
                for name, row in made.items()
                if name not in known
            ]
            if new:
                connection.execute(cost_entries.insert(), new)
        return len(new)

    def waiting(self) -> int:
        """Entries that are not in the lake yet."""
        with self._opened.database.read() as connection:
            query = select(func.count()).select_from(cost_entries).where(cost_entries.c.delivery_id.is_(None))
            return int(connection.execute(query).scalar_one())

    def flush(self) -> None:
        """Bring waiting entries into the lake as one delivery; a second flush of the same entries changes nothing."""
        with self._opened.database.read() as connection:
            query = select(cost_entries.c.id, cost_entries.c.charge).where(cost_entries.c.delivery_id.is_(None))
            waiting = connection.execute(query.order_by(cost_entries.c.id)).all()
        if not waiting:
            return
        with self._opened.home.workroom() as room:
            path = room / f"entries-{hashlib.sha256(''.join(row[0] for row in waiting).encode()).hexdigest()[:12]}.csv"
            _write([row[1] for row in waiting], path)
            incoming = Incoming(path.name, (IncomingFile(path, path.name),), SOURCE)
            report = self._opened.ingestor.ingest(incoming, IngestOptions(mode="append", actor="cost-entries"))
        ids = [row[0] for row in waiting]
        with self._opened.database.write() as connection:
            for first in range(0, len(ids), 500):
                chunk = ids[first : first + 500]
                connection.execute(cost_entries.update().where(cost_entries.c.id.in_(chunk)).values(delivery_id=report.id))


def _write(rows: Sequence[dict[str, Any]], path: Path) -> None:
    names = sorted({name for row in rows for name in row})
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _exact(amount: Decimal | int | str) -> str:
    if isinstance(amount, float):
        raise MoneyError(f"{amount!r} is a float.", cure="Give the cost as Decimal or as text; a float is not exact.")
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise MoneyError(f"{amount!r} is not an amount.", cure="Write it as 12.34.") from error
    if not value.is_finite():
        raise MoneyError(f"{amount!r} is not an amount.", cure="Write it as 12.34.")
    return f"{value:f}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"
