"""The outbox: messages that are to go out, kept before anything is sent, and what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, RowMapping, func, or_, select

from finopsmetrics.core.errors import ConflictError, NotFoundError
from finopsmetrics.core.notices import Notice
from finopsmetrics.store.tables import outbox, outbox_attempts

State = Literal["waiting", "sending", "sent", "dead", "dropped"]
STATES: tuple[State, ...] = get_args(State)
SETTLED = ("sent", "dead", "dropped")


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

    @property
    def lane(self) -> str:
        """From channel, recipient and what it is about: messages of one lane go out in the order in which they were put."""
        return hashlib.sha256("\0".join((self.channel, self.recipient, self.notice.about)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Message:
    """A message as it stands. `proof` is what the channel answered, `error` why the last attempt failed; times are UTC.

    `since` is when it was to go out first, or was put back by hand; `due` when it is tried next.
    """

    id: str
    key: str
    channel: str
    recipient: str
    notice: Notice
    state: State
    due: datetime
    since: datetime
    attempts: int
    proof: Mapping[str, Any] | None
    error: str | None
    created_at: datetime
    changed_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """As plain data; without the picture, which may be large."""
        return {**vars(self), "notice": {**self.notice.as_dict(), "chart": None if self.notice.chart is None else "(a picture)"}}


@dataclass(frozen=True)
class Attempt:
    """One attempt to deliver a message. One that is `begun` and no longer at work was broken off: it may have arrived."""

    number: int
    at: datetime
    outcome: Literal["begun", "sent", "failed", "refused"]
    detail: Mapping[str, Any]


def put(connection: Connection, messages: Sequence[Outgoing], now: datetime) -> list[str]:
    """Put messages into the outbox within a transaction of the caller's; give the ids of those that were not there yet."""
    new: list[str] = []
    place = connection.execute(select(func.max(outbox.c.place))).scalar() or 0
    for one in messages:
        if connection.execute(select(outbox.c.id).where(outbox.c.id == one.id)).first() is not None:
            continue
        place += 1
        told = {"channel": one.channel, "recipient": one.recipient, "notice": one.notice.as_dict(), "due": one.due}
        order = {"lane": one.lane, "place": place, "since": max(one.due, now)}
        life = {"state": "waiting", "attempts": 0, "tries": 0, "created_at": now, "changed_at": now}
        connection.execute(outbox.insert().values(id=one.id, key=one.key, **told, **order, **life))
        new.append(one.id)
    return new


def page(
    connection: Connection, *, states: Sequence[str] = (), channel: str | None = None, limit: int = 50, offset: int = 0
) -> list[Message]:
    """Messages, those put last first."""
    wanted = select(outbox)
    if states:
        wanted = wanted.where(outbox.c.state.in_(list(states)))
    if channel is not None:
        wanted = wanted.where(outbox.c.channel == channel)
    ordered = wanted.order_by(outbox.c.place.desc(), outbox.c.id).limit(limit).offset(offset)
    return [_message(row) for row in connection.execute(ordered).mappings()]


def get(connection: Connection, message_id: str) -> Message:
    """One message. Raises NotFoundError."""
    return _message(_row(connection, message_id))


def attempts(connection: Connection, message_id: str) -> list[Attempt]:
    """The attempts to deliver a message, in their order."""
    wanted = select(outbox_attempts).where(outbox_attempts.c.message_id == message_id).order_by(outbox_attempts.c.number)
    return [Attempt(row["number"], row["at"], row["outcome"], row["detail"]) for row in connection.execute(wanted).mappings()]


def counts(connection: Connection) -> dict[str, int]:
    """How many messages there are, by state."""
    wanted = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {str(state): int(number) for state, number in connection.execute(wanted)}


def retry(connection: Connection, message_id: str, now: datetime) -> Message:
    """Let a message go out now, with all its attempts before it again; one that waits goes at once.

    Raises NotFoundError, and ConflictError for one that was sent or is being sent, or that a later word has overtaken.
    """
    row = _row(connection, message_id)
    if row["state"] in {"sent", "sending"}:
        raise ConflictError(f"The message {message_id} is {row['state']}.", cure="Nothing is to be done.")
    later = select(outbox.c.id, outbox.c.notice).where(
        outbox.c.lane == row["lane"], outbox.c.place > row["place"], outbox.c.state == "sent"
    )
    ended = [found for found, notice in connection.execute(later) if notice["stage"] == "resolve"]
    if ended and row["notice"]["stage"] != "resolve":
        cause = f"The message {message_id} would open again what {ended[0]} has told to be over."
        raise ConflictError(cause, cure=f"Drop it: finopsmetrics notify drop {message_id}.")
    anew = {"state": "waiting", "due": now, "since": now, "tries": 0, "leased_until": None, "worker": None, "changed_at": now}
    connection.execute(outbox.update().where(outbox.c.id == message_id).values(**anew))
    return get(connection, message_id)


def drop(connection: Connection, message_id: str, now: datetime) -> Message:
    """Let a message not go out. Raises NotFoundError, and ConflictError for one that was sent or is being sent."""
    row = _row(connection, message_id)
    if row["state"] in {"sent", "sending"}:
        raise ConflictError(f"The message {message_id} is {row['state']}.", cure="It cannot be called back.")
    connection.execute(outbox.update().where(outbox.c.id == message_id).values(state="dropped", changed_at=now))
    return get(connection, message_id)


def overdue(connection: Connection, before: datetime) -> int:
    """How many messages should have been tried before a moment and were not."""
    late = or_(
        (outbox.c.state == "waiting") & (outbox.c.due < before), (outbox.c.state == "sending") & (outbox.c.leased_until < before)
    )
    return int(connection.execute(select(func.count()).select_from(outbox).where(late)).scalar_one())


def forget(connection: Connection, before: datetime) -> int:
    """Remove messages that were sent or dropped before a moment, with their attempts; give how many."""
    old = outbox.c.state.in_(("sent", "dropped")) & (outbox.c.changed_at < before)
    connection.execute(outbox_attempts.delete().where(outbox_attempts.c.message_id.in_(select(outbox.c.id).where(old))))
    return int(connection.execute(outbox.delete().where(old)).rowcount)


def _row(connection: Connection, message_id: str) -> RowMapping:
    row = connection.execute(select(outbox).where(outbox.c.id == message_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no message {message_id[:60]}.", cure="See `finopsmetrics notify outbox`.")
    return row


def _message(row: RowMapping) -> Message:
    own = ("id", "key", "channel", "recipient", "state", "due", "since", "attempts", "proof", "error", "created_at", "changed_at")
    return Message(notice=Notice.read(row["notice"]), **{name: row[name] for name in own})
