"""A delivery on its way in: read, written to staging, reported; not yet in effect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import DeliveryError, EmptyDeliveryError
from finopsmetrics.store.intake import TakenFile
from finopsmetrics.store.landing import Landed, land
from finopsmetrics.store.native import Reader, as_focus
from finopsmetrics.store.profile import SHOWN_REJECTS, Profile, Rejected, profile
from finopsmetrics.store.quarantine import as_rejected, totals_of
from finopsmetrics.store.records import DeliveryRecord, PeriodRecord
from finopsmetrics.store.report import ClosedChange, DeliveryReport, Totals, add_totals
from finopsmetrics.store.writing import Written, WrittenFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Opened:
    """A delivery that is read: its files, the relation, what it holds, and its rejected rows."""

    taken: Sequence[TakenFile]
    landed: Landed
    found: Profile
    rejected: Sequence[Rejected]
    reader: Reader

    @property
    def content_hash(self) -> str:
        """What a delivery is, whatever its files are called: the hash over the hashes of its files."""
        return hashlib.sha256("\n".join(sorted(file.sha256 for file in self.taken)).encode()).hexdigest()


@dataclass
class Draft:
    """A delivery that is read and written to staging, and not yet in effect."""

    id: str
    source: str
    delivered_at: datetime
    opened: Opened
    written: Written
    quarantine: list[WrittenFile]
    closed_changes: list[ClosedChange] = field(default_factory=list)

    @property
    def dataset(self) -> str:
        """The FOCUS dataset delivered."""
        return self.opened.found.plan.shape.dataset

    @property
    def periods(self) -> list[str]:
        """The billing periods of the accepted rows."""
        return self.opened.found.periods

    @property
    def accepted(self) -> int:
        """Rows that were accepted."""
        return sum(entry.rows for entry in self.opened.found.sums)

    @property
    def rows(self) -> int:
        """Rows delivered: accepted and quarantined."""
        return self.accepted + len(self.opened.rejected)


def read(
    duck: DuckDBPyConnection,
    taken: Sequence[TakenFile],
    room: Path,
    currency: str | None,
    settings: Mapping[str, Any] | None = None,
) -> Opened:
    """Land, map and profile taken files; `settings` declare a mapping. Raises DeliveryError when no row is left."""
    landed, reader = as_focus(duck, land(duck, taken, room), room, settings)
    found = profile(duck, landed, currency, reader.faults)
    bad = [as_rejected(line) for file in landed.files for line in file.bad_lines]
    rejected = sorted([*found.rejected, *bad], key=lambda row: (row.file, row.line))
    if not found.sums and not rejected:
        raise EmptyDeliveryError("The delivery holds no row.", cure="Nothing was changed.")
    if not found.sums:
        why = f" {rejected[0].file}, line {rejected[0].line}: {rejected[0].column} {rejected[0].reason}." if rejected else ""
        raise DeliveryError(f"The delivery holds no row that can be accepted.{why}", cure="Nothing was changed.")
    return Opened(taken, landed, found, rejected, reader)


def report_of(draft: Draft, in_effect: Sequence[PeriodRecord], later: set[str]) -> DeliveryReport:
    """The report of a delivery: `in_effect` is what it stands in for, `later` the periods in which it is history."""
    totals = add_totals(list(draft.written.totals.values()))
    quarantined: Totals = totals_of(draft.opened.rejected)
    notes = [*draft.opened.reader.notes, *draft.opened.found.plan.notes]
    notes += [f"{period}: a later delivery is in effect; this one is kept as history." for period in sorted(later)]
    counted = ("column", "what", "count")
    return DeliveryReport(
        id=draft.id,
        source=draft.source,
        dataset=draft.dataset,
        focus_version=draft.opened.found.plan.shape.version,
        mapping=draft.opened.reader.mapping,
        status="history" if later >= set(draft.periods) else "taken",
        delivered_at=draft.delivered_at.isoformat() + "Z",
        rows=draft.rows,
        accepted=draft.accepted,
        quarantined=len(draft.opened.rejected),
        periods=draft.periods,
        totals=totals,
        quarantined_totals=quarantined,
        files=[file.name for file in draft.opened.taken],
        repairs=[dict(zip(counted, entry, strict=True)) for entry in draft.opened.found.repairs],
        warnings=[dict(zip(counted, entry, strict=True)) for entry in draft.opened.found.warnings],
        notes=notes,
        rejected=[_shown(row) for row in draft.opened.rejected[:SHOWN_REJECTS]],
        replaced=[
            {"delivery": record.delivery_id, "period": record.period, "rows": record.rows, "totals": record.totals}
            for record in in_effect
        ],
        closed_changes=[asdict(change) for change in draft.closed_changes],
    )


def _shown(row: Rejected) -> dict[str, Any]:
    return {"file": row.file, "line": row.line, "column": row.column, "reason": row.reason, "billed": row.billed}


def unchanged_report(known: DeliveryRecord) -> DeliveryReport:
    """The report of a delivery whose content is there already."""
    report = DeliveryReport(**known.report)
    note = f"The same content was taken in already ({known.ingested_at.isoformat(timespec='seconds')}Z); nothing was changed."
    return replace(report, status="unchanged", notes=[note])
