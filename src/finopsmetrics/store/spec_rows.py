"""Declared specs as rows of the state: what is kept of each, every change to it, and the one way to write both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select

from finopsmetrics.store.audit import record
from finopsmetrics.store.tables import spec_changes, specs

Body = Mapping[str, Any]
Key = tuple[str, str]
"""A kind and a name."""

Action = Literal["created", "updated", "deleted", "restored"]


@dataclass(frozen=True)
class Kept:
    """A spec as the state keeps it. `version` rises with every change, also through deletion.

    `origin` is the file that declares it, `applied` its body as that file applied it last; None when no file does.
    """

    kind: str
    name: str
    version: int
    body: Body
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    deleted: bool = False
    origin: str | None = None
    applied: Body | None = None

    @property
    def key(self) -> Key:
        """Its kind and name."""
        return self.kind, self.name

    def facts(self) -> dict[str, Any]:
        """What is known of it beside its body, as plain data; times are UTC."""
        told = {"kind": self.kind, "name": self.name, "version": self.version, "origin": self.origin}
        told |= {"created_at": self.created_at.isoformat() + "Z", "created_by": self.created_by}
        return told | {"changed_at": self.changed_at.isoformat() + "Z", "changed_by": self.changed_by}


@dataclass(frozen=True)
class Change:
    """One change to a spec: who made it, when (UTC without zone), and the body after it (None when deleted)."""

    version: int
    at: datetime
    actor: str
    action: str
    body: Body | None
    origin: str | None

    def as_dict(self) -> dict[str, Any]:
        """The change as plain data."""
        told = {"version": self.version, "at": self.at.isoformat() + "Z", "actor": self.actor, "action": self.action}
        return {**told, "origin": self.origin, "body": self.body}


@dataclass(frozen=True)
class Stroke:
    """Who writes and when, in which transaction; `plan` is the hash of the plan that asks for it, if one does."""

    connection: Connection
    at: datetime
    actor: str
    plan: str | None = None

    def audit(self, action: str, key: Key, **detail: Any) -> None:
        """Add a line to the audit trail."""
        told = {**detail, **({"plan": self.plan} if self.plan else {})}
        record(self.connection, self.at, self.actor, f"{key[0]}.{action}", f"{key[0]}/{key[1]}"[:200], told)


def rows(connection: Connection, *where: ColumnElement[bool]) -> list[Kept]:
    """Rows that match, deleted ones too, by kind and name."""
    query = select(specs).where(*where).order_by(specs.c.kind, specs.c.name)
    return [Kept(**row) for row in connection.execute(query).mappings()]


def row(connection: Connection, key: Key) -> Kept | None:
    """One row, also a deleted one."""
    return next(iter(rows(connection, specs.c.kind == key[0], specs.c.name == key[1])), None)


def bodies(connection: Connection, kind: str) -> dict[str, Body]:
    """The bodies of all specs of a kind, by name."""
    return {kept.name: kept.body for kept in rows(connection, specs.c.kind == kind, specs.c.deleted.is_(False))}


def changes(connection: Connection, key: Key) -> list[Change]:
    """Every change to a spec, the newest first."""
    mine = (spec_changes.c.kind == key[0], spec_changes.c.name == key[1])
    query = select(spec_changes).where(*mine).order_by(spec_changes.c.version.desc())
    names = ("version", "at", "actor", "action", "body", "origin")
    return [Change(**{name: line[name] for name in names}) for line in connection.execute(query).mappings()]


def write(stroke: Stroke, old: Kept | None, key: Key, action: Action, body: Body, **owner: Any) -> Kept:
    """Write the next version of a spec with its change and its audit line. `owner` may set origin and applied."""
    fresh = Kept(*key, 0, body, stroke.at, stroke.actor, stroke.at, stroke.actor)
    made = replace(
        fresh if old is None or action == "created" else old,
        version=1 if old is None else old.version + 1,
        body=body,
        changed_at=stroke.at,
        changed_by=stroke.actor,
        deleted=action == "deleted",
        **({} if old is None else {"origin": old.origin, "applied": old.applied}) | owner,
    )
    put_row(stroke.connection, old, made)
    line = {"version": made.version, "at": stroke.at, "actor": stroke.actor, "action": action, "origin": made.origin}
    after = None if made.deleted else body
    stroke.connection.execute(spec_changes.insert().values(kind=made.kind, name=made.name, body=after, **line))
    before = None if old is None or old.deleted else old.body
    stroke.audit(action, key, version=made.version, fields=changed_fields(before, after))
    return made


def put_row(connection: Connection, old: Kept | None, made: Kept) -> None:
    """Write a row as it is, without a change line: for its first insert, and when only its owner changes."""
    values = {column.name: getattr(made, column.name) for column in specs.columns}
    if old is None:
        connection.execute(specs.insert().values(**values))
    else:
        connection.execute(specs.update().where(specs.c.kind == made.kind, specs.c.name == made.name).values(**values))


def changed_fields(before: Body | None, after: Body | None) -> list[str]:
    """The top-level fields that differ between two bodies, by name."""
    one, other = before or {}, after or {}
    names = {*one, *other}
    return sorted(name for name in names if name not in one or name not in other or not same(one[name], other[name]))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: true is not 1, and the order of keys does not count."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
