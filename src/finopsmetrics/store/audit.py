"""The audit trail: who did what, when. Each line carries the digest of the one before, so that none can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

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


def first_broken_line(connection: Connection) -> int | None:
    """The sequence number of the first line that does not follow from the one before; None when the trail is whole."""
    previous, expected = GENESIS, 1
    for row in connection.execute(select(audit_events).order_by(audit_events.c.sequence)).mappings():
        line = dict(row)
        if line["sequence"] != expected or line["previous"] != previous or line["digest"] != digest(line, previous):
            return expected
        previous, expected = line["digest"], expected + 1
    return None
