"""Single sign-on by OpenID Connect: the authorization code flow with PKCE (RFC 7636), state and nonce.

Groups become roles and teams; which ones is declared, in the field `groups` of the kinds `role` and `team`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from finopsmetrics.core.errors import ConflictError, UsageError
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.iam.grants import Declared
from finopsmetrics.iam.principal import OWNER, ForbiddenError
from finopsmetrics.iam.provider import Provider
from finopsmetrics.iam.secrets import digest, random_secret
from finopsmetrics.iam.users import NAME, User, UserBook, shown
from finopsmetrics.store import audit, people
from finopsmetrics.store.database import Database

PURPOSE = "sign_on"
PATIENCE = timedelta(minutes=10)
PREFIX = "FINOPSMETRICS_OIDC_"
BY = replace(OWNER, name="single sign-on")


@dataclass(frozen=True)
class Settings:
    """The provider, and who we are to it. The secret is not shown."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    groups_claim: str = "groups"
    scope: str = "openid profile email"

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings | None:
        """Read FINOPSMETRICS_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET (or _CLIENT_SECRET_FILE), _GROUPS_CLAIM and _SCOPE.

        None without an issuer. Raises UsageError for what is missing.
        """
        told = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
        if not told.get("issuer"):
            return None
        if told.get("client_secret_file"):
            try:
                told["client_secret"] = Path(told["client_secret_file"]).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise UsageError(
                    f"{PREFIX}CLIENT_SECRET_FILE cannot be read ({error.strerror}).", cure="Check its path."
                ) from error
        missing = [f"{PREFIX}{name.upper()}" for name in ("client_id", "client_secret") if not told.get(name)]
        if missing:
            raise UsageError(f"Single sign-on lacks {' and '.join(missing)}.", cure="See docs/access.md.")
        names = ("issuer", "client_id", "client_secret", "groups_claim", "scope")
        return cls(**{name: told[name] for name in names if told.get(name)})


class SignOn:
    """Log-ins by one provider. Users are made at their first log-in; their roles and teams follow their groups at each."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self._settings, self._database, self._now = settings, database, now
        self._users = UserBook(database, now)
        self.provider = Provider(settings.issuer)

    def start(self, redirect_uri: str, after: str) -> tuple[str, str]:
        """The address of the provider to send a browser to, which comes back to `redirect_uri`, and the state it brings back.

        The browser must hold the state too, so that nobody can finish in another's browser what they began in their own.
        """
        state, nonce, verifier = random_secret(), random_secret(), random_secret()
        body = {"nonce": nonce, "verifier": verifier, "after": after, "redirect_uri": redirect_uri}
        times = {"created_at": self._now(), "expires_at": self._now() + PATIENCE}
        endpoint = self.provider.endpoint("authorization_endpoint")
        with self._database.write() as connection:
            people.sweep(connection, self._now())
            people.add_code(connection, {"id": digest(state), "purpose": PURPOSE, "body": body, **times})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", state

    def finish(self, state: str, code: str) -> tuple[User, str]:
        """The user whom the provider vouches for, and the page to go on to.

        Raises UnknownAskerError when the answer does not hold, ForbiddenError when none of the groups stands for a role.
        """
        with self._database.write() as connection:
            begun = people.take_code(connection, digest(state), PURPOSE, self._now())
        if begun is None:
            raise UnknownAskerError("This log-in was not begun here, or too long ago.", cure="Begin again at /login.")
        kept = begun["body"]
        claims = self.provider.claims(self._settings, code, kept, self._now())
        return self._user(claims), kept["after"]

    def _user(self, claims: Mapping[str, Any]) -> User:
        groups = claims.get(self._settings.groups_claim)
        told = {str(one) for one in groups} if isinstance(groups, list) else set()
        with self._database.read() as connection:
            declared = Declared.load(connection)
        roles = [name for name, role in declared.roles.items() if not told.isdisjoint(role.groups)]
        teams = [name for name, team in declared.teams.items() if not told.isdisjoint(team.groups)]
        if not roles:
            cure = "An administrator maps a group to a role: the field `groups` of the kind role."
            raise ForbiddenError("None of your groups stands for a role here.", cure=cure)
        return self._kept(f"{self._settings.issuer}|{claims['sub']}", claims, roles, teams)

    def _kept(self, identity: str, claims: Mapping[str, Any], roles: list[str], teams: list[str]) -> User:
        """The user of an identity, with the roles and teams of today; made when it is new."""
        with self._database.write() as connection:
            row = people.one_user(connection, identity=identity)
            if row is not None:
                if not row["active"]:
                    raise UnknownAskerError(f"{row['name']} may not log in any more.", cure="Ask an administrator.")
                changes = {"roles": roles, "teams": teams, "seen_at": self._now()}
                people.change_user(connection, row["id"], **changes)
                told = {"how": "single sign-on", "roles": roles, "teams": teams}
                audit.record(connection, self._now(), row["name"], "user.logged_in", row["name"], told)
                return shown({**row, **changes})
        name, email = _name(claims), claims.get("email")
        try:
            return self._users.add(name, roles=roles, teams=teams, email=email if email else None, identity=identity, by=BY)
        except ConflictError as error:
            cure = "An administrator removes or renames the other user, or you use another name at the provider."
            raise ConflictError(f"There is a user {name} who does not log in by single sign-on.", cure=cure) from error


def _name(claims: Mapping[str, Any]) -> str:
    """The name of a new user: as the provider says, else the e-mail address, else the subject."""
    for claim in ("preferred_username", "email", "sub"):
        told = re.sub(r"[^A-Za-z0-9._@+-]", "-", str(claims.get(claim) or "")).strip("-.")[:100]
        if NAME.fullmatch(told):
            return told
    raise UnknownAskerError("The provider told no name that can be used.", cure="Let it send preferred_username or email.")
