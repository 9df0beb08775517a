"""The outbox: messages that are to go out, kept before anything is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from finopsmetrics.core.notices import Notice
from finopsmetrics.store.tables import outbox


@dataclass(frozen=True)
class Outgoing:
    """A message to put: two with the same `key` are the same message, which goes out once.

    `channel` is the name of a connection, `recipient` whom its channel reaches (empty: whom the connection names), `due` when
    it may go out, UTC without zone.
    """

    key: str
    channel: str
    recipient: str
    notice: Notice
    due: datetime

    @property
    def id(self) -> str:
        """Its id, from its key."""
        return "m-" + hashlib.sha256(self.key.encode()).hexdigest()[:20]


def put(connection: Connection, messages: Sequence[Outgoing], now: datetime) -> list[str]:
    """Put messages into the outbox within a transaction of the caller's; give the ids of those that were not there yet."""
    new: list[str] = []
    for one in messages:
        if connection.execute(select(outbox.c.id).where(outbox.c.id == one.id)).first() is not None:
            continue
        told = {"channel": one.channel, "recipient": one.recipient, "notice": one.notice.as_dict(), "due": one.due}
        life = {"state": "waiting", "attempts": 0, "created_at": now, "changed_at": now}
        connection.execute(outbox.insert().values(id=one.id, key=one.key, **told, **life))
        new.append(one.id)
    return new
