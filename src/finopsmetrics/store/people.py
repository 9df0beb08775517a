"""Users, sessions, tokens, one-time codes and declared roles as rows of the state. What they mean is the business of `iam`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select

from finopsmetrics.store.tables import api_tokens, embed_links, one_time_codes, sessions, specs, users

Row = dict[str, Any]


def one_user(connection: Connection, **by: str) -> Row | None:
    """The user whose `id`, `name` or `identity` is given; None when there is none."""
    return _one(connection, users, by)


def all_users(connection: Connection) -> list[Row]:
    """Every user, by name."""
    return [dict(row) for row in connection.execute(select(users).order_by(users.c.name)).mappings()]


def count_users(connection: Connection, *, active: bool = True) -> int:
    """How many users there are that can log in, or are to be invited."""
    return int(connection.execute(select(func.count()).select_from(users).where(users.c.active == active)).scalar_one())


def add_user(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a user."""
    connection.execute(users.insert().values(**row))


def change_user(connection: Connection, user_id: str, **changes: Any) -> None:
    """Change columns of a user."""
    connection.execute(users.update().where(users.c.id == user_id).values(**changes))


def one_session(connection: Connection, digest: str) -> Row | None:
    """The session of a cookie's digest; None when there is none."""
    return _one(connection, sessions, {"id": digest})


def add_session(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a session."""
    connection.execute(sessions.insert().values(**row))


def touch_session(connection: Connection, digest: str, at: datetime) -> None:
    """Note that a session was used."""
    connection.execute(sessions.update().where(sessions.c.id == digest).values(seen_at=at))


def end_session(connection: Connection, digest: str) -> None:
    """End one session."""
    connection.execute(sessions.delete().where(sessions.c.id == digest))


def end_sessions(connection: Connection, user_id: str, *, but: str = "") -> int:
    """End a user's sessions except `but`; give how many."""
    return connection.execute(sessions.delete().where(sessions.c.user_id == user_id, sessions.c.id != but)).rowcount


def one_token(connection: Connection, **by: str) -> Row | None:
    """The token whose `id` or `name` is given; None when there is none."""
    return _one(connection, api_tokens, by)


def all_tokens(connection: Connection) -> list[Row]:
    """Every token, by name."""
    return [dict(row) for row in connection.execute(select(api_tokens).order_by(api_tokens.c.name)).mappings()]


def add_token(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a token."""
    connection.execute(api_tokens.insert().values(**row))


def change_token(connection: Connection, token_id: str, **changes: Any) -> None:
    """Change columns of a token."""
    connection.execute(api_tokens.update().where(api_tokens.c.id == token_id).values(**changes))


def one_link(connection: Connection, **by: str) -> Row | None:
    """The link into a dashboard whose `id` is given; None when there is none."""
    return _one(connection, embed_links, by)


def all_links(connection: Connection) -> list[Row]:
    """Every link into a dashboard, the newest first."""
    order = (embed_links.c.created_at.desc(), embed_links.c.id)
    return [dict(row) for row in connection.execute(select(embed_links).order_by(*order)).mappings()]


def add_link(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a link into a dashboard."""
    connection.execute(embed_links.insert().values(**row))


def change_link(connection: Connection, link_id: str, **changes: Any) -> None:
    """Change columns of a link into a dashboard."""
    connection.execute(embed_links.update().where(embed_links.c.id == link_id).values(**changes))


def add_code(connection: Connection, row: Mapping[str, Any]) -> None:
    """Add a code that works once."""
    connection.execute(one_time_codes.insert().values(**row))


def find_code(connection: Connection, digest: str, purpose: str, now: datetime) -> Row | None:
    """A code that still works; None when it is not there, is for something else, or is too old."""
    row = _one(connection, one_time_codes, {"id": digest, "purpose": purpose})
    return row if row is not None and row["expires_at"] > now else None


def take_code(connection: Connection, digest: str, purpose: str, now: datetime) -> Row | None:
    """Take a code out, so that it works once; None when there is none that works."""
    row = find_code(connection, digest, purpose, now)
    if row is not None:
        connection.execute(one_time_codes.delete().where(one_time_codes.c.id == digest))
    return row


def drop_codes(connection: Connection, purpose: str, user_id: str) -> None:
    """Withdraw every code of a purpose that a user has."""
    wanted = select(one_time_codes.c.id, one_time_codes.c.body).where(one_time_codes.c.purpose == purpose)
    mine = [digest for digest, body in connection.execute(wanted) if body.get("user") == user_id]
    connection.execute(one_time_codes.delete().where(one_time_codes.c.id.in_(mine)))


def sweep(connection: Connection, now: datetime) -> int:
    """Remove sessions and codes whose time is over; give how many."""
    gone = [connection.execute(table.delete().where(table.c.expires_at <= now)).rowcount for table in (sessions, one_time_codes)]
    return sum(gone)


def bodies(connection: Connection, kind: str) -> dict[str, Row]:
    """The declared specs of a kind as plain data, by name."""
    wanted = select(specs.c.name, specs.c.body).where(specs.c.kind == kind, specs.c.deleted == False)  # noqa: E712
    return {name: dict(body) for name, body in connection.execute(wanted)}


def _one(connection: Connection, table: Table, by: Mapping[str, str]) -> Row | None:
    where = [table.c[name] == value for name, value in by.items()]
    row = connection.execute(select(table).where(*where)).mappings().first()
    return cast("Row", dict(row)) if row else None
