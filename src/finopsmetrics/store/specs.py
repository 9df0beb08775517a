"""The book of declared specs: read, written, deleted and restored by name, with a version against lost updates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from sqlalchemy import func, select

from finopsmetrics.core.errors import ConflictError, NotFoundError
from finopsmetrics.store import spec_rows
from finopsmetrics.store.people import all_tokens, all_users
from finopsmetrics.store.spec_rows import Body, Change, Kept, Key, Stroke, bodies, same
from finopsmetrics.store.tables import applied_origins, spec_changes, specs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finopsmetrics.store.database import Database

__all__ = ["Change", "Decided", "Kept", "PreconditionError", "SpecBook", "Step", "bodies"]

Match = int | Collection[int] | Literal["*"] | None
"""The version that a writer has seen: a number, one of several, `*` for any that exists, None for no condition."""

StepAction = Literal["create", "update", "delete", "own", "forget"]
MOST = 1_000
_HELD = {"role": "roles", "team": "teams"}


class PreconditionError(ConflictError):
    """It was changed since it was read; or it is there, or is not, against the request's condition."""

    code = "precondition"
    http_status = 412


@dataclass(frozen=True)
class Step:
    """One step of a plan. `own` only notes whose it is, `forget` that a file no longer declares what is gone already."""

    action: StepAction
    kind: str
    name: str
    origin: str
    body: Body | None = None


class Decided(Protocol):
    """What a plan comes to: its hash, and its steps in their order."""

    @property
    def hash(self) -> str:
        """Stands for what is wanted, and for what it touches as it is."""

    @property
    def steps(self) -> Sequence[Step]:
        """What is to be done."""


P = TypeVar("P", bound=Decided)


