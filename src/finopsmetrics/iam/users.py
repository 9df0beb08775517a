"""Users: people and service accounts, their roles and teams, and what they prove who they are with."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.iam import passwords
from finopsmetrics.iam.grants import Declared
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.iam.secrets import digest, random_secret
from finopsmetrics.store import audit, people
from finopsmetrics.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
INVITED_FOR = timedelta(days=3)
INVITE = "invite"


@dataclass(frozen=True)
class User:
    """A user as others may see them. Times are UTC without zone."""

    id: str
    name: str
    sort: str
    email: str | None
    roles: tuple[str, ...]
    teams: tuple[str, ...]
    active: bool
    has_password: bool
    has_second_factor: bool
    identity: str | None
    locked_until: datetime | None
    created_at: datetime
    created_by: str
    seen_at: datetime | None


def shown(row: people.Row) -> User:
    """A row of the state as a user."""
    same = ("id", "name", "sort", "email", "active", "identity", "locked_until", "created_at", "created_by", "seen_at")
    kept: people.Row = {name: row[name] for name in same}
    kept |= {"roles": tuple(row["roles"]), "teams": tuple(row["teams"])}
    kept |= {"has_password": row["password"] is not None, "has_second_factor": bool(row["totp_confirmed"])}
    return User(**kept)


class UserBook:
    """The users of a home. Each change is one transaction with its line in the audit trail."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def all(self) -> list[User]:
        """Every user, by name."""
        with self._database.read() as connection:
            return [shown(row) for row in people.all_users(connection)]

    def get(self, name: str) -> User:
        """The user of a name. Raises NotFoundError."""
        with self._database.read() as connection:
            return shown(known_user(connection, name))

    def add(
        self,
        name: str,
        *,
        roles: Sequence[str],
        by: Principal,
        teams: Sequence[str] = (),
        email: str | None = None,
        password: str | None = None,
        sort: Literal["person", "service"] = "person",
        identity: str | None = None,
    ) -> User:
        """Add a user. Raises UsageError, ConflictError, or ForbiddenError for roles that grant more than `by` holds."""
        if not NAME.fullmatch(name):
            cure = "Use letters, digits and . _ @ + -, at most 100, beginning with a letter or digit."
            raise UsageError(f"{name!r} is no user name.", cure=cure)
        if email is not None and not re.fullmatch(r"[^@\s]{1,200}@[^@\s]{1,100}", email):
            raise UsageError(f"{email!r} is no e-mail address.", cure="Write it as name@company.com.")
        kept = passwords.checked_hash(name, password) if password is not None else None
        proofs: people.Row = {"password": kept, "totp": None, "totp_confirmed": False, "totp_step": None, "recovery": []}
        state = {"active": True, "failed": 0, "locked_until": None, "identity": identity, "seen_at": None}
        row: people.Row = {"id": "u-" + secrets.token_hex(10), "name": name, "sort": sort, "email": email, **proofs, **state}
        row |= {"roles": list(dict.fromkeys(roles)), "teams": list(dict.fromkeys(teams))}
        row |= {"created_at": self._now(), "created_by": by.name}
        with self._database.write() as connection:
            may_grant(Declared.load(connection), by, row["roles"])
            if people.one_user(connection, name=name):
                raise ConflictError(f"There is a user {name} already.", cure="Choose another name, or change that user.")
            people.add_user(connection, row)
            told = {"roles": row["roles"], "teams": row["teams"], "sort": sort}
            audit.record(connection, self._now(), by.name, "user.added", name, told)
        return shown(row)

    def change(
        self,
        name: str,
        *,
        by: Principal,
        roles: Sequence[str] | None = None,
        teams: Sequence[str] | None = None,
        active: bool | None = None,
    ) -> User:
        """Change what a user may do; a user that is made inactive loses their sessions. The last active admin stays."""
        wanted = {"roles": roles, "teams": teams, "active": active}
        changes = {name: list(v) if isinstance(v, (list, tuple)) else v for name, v in wanted.items() if v is not None}
        with self._database.write() as connection:
            row = known_user(connection, name)
            declared = Declared.load(connection)
            may_grant(declared, by, row["roles"])  # nobody changes who holds more than they do
            may_grant(declared, by, list(roles or ()))
            before = administered(connection, declared)
            people.change_user(connection, row["id"], **changes)
            if before and not administered(connection, declared):
                cure = "Give another active user a role that holds users:write first."
                raise ConflictError(f"{name} is the last who can manage users.", cure=cure)
            if active is False:
                people.end_sessions(connection, row["id"])
            audit.record(connection, self._now(), by.name, "user.changed", name, changes)
            return shown({**row, **changes})

    def set_password(self, name: str, password: str, *, by: Principal, keep_session: str = "") -> None:
        """Set a password, unlock the user, and end their other sessions."""
        kept = passwords.checked_hash(name, password)
        with self._database.write() as connection:
            row = known_user(connection, name)
            if row["id"] != by.user_id:
                may_grant(Declared.load(connection), by, row["roles"])
            people.change_user(connection, row["id"], password=kept, failed=0, locked_until=None)
            people.end_sessions(connection, row["id"], but=keep_session)
            audit.record(connection, self._now(), by.name, "user.password_set", name, {})

    def unlock(self, name: str, *, by: Principal) -> None:
        """Let a locked user try again."""
        with self._database.write() as connection:
            row = known_user(connection, name)
            people.change_user(connection, row["id"], failed=0, locked_until=None)
            audit.record(connection, self._now(), by.name, "user.unlocked", name, {})

    def invite(self, name: str, *, by: Principal) -> str:
        """A code with which the user sets a password, once, within three days."""
        code = random_secret()
        with self._database.write() as connection:
            row = known_user(connection, name)
            may_grant(Declared.load(connection), by, row["roles"])
            times = {"created_at": self._now(), "expires_at": self._now() + INVITED_FOR}
            people.add_code(connection, {"id": digest(code), "purpose": INVITE, "body": {"user": row["id"]}, **times})
            audit.record(connection, self._now(), by.name, "user.invited", name, {})
        return code


def known_user(connection: Connection, name: str) -> people.Row:
    """The row of a user. Raises NotFoundError."""
    row = people.one_user(connection, name=name)
    if row is None:
        raise NotFoundError(f"There is no user {name}.", cure="See: finopsmetrics user list.")
    return row


def may_grant(declared: Declared, by: Principal, roles: Sequence[str]) -> None:
    """Raise UsageError for roles that are not there, ForbiddenError for roles that permit more than `by` may do."""
    missing = [name for name in roles if name not in declared.roles]
    if missing:
        cure = f"The roles are {', '.join(sorted(declared.roles))}."
        raise UsageError(f"There is no role {', '.join(missing)}.", cure=cure)
    if roles:
        by.require_all_charges("giving roles")
    lacking = sorted(one for one in declared.permissions(roles) if not by.may(one))
    if lacking:
        cause = (
            f"{by.name} cannot give {', '.join(roles)}: it permits {', '.join(lacking[:5])}, which they may not do themselves."
        )
        raise ForbiddenError(cause, cure="Ask an administrator.")


def administered(connection: Connection, declared: Declared) -> bool:
    """Whether there is an active user who can manage users."""
    active = [row for row in people.all_users(connection) if row["active"]]
    held = (Principal("", "person", declared.permissions(row["roles"])) for row in active)
    return any(one.may("users:write") for one in held)
