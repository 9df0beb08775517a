"""Taking messages out of the outbox under a lease, and settling what became of an attempt. Safe for any number of senders.

An attempt is noted before anything is sent. Whoever is killed after that leaves it `begun`, and when the lease is over the
message is taken again: it arrives at least once, and may arrive twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from finopsmetrics.core.notices import Notice
from finopsmetrics.store.tables import outbox, outbox_attempts

PATIENCE = timedelta(hours=24)
"""For how long a message is tried before it is dead."""
MOST_TRIES = 40
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True)
class Held:
    """A message that a sender holds: its attempt's number, how often it was tried, and since when."""

    id: str
    channel: str
    recipient: str
    notice: Notice
    number: int
    tries: int
    since: datetime
    worker: str


def ready(connection: Connection, now: datetime) -> list[str]:
    """The channels for which messages can be taken now; one cheap query when nothing is due."""
    if not connection.execute(select(exists().where(_due(now)))).scalar_one():
        return []
    return list(connection.execute(select(outbox.c.channel).where(_due(now), ~_behind()).distinct()).scalars())


def take(connection: Connection, now: datetime, worker: str, lease_until: datetime, channel: str) -> Held | None:
    """Take the message of a channel that was tried least and is due longest, and note the attempt; None when there is none.

    So one that kills its senders holds up no other. One that is left by a sender whose lease is over is taken too. Messages
    about the same thing for the same recipient are taken in their order: a later one waits until the earlier is settled.
    """
    while True:
        row = connection.execute(_next(now, channel)).mappings().first()
        if row is None:
            return None
        if row["tries"] >= MOST_TRIES:
            told = f"Its sender was lost or it failed {row['tries']} times."
            dead = {"state": "dead", "error": told, "leased_until": None, "changed_at": now}
            connection.execute(outbox.update().where(outbox.c.id == row["id"]).values(**dead))
            continue
        number = row["attempts"] + 1
        held = {"state": "sending", "worker": worker, "leased_until": lease_until, "changed_at": now}
        counted = {"attempts": number, "tries": row["tries"] + 1}
        connection.execute(outbox.update().where(outbox.c.id == row["id"]).values(**held, **counted))
        begun = {"message_id": row["id"], "number": number, "at": now, "outcome": "begun", "detail": {"worker": worker}}
        connection.execute(outbox_attempts.insert().values(**begun))
        own = {name: row[name] for name in ("id", "channel", "recipient", "since")}
        return Held(**own, notice=Notice.read(row["notice"]), number=number, tries=row["tries"] + 1, worker=worker)


def sent(connection: Connection, held: Held, now: datetime, proof: Mapping[str, Any]) -> None:
    """Note that an attempt arrived, with the channel's proof; also when somebody else has the message by now."""
    _outcome(connection, held, "sent", proof)
    done = {"state": "sent", "proof": dict(proof), "error": None, "leased_until": None, "changed_at": now}
    connection.execute(outbox.update().where(outbox.c.id == held.id, outbox.c.state != "dropped").values(**done))


def failed(connection: Connection, held: Held, now: datetime, error: str, *, again: bool, wait: float | None) -> str:
    """Note that an attempt failed; give the state in which the message is: waiting for the next one, or dead.

    It is dead when trying `again` cannot help, or would be later than `PATIENCE` after it was to go out. `wait` are the
    seconds that the channel asked for. Nothing but the attempt changes when somebody else has the message by now.
    """
    due = now + pause(held.id, held.tries, wait)
    dead = not again or due > held.since + PATIENCE or held.tries >= MOST_TRIES
    detail = {"error": error} | ({} if dead else {"next": due.isoformat()})
    _outcome(connection, held, "failed" if again else "refused", detail)
    life: dict[str, Any] = {"state": "dead"} if dead else {"state": "waiting", "due": due}
    own = and_(outbox.c.worker == held.worker, outbox.c.attempts == held.number, outbox.c.state == "sending")
    values = {**life, "error": error, "leased_until": None, "changed_at": now}
    connection.execute(outbox.update().where(outbox.c.id == held.id, own).values(**values))
    return str(life["state"])


def pause(message_id: str, tries: int, wait: float | None) -> timedelta:
    """The time until the next attempt: twice as long each time, an hour at most, spread by a quarter; at least `wait` seconds.

    The spread comes from the message's id, so that those that failed together do not come back together.
    """
    plain: timedelta = min(BACKOFF * 2 ** min(tries - 1, 20), LONGEST_BACKOFF)
    drawn = int.from_bytes(hashlib.sha256(f"{message_id} {tries}".encode()).digest()[:4]) / 2**32
    return max(plain * (0.75 + drawn / 2), timedelta(seconds=min(wait or 0.0, PATIENCE.total_seconds() * 2)))


def _outcome(connection: Connection, held: Held, outcome: str, detail: Mapping[str, Any]) -> None:
    own = (outbox_attempts.c.message_id == held.id) & (outbox_attempts.c.number == held.number)
    connection.execute(outbox_attempts.update().where(own).values(outcome=outcome, detail=dict(detail)))


def _next(now: datetime, channel: str) -> Select[Any]:
    wanted = select(outbox).where(_due(now), outbox.c.channel == channel, ~_behind())
    return wanted.order_by(outbox.c.tries, outbox.c.due, outbox.c.place).limit(1).with_for_update(skip_locked=True)


def _due(now: datetime) -> ColumnElement[bool]:
    waits = and_(outbox.c.state == "waiting", outbox.c.due <= now)
    return or_(waits, and_(outbox.c.state == "sending", outbox.c.leased_until <= now))


def _behind() -> ColumnElement[bool]:
    """Whether an earlier message of the same lane is not settled yet."""
    other = outbox.alias()
    earlier = and_(other.c.lane == outbox.c.lane, other.c.place < outbox.c.place)
    return exists().where(earlier, other.c.state.in_(("waiting", "sending")))