class SpecBook:
    """Specs by kind and name. Bodies are plain JSON, checked by the caller. Each change is one transaction with its history."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def find(self, kind: str, name: str) -> Kept | None:
        """The spec; None when there is none, or it is deleted."""
        with self._database.read() as connection:
            found = spec_rows.row(connection, (kind, name))
        return None if found is None or found.deleted else found

    def get(self, kind: str, name: str) -> Kept:
        """The spec. Raises NotFoundError."""
        found = self.find(kind, name)
        if found is None:
            raise _missing(kind, name)
        return found

    def page(
        self, kind: str, *, contains: str = "", limit: int = MOST, after: str | None = None
    ) -> tuple[list[Kept], str | None]:
        """At most `limit` specs by name after the name `after`, and the `after` of the next page; None at the end.

        `contains` keeps those whose name or description contains it, in any case.
        """
        where = [specs.c.kind == kind, specs.c.deleted.is_(False), *([specs.c.name > after] if after is not None else [])]
        with self._database.read() as connection:
            found = spec_rows.rows(connection, *where)
        wanted = contains.casefold()
        found = [kept for kept in found if wanted in kept.name.casefold() or wanted in _told(kept).casefold()]
        return found[:limit], found[limit - 1].name if len(found) > limit else None

    def put(
        self, kind: str, name: str, body: Body, *, actor: str, if_match: Match = None, if_none: Match | bool = False
    ) -> tuple[Kept, bool]:
        """Create or replace; give what is kept now, and whether it is new. What changes nothing writes nothing.

        Raises PreconditionError unless the version is `if_match`, and when it is `if_none` (True: when there is one).
        """
        with self._database.write() as connection:
            old = spec_rows.row(connection, (kind, name))
            live = None if old is None or old.deleted else old
            if live is not None and if_none is not False and _matches(live, "*" if if_none is True else if_none):
                raise PreconditionError(f"There is a {kind} {name!r} already.", cure="Read it, then change it by its version.")
            _must_match(live, if_match, kind, name)
            if live is not None and same(live.body, body):
                return live, False
            stroke = Stroke(connection, self._now(), actor)
            return spec_rows.write(stroke, old, (kind, name), "updated" if live else "created", body), live is None

    def delete(self, kind: str, name: str, *, actor: str, if_match: Match = None, replaced: bool = False) -> None:
        """Delete; its history stays, and `restore` brings it back.

        Raises NotFoundError, PreconditionError, and ConflictError while a user or a token has the role or team, unless
        `replaced` says that another of the name takes its place.
        """
        with self._database.write() as connection:
            old = spec_rows.row(connection, (kind, name))
            if old is None or old.deleted:
                raise _missing(kind, name)
            _must_match(old, if_match, kind, name)
            if not replaced:
                _must_be_free(connection, kind, name)
            spec_rows.write(Stroke(connection, self._now(), actor), old, (kind, name), "deleted", old.body)

    def restore(self, kind: str, name: str, *, actor: str, if_match: Match = None) -> Kept:
        """Bring a deleted spec back as it was. Raises NotFoundError, and ConflictError when it is not deleted."""
        with self._database.write() as connection:
            old = spec_rows.row(connection, (kind, name))
            if old is None:
                raise _missing(kind, name)
            if not old.deleted:
                raise ConflictError(f"The {kind} {name!r} is not deleted.", cure="There is nothing to restore.")
            _must_match(old, if_match, kind, name)
            return spec_rows.write(Stroke(connection, self._now(), actor), old, (kind, name), "restored", old.body)

    def deleted(self, kind: str, name: str) -> Kept:
        """What `restore` would bring back. Raises NotFoundError, and ConflictError when it is not deleted."""
        with self._database.read() as connection:
            found = spec_rows.row(connection, (kind, name))
        if found is None:
            raise _missing(kind, name)
        if not found.deleted:
            raise ConflictError(f"The {kind} {name!r} is not deleted.", cure="There is nothing to restore.")
        return found

    def history(self, kind: str, name: str) -> list[Change]:
        """Every change, the newest first; also of what is deleted. Raises NotFoundError when there never was one."""
        with self._database.read() as connection:
            found = spec_rows.changes(connection, (kind, name))
        if not found:
            raise _missing(kind, name)
        return found

    def changes(self) -> int:
        """How many changes there were to all specs: a number that grows with each."""
        with self._database.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(spec_changes)) or 0)

    def everything(self) -> list[Kept]:
        """Every spec of every kind; deleted ones only where a file still claims them."""
        with self._database.read() as connection:
            return _everything(connection)

    def apply(self, decide: Callable[[list[Kept]], P], *, actor: str, spared: Collection[Key] = ()) -> P:
        """Let `decide` see everything, then carry its steps out, all in one transaction.

        `spared` are roles and teams that may go although somebody has them. Raises what `decide` raises, and
        ConflictError for a role or team that a user or a token has; then nothing is changed.
        """
        with self._database.write() as connection:
            decided = decide(_everything(connection))
            stroke = Stroke(connection, self._now(), actor, decided.hash)
            for step in decided.steps:
                _carry_out(stroke, step, spared)
            for origin in sorted({step.origin for step in decided.steps}):
                _note_origin(stroke, origin, sum(step.origin == origin for step in decided.steps))
        return decided


def _note_origin(stroke: Stroke, origin: str, steps: int) -> None:
    kept = {"applied_at": stroke.at, "applied_by": stroke.actor, "plan": stroke.plan}
    mine = applied_origins.c.origin == origin
    if stroke.connection.execute(select(applied_origins.c.origin).where(mine)).first() is None:
        stroke.connection.execute(applied_origins.insert().values(origin=origin, **kept))
    else:
        stroke.connection.execute(applied_origins.update().where(mine).values(**kept))
    stroke.audit("applied", ("code", origin), origin=origin, steps=steps)


def _carry_out(stroke: Stroke, step: Step, spared: Collection[Key]) -> None:
    key = (step.kind, step.name)
    old = spec_rows.row(stroke.connection, key)
    if step.action in {"create", "update"} and step.body is not None:
        word: Literal["created", "updated"] = "created" if step.action == "create" else "updated"
        spec_rows.write(stroke, old, key, word, step.body, origin=step.origin, applied=step.body)
    elif old is not None and step.action == "delete":
        if key not in spared:
            _must_be_free(stroke.connection, *key)
        spec_rows.write(stroke, old, key, "deleted", old.body, origin=None, applied=None)
    elif old is not None:
        owned = step.action == "own"
        owner = {"origin": step.origin, "applied": old.body} if owned else {"origin": None, "applied": None}
        spec_rows.put_row(stroke.connection, old, replace(old, **owner))
        stroke.audit("adopted" if owned else "forgotten", key, version=old.version)


def _everything(connection: Connection) -> list[Kept]:
    return spec_rows.rows(connection, specs.c.deleted.is_(False) | specs.c.origin.is_not(None))


def _must_match(found: Kept | None, wanted: Match, kind: str, name: str) -> None:
    if wanted is None:
        return
    if found is None:
        raise PreconditionError(f"There is no {kind} {name!r}.", cure="Leave the condition out to create it.")
    if _matches(found, wanted):
        return
    cause = f"The {kind} {name!r} was changed since: it is at version {found.version}."
    raise PreconditionError(cause, cure="Read it again, then change what it is now.")


def _matches(found: Kept, wanted: Match) -> bool:
    if wanted is None or isinstance(wanted, (int, str)):
        return wanted in {"*", found.version}
    return found.version in wanted


def _must_be_free(connection: Connection, kind: str, name: str) -> None:
    column = _HELD.get(kind)
    if column is None:
        return
    people = [f"user {row['name']}" for row in all_users(connection) if name in row[column]]
    tokens = [f"token {row['name']}" for row in all_tokens(connection) if row["revoked_at"] is None and name in row[column]]
    holders = people + tokens
    if holders:
        more = f" and {len(holders) - 5} more" if len(holders) > 5 else ""
        cause = f"The {kind} {name!r} is held by {', '.join(holders[:5])}{more}."
        raise ConflictError(cause, cure=f"Take the {kind} from them first.")


def _missing(kind: str, name: str) -> NotFoundError:
    return NotFoundError(f"There is no {kind} {name!r}.", cure=f"`finopsmetrics get {kind}` lists what there is.")


def _told(kept: Kept) -> str:
    return str(kept.body.get("description", ""))
