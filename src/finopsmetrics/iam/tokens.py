"""Tokens: what programs send as `Authorization: Bearer`. Shown once, kept as a digest, narrowed by a scope, expiring."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.iam.grants import Declared
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.iam.secrets import digest, random_secret
from finopsmetrics.iam.users import NAME, may_grant
from finopsmetrics.store import audit, people
from finopsmetrics.store.database import Database

PREFIX = "fm"
DEFAULT_LIFE = timedelta(days=90)
TOUCH = timedelta(minutes=5)
_FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{20,100}})", re.ASCII)


@dataclass(frozen=True)
class Token:
    """A token as others may see it. Times are UTC without zone."""

    id: str
    name: str
    user_id: str | None
    roles: tuple[str, ...]
    teams: tuple[str, ...]
    scope: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class TokenBook:
    """The tokens of a home."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def create(
        self,
        name: str,
        *,
        roles: Sequence[str],
        by: Principal,
        teams: Sequence[str] = (),
        scope: str | None = None,
        life: timedelta | None = DEFAULT_LIFE,
        user_id: str | None = None,
    ) -> tuple[Token, str]:
        """Make a token and its text, which is not shown again.

        A token of a user (`user_id`) never permits more than its user. Raises UsageError, ConditionError, ConflictError, or
        ForbiddenError for roles that permit more than `by` may do.
        """
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a token.", cure="Use letters, digits and . _ @ + -.")
        if not roles:
            raise UsageError("A token needs a role.", cure="Give one with --role.")
        if life is not None and life <= timedelta(0):
            raise UsageError("The token would have expired already.", cure="Give a time ahead, such as 90d.")
        within = str(Condition.parse(scope)) if scope else None
        now, identity, secret = self._now(), secrets.token_hex(6), random_secret()
        row: people.Row = {"id": identity, "name": name, "digest": digest(secret), "user_id": user_id, "scope": within}
        row |= {"roles": list(dict.fromkeys(roles)), "teams": list(dict.fromkeys(teams)), "created_by": by.name}
        row |= {"created_at": now, "expires_at": now + life if life else None, "used_at": None, "revoked_at": None}
        with self._database.write() as connection:
            declared = Declared.load(connection)
            if user_id is None:
                may_grant(declared, by, list(roles))
            elif missing := [role for role in roles if role not in by.roles]:
                raise ForbiddenError(f"{by.name} has no role {', '.join(missing)}.", cure=f"Use {', '.join(by.roles) or 'none'}.")
            if people.one_token(connection, name=name):
                raise ConflictError(f"There is a token {name} already.", cure="Choose another name; names are not used again.")
            people.add_token(connection, row)
            told = {"roles": row["roles"], "teams": row["teams"], "scope": within, "expires": _iso(row["expires_at"])}
            audit.record(connection, now, by.name, "token.created", name, told)
        return _token(row), f"{PREFIX}_{identity}_{secret}"

    def all(self) -> list[Token]:
        """Every token, by name, those that were revoked too."""
        with self._database.read() as connection:
            return [_token(row) for row in people.all_tokens(connection)]

    def get(self, name: str) -> Token:
        """The token of a name. Raises NotFoundError."""
        found = next((token for token in self.all() if token.name == name), None)
        if found is None:
            raise NotFoundError(f"There is no token {name}.", cure="See: finopsmetrics token list.")
        return found

    def revoke(self, name: str, *, by: Principal) -> Token:
        """End a token at once; a second time changes nothing."""
        token = self.get(name)
        if token.revoked_at is not None:
            return token
        with self._database.write() as connection:
            people.change_token(connection, token.id, revoked_at=self._now())
            audit.record(connection, self._now(), by.name, "token.revoked", name, {})
        return self.get(name)

    def find(self, text: str) -> Token | None:
        """The token that a request carries; None when it is none of ours, revoked or expired."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        now = self._now()
        with self._database.read() as connection:
            row = people.one_token(connection, id=form[1])
        if row is None or not hmac.compare_digest(row["digest"], digest(form[2])):
            return None
        if row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now):
            return None
        if row["used_at"] is None or now - row["used_at"] >= TOUCH:
            with self._database.write() as connection:
                people.change_token(connection, row["id"], used_at=now)
        return _token(row)


def _token(row: people.Row) -> Token:
    same = {name: row[name] for name in Token.__dataclass_fields__ if name not in {"roles", "teams"}}
    return Token(**same, roles=tuple(row["roles"]), teams=tuple(row["teams"]))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
