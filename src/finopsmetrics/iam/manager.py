"""IAMManager: who asks, found from what they show; and the users, sessions and tokens of a home in one place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConflictError
from finopsmetrics.iam.grants import Declared, both
from finopsmetrics.iam.links import LinkBook
from finopsmetrics.iam.logins import Logins
from finopsmetrics.iam.principal import OWNER, Principal
from finopsmetrics.iam.secrets import Vault
from finopsmetrics.iam.sessions import Held, SessionBook
from finopsmetrics.iam.tokens import Token, TokenBook
from finopsmetrics.iam.users import User, UserBook
from finopsmetrics.store import people
from finopsmetrics.store.opened import OpenedHome

FIRST_ADMIN = "admin"


class IAMManager:
    """Identity and access of one home: `users`, `logins`, `sessions`, `tokens`, `links`, and whom a request comes from."""

    def __init__(self, opened: OpenedHome) -> None:
        self._opened = opened
        self._database = opened.database
        self.users = UserBook(self._database, opened.now)
        self.sessions = SessionBook(self._database, opened.now)
        self.tokens = TokenBook(self._database, opened.now)
        self.links = LinkBook(self._database, opened.now)

    @cached_property
    def logins(self) -> Logins:
        """How users prove who they are."""
        return Logins(self._database, self._opened.now, Vault(self._opened.home.root))

    def anybody(self) -> bool:
        """Whether somebody can log in or a token was made. Until then the home belongs to whoever runs it on its machine."""
        with self._database.read() as connection:
            proven = any(row["active"] and (row["password"] or row["identity"]) for row in people.all_users(connection))
            return proven or bool(people.all_tokens(connection))

    def of_token(self, text: str) -> Principal | None:
        """Who sends a token; None when it does not hold."""
        token = self.tokens.find(text)
        return self._of_token(token) if token is not None else None

    def of_session(self, cookie: str) -> tuple[Principal, Held] | None:
        """Who holds a session's cookie, and the session; None when it does not hold."""
        held = self.sessions.find(cookie)
        return (self.of_user(held.user), held) if held is not None else None

    def of_user(self, user: User) -> Principal:
        """A user as somebody who asks."""
        declared = self.declared()
        sort = "person" if user.sort == "person" else "service"
        held = declared.permissions(user.roles)
        return Principal(user.name, sort, held, declared.scope(user.roles, user.teams), user.roles, user.teams, user.id)  # type: ignore[arg-type]

    def first_admin_code(self) -> str | None:
        """A code that makes its holder the first administrator, once; None when there is somebody already.

        The user `admin` is made without a password and cannot log in before. Servers that start side by side each have a code;
        the first that is used ends the others.
        """
        if self.anybody():
            return None
        by = replace(OWNER, name="first start")
        with suppress(ConflictError):  # made by an earlier start, or by another server just now
            self.users.add(FIRST_ADMIN, roles=["admin"], by=by)
        return self.users.invite(FIRST_ADMIN, by=by)

    def declared(self) -> Declared:
        """The roles and teams of the home as they are now."""
        with self._database.read() as connection:
            return Declared.load(connection)

    def _of_token(self, token: Token) -> Principal | None:
        with self._database.read() as connection:
            declared = Declared.load(connection)
            row = people.one_user(connection, id=token.user_id) if token.user_id else None
        roles, teams = token.roles, token.teams
        if row is not None:  # a user's token follows what its user may do now
            if not row["active"]:
                return None
            roles, teams = tuple(role for role in roles if role in row["roles"]), tuple(row["teams"])
        scope = both(declared.scope(roles, teams), Condition.parse(token.scope) if token.scope else None)
        name = f"{row['name']}/{token.name}" if row is not None else token.name
        return Principal(name, "token", declared.permissions(roles), scope, roles, teams, token.user_id)
