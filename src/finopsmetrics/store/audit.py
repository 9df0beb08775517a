"""The audit trail: who did what, when. Each line carries the digest of the one before, so that none can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, or_, select

from finopsmetrics.store.tables import audit_events

GENESIS = "0" * 64


def record(connection: Connection, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Add a line to the trail inside the caller's writing transaction. `at` is UTC without zone."""
    newest = select(audit_events.c.sequence, audit_events.c.digest).order_by(audit_events.c.sequence.desc()).limit(1)
    last = connection.execute(newest).first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    line = {"sequence": sequence, "at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}
    connection.execute(audit_events.insert().values(**line, previous=previous, digest=digest(line, previous)))


def digest(line: dict[str, Any], previous: str) -> str:
    """The digest of a line of the trail and of all that came before it."""
    body = {name: line[name] for name in ("sequence", "actor", "action", "subject", "detail")}
    text = json.dumps({**body, "at": line["at"].isoformat(), "previous": previous}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """Whether the trail is whole: how many lines, the digest of the last, and the first line that does not follow."""

    lines: int
    last: str
    broken: int | None

    @property
    def whole(self) -> bool:
        """No line was changed, added in between or taken out. Lines cut off at the end show by a digest noted elsewhere."""
        return self.broken is None


def verify(connection: Connection) -> Verdict:
    """Follow the chain from the first line to the last."""
    previous, count = GENESIS, 0
    for row in connection.execute(select(audit_events).order_by(audit_events.c.sequence)).mappings():
        line = dict(row)
        if line["sequence"] != count + 1 or line["previous"] != previous or line["digest"] != digest(line, previous):
            return Verdict(count, previous, count + 1)
        previous, count = line["digest"], count + 1
    return Verdict(count, previous, None)


def last(connection: Connection) -> int:
    """The sequence of the newest line; 0 while there is none."""
    return int(connection.scalar(select(func.max(audit_events.c.sequence))) or 0)


@dataclass(frozen=True)
class Sought:
    """Which lines: of an actor, of an action or of those that begin as it does (`user.`), with a text in any part of them."""

    actor: str | None = None
    action: str | None = None
    text: str | None = None


def lines(connection: Connection, limit: int, before: int | None = None, sought: Sought | None = None) -> list[dict[str, Any]]:
    """Lines of the trail, the newest first; those before a sequence number and those that are sought, where given."""
    wanted = select(audit_events).order_by(audit_events.c.sequence.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(audit_events.c.sequence < before)
    for condition in _conditions(sought or Sought()):
        wanted = wanted.where(condition)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    table, found = audit_events.c, []
    if sought.actor:
        found.append(table.actor == sought.actor)
    if sought.action:
        same = table.action == sought.action
        found.append(table.action.startswith(sought.action, autoescape=True) if sought.action.endswith(".") else same)
    if sought.text:
        plain = [column.icontains(sought.text, autoescape=True) for column in (table.actor, table.action, table.subject)]
        written = json.dumps(sought.text)[1:-1]  # the detail is kept as JSON, where other letters than ASCII are escaped
        found.append(or_(*plain, cast(table.detail, Text).icontains(written, autoescape=True)))
    return found
