"""What was collected from each connection, as rows of the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.store.tables import collected, syncs


@dataclass(frozen=True)
class Collected:
    """The newest version of a batch that was fetched, at a time in UTC. `pieces` leads from a name to its tag and SHA-256."""

    connection: str
    key: str
    version: str | None
    content: str
    fetched_at: datetime
    delivery_id: str | None
    pieces: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sync:
    """How the last sync of a connection went: when it began and ended, its error, and when one last went well."""

    connection: str
    began_at: datetime
    ended_at: datetime | None = None
    succeeded_at: datetime | None = None
    error: str | None = None


def of_connection(connection: Connection, name: str) -> dict[str, Collected]:
    """What was fetched from a connection, by key."""
    query = select(collected).where(collected.c.connection == name).order_by(collected.c.key)
    return {row["key"]: _read(row) for row in connection.execute(query).mappings()}


def put(connection: Connection, one: Collected, seen: Collected | None) -> None:
    """Keep what was fetched, in place of the version that was `seen`. The caller is alone among writers.

    Raises ConflictError when another sync kept one in between.
    """
    key = (collected.c.connection == one.connection) & (collected.c.key == one.key)
    there = connection.execute(select(collected).where(key)).mappings().first()
    if (_read(there) if there else None) != seen:
        cause = f"Another sync took {one.key} of {one.connection} in between."
        raise ConflictError(cause, cure="Sync again.", retryable=True)
    values = {**vars(one), "pieces": {name: list(told) for name, told in one.pieces.items()}}
    if not connection.execute(collected.update().where(key).values(**values)).rowcount:
        connection.execute(collected.insert().values(**values))


def every_sync(connection: Connection) -> dict[str, Sync]:
    """The last sync of each connection, by its name."""
    rows = connection.execute(select(syncs).order_by(syncs.c.connection)).mappings()
    return {row["connection"]: Sync(**row) for row in rows}


def began(connection: Connection, name: str, at: datetime) -> None:
    """Note that a sync begins. The caller is alone among writers."""
    values = {"began_at": at, "ended_at": None}
    if not connection.execute(syncs.update().where(syncs.c.connection == name).values(**values)).rowcount:
        connection.execute(syncs.insert().values(connection=name, **values))


def ended(connection: Connection, name: str, at: datetime, error: str | None) -> None:
    """Note how the sync went that had begun."""
    values: dict[str, Any] = {"ended_at": at, "error": error, **({"succeeded_at": at} if error is None else {})}
    connection.execute(syncs.update().where(syncs.c.connection == name).values(**values))


def _read(row: Mapping[Any, Any]) -> Collected:
    pieces = {name: (told[0], told[1]) for name, told in row["pieces"].items()}
    return Collected(**{**row, "pieces": pieces})
