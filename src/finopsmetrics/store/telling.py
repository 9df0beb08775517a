"""What notifications remember, as rows: the place up to which events were seen, what was told, what waits, who snoozes.

All of it is read and written within a transaction of the caller's, with the messages that come of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, exists, or_, select

from finopsmetrics.store.tables import escalations, finding_events, notices_told, notices_waiting, settings, snoozes

CURSOR = "notifications"
EVERYBODY = ""
CHUNK = 500


@dataclass(frozen=True)
class Told:
    """The newest that somebody was told of a finding by a channel; `how`: waits, alone or grouped."""

    finding: str
    who: str
    channel: str
    recipient: str
    place: int
    severity: str
    impact: Decimal | None
    how: str


@dataclass(frozen=True)
class Waiting:
    """An event that somebody is to hear of when it is `due`: in the digest of a route, or, where `digest` is empty, alone."""

    due: datetime
    digest: str
    route: str
    finding: str
    who: str
    channel: str
    recipient: str
    place: int

    @property
    def id(self) -> str:
        """Its id: the same event waits for somebody once."""
        told = "\n".join((self.finding, self.who, self.channel, str(self.place)))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Escalating:
    """A level of an escalation that is due unless somebody acknowledges; `place` is the event that began it."""

    finding: str
    route: str
    level: int
    due: datetime
    place: int


def cursor(connection: Connection) -> int:
    """The place of the newest event that was seen."""
    kept = connection.execute(select(settings.c.value).where(settings.c.name == CURSOR)).scalar_one_or_none()
    return int(kept["place"]) if kept else 0


def move(connection: Connection, place: int) -> None:
    """Note that events up to a place were seen."""
    mine = settings.c.name == CURSOR
    if connection.execute(settings.update().where(mine).values(value={"place": place})).rowcount == 0:
        connection.execute(settings.insert().values(name=CURSOR, value={"place": place}))


def pending(connection: Connection, now: datetime) -> bool:
    """Whether there is anything to do: an event that was not seen, or something that is due."""
    new = exists().where(finding_events.c.place > cursor(connection))
    due = [exists().where(table.c.due <= now) for table in (notices_waiting, escalations)]
    return bool(connection.execute(select(or_(new, *due))).scalar_one())


def told_of(connection: Connection, findings: Collection[str]) -> list[Told]:
    """What anybody was told of some findings."""
    found = []
    for row in _of(connection, notices_told, findings):
        impact = Decimal(row["impact"]) if row["impact"] is not None else None
        found.append(Told(**{**row, "impact": impact}))
    return found


def waiting_due(connection: Connection, now: datetime) -> list[Waiting]:
    """What waits no longer."""
    rows = connection.execute(select(notices_waiting).where(notices_waiting.c.due <= now)).mappings()
    return [Waiting(**_plain({name: value for name, value in row.items() if name != "id"})) for row in rows]


def escalations_due(connection: Connection, now: datetime) -> list[Escalating]:
    """The levels whose time has come."""
    rows = connection.execute(select(escalations).where(escalations.c.due <= now)).mappings()
    return [Escalating(**_plain(row)) for row in rows]


def snoozed(connection: Connection, findings: Collection[str], now: datetime) -> dict[tuple[str, str], datetime]:
    """Until when findings are snoozed, and by whom: (finding, who), the empty text for everybody."""
    return {(row["finding"], row["who"]): row["until"] for row in _of(connection, snoozes, findings) if row["until"] > now}


def put_told(connection: Connection, told: Iterable[Told]) -> None:
    """Note what was told; what was told before of the same finding to the same is forgotten."""
    for one in told:
        mine = (
            (notices_told.c.finding_id == one.finding) & (notices_told.c.who == one.who) & (notices_told.c.channel == one.channel)
        )
        values = {**_row(one), "impact": f"{one.impact:f}" if one.impact is not None else None}
        if connection.execute(notices_told.update().where(mine).values(**values)).rowcount == 0:
            connection.execute(notices_told.insert().values(**values))


def put_waiting(connection: Connection, waiting: Iterable[Waiting]) -> None:
    """Let events wait; one that waits already is left as it is, but for its time."""
    for one in waiting:
        mine = notices_waiting.c.id == one.id
        if connection.execute(notices_waiting.update().where(mine).values(due=one.due)).rowcount == 0:
            connection.execute(notices_waiting.insert().values(id=one.id, **_row(one)))


def drop_waiting(connection: Connection, waiting: Iterable[Waiting]) -> None:
    """Forget what waited."""
    for one in waiting:
        connection.execute(notices_waiting.delete().where(notices_waiting.c.id == one.id))


def put_escalations(connection: Connection, begun: Iterable[Escalating]) -> None:
    """Let levels come due; one that is there gets the new time."""
    for one in begun:
        drop_escalations(connection, [one])
        connection.execute(escalations.insert().values(**_row(one)))


def drop_escalations(connection: Connection, ended: Iterable[Escalating]) -> None:
    """Forget levels."""
    for one in ended:
        same = (escalations.c.route == one.route) & (escalations.c.level == one.level)
        connection.execute(escalations.delete().where(escalations.c.finding_id == one.finding, same))


def end_escalations(connection: Connection, findings: Collection[str]) -> None:
    """Forget every level of some findings: somebody acknowledged or ended them."""
    connection.execute(escalations.delete().where(escalations.c.finding_id.in_(list(findings))))


def snooze(connection: Connection, finding: str, who: str, until: datetime, by: str, now: datetime) -> None:
    """Let somebody, or everybody, not hear of a finding until a time; what has run out is forgotten."""
    mine = (snoozes.c.finding_id == finding) & (snoozes.c.who == who)
    connection.execute(snoozes.delete().where(mine | (snoozes.c.until <= now)))
    if until > now:
        connection.execute(snoozes.insert().values(finding_id=finding, who=who, until=until, by=by))


def _of(connection: Connection, table: Table, findings: Collection[str]) -> list[dict[str, Any]]:
    """The rows of a table about some findings, asked in pieces that every database takes."""
    wanted: Sequence[str] = sorted(findings)
    found: list[dict[str, Any]] = []
    for start in range(0, len(wanted), CHUNK):
        chosen = table.c.finding_id.in_(wanted[start : start + CHUNK])
        found += [_plain(row) for row in connection.execute(select(table).where(chosen)).mappings()]
    return found


def _plain(row: Any) -> dict[str, Any]:
    return {("finding" if name == "finding_id" else name): value for name, value in row.items()}


def _row(one: Any) -> dict[str, Any]:
    return {("finding_id" if name == "finding" else name): value for name, value in asdict(one).items()}
