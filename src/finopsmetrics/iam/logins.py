"""Logins: how a user proves who they are: an invitation, a password, a code of an authenticator app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.iam import passwords, totp
from finopsmetrics.iam.errors import SecondFactorError, TooManyAttemptsError, UnknownAskerError
from finopsmetrics.iam.grants import Declared
from finopsmetrics.iam.principal import Principal
from finopsmetrics.iam.secrets import Vault, digest
from finopsmetrics.iam.users import INVITE, User, known_user, may_grant, shown
from finopsmetrics.store import audit, people
from finopsmetrics.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

FREE_TRIES = 5
LONGEST_LOCK = 60  # minutes


class Logins:
    """Proofs of the users of a home."""

    def __init__(self, database: Database, now: Callable[[], datetime], vault: Vault) -> None:
        self._database, self._now, self._vault = database, now, vault

    def invited(self, code: str) -> str:
        """The name of who was invited with a code. Raises UnknownAskerError."""
        with self._database.read() as connection:
            return str(self._invited(connection, code)["name"])

    def claim(self, code: str, password: str) -> User:
        """Set the password of who was invited. Raises UnknownAskerError for a code that is wrong, used or too old."""
        with self._database.read() as connection:  # look first, so that a weak password does not use the code up
            waiting = self._invited(connection, code)
        kept = passwords.checked_hash(waiting["name"], password)
        with self._database.write() as connection:
            row = self._invited(connection, code)
            people.drop_codes(connection, INVITE, row["id"])
            people.change_user(connection, row["id"], password=kept, failed=0, locked_until=None, active=True)
            people.end_sessions(connection, row["id"])
            audit.record(connection, self._now(), row["name"], "user.claimed", row["name"], {})
            return shown({**row, "password": kept, "active": True})

    def _invited(self, connection: Connection, code: str) -> people.Row:
        found = people.find_code(connection, digest(code), INVITE, self._now())
        row = people.one_user(connection, id=found["body"]["user"]) if found else None
        if row is None:
            cure = "Ask for a new link: finopsmetrics user invite NAME."
            raise UnknownAskerError("This link was used already, is too old, or never was.", cure=cure)
        return row

    def log_in(self, name: str, password: str, code: str | None = None) -> User:
        """The user that proves a password, and a code where one is set up.

        Raises UnknownAskerError, SecondFactorError when only the code is missing, TooManyAttemptsError while locked. From the
        fifth failure in a row the user is locked, for a minute that doubles up to an hour.
        """
        with self._database.read() as connection:
            row = people.one_user(connection, name=name)
        if row is not None and row["locked_until"] is not None and row["locked_until"] > self._now():
            seconds = int((row["locked_until"] - self._now()).total_seconds()) + 1
            raise TooManyAttemptsError(f"There were too many wrong log-ins as {name}.", seconds)
        able = row is not None and row["active"] and row["sort"] == "person"
        right = passwords.matches(row["password"] if row is not None and able else None, password)
        if row is None or not right:
            self._failed(row)
            raise UnknownAskerError("The name or the password is wrong.", cure="Try again; an administrator can set a new one.")
        if row["totp_confirmed"] and not code:
            raise SecondFactorError
        return self._entered(row, password, code)

    def _entered(self, row: people.Row, password: str, code: str | None) -> User:
        changes: dict[str, Any] = {"failed": 0, "locked_until": None, "seen_at": self._now()}
        if passwords.outdated(row["password"]):
            changes["password"] = passwords.hashed(password)
        with self._database.write() as connection:
            fresh = known_user(connection, row["name"])  # another log-in may have taken the same code meanwhile
            second = self._second(fresh, code) if fresh["totp_confirmed"] else {}
            if second is not None:
                people.change_user(connection, row["id"], **changes, **second)
                audit.record(connection, self._now(), row["name"], "user.logged_in", row["name"], {"how": "password"})
                return shown({**fresh, **changes, **second})
        self._failed(row)
        raise SecondFactorError("The code is wrong or was used already.")

    def _second(self, row: people.Row, code: str | None) -> dict[str, Any] | None:
        """What changes when a code is taken; None when it is wrong."""
        step = totp.step_of(self._vault.open(row["totp"]), code or "", self._now(), row["totp_step"])
        if step is not None:
            return {"totp_step": step}
        left = [kept for kept in row["recovery"] if kept != digest(code or "")]
        return {"recovery": left} if len(left) < len(row["recovery"]) else None

    def _failed(self, row: people.Row | None) -> None:
        if row is None:
            return
        with self._database.write() as connection:
            fresh = known_user(connection, row["name"])
            count = fresh["failed"] + 1
            until = None
            if count >= FREE_TRIES:
                until = self._now() + timedelta(minutes=min(2 ** (count - FREE_TRIES), LONGEST_LOCK))
                told = {"failures": count, "until": until.isoformat()}
                audit.record(connection, self._now(), "system", "user.locked", row["name"], told)
            people.change_user(connection, row["id"], failed=min(count, 30), locked_until=until)

    def start_second_factor(self, name: str) -> tuple[str, str]:
        """A new secret for an authenticator app, and its otpauth:// address; it counts once a code confirmed it."""
        secret = totp.new_secret()
        with self._database.write() as connection:
            row = known_user(connection, name)
            if row["totp_confirmed"]:
                raise ConflictError(f"{name} has a second factor already.", cure="Remove it first.")
            people.change_user(connection, row["id"], totp=self._vault.seal(secret), totp_step=None)
        return secret, totp.uri(secret, name)

    def confirm_second_factor(self, name: str, code: str) -> list[str]:
        """Turn the second factor on; gives recovery codes, which are shown once. Raises SecondFactorError."""
        codes = totp.recovery_codes()
        with self._database.write() as connection:
            row = known_user(connection, name)
            step = totp.step_of(self._vault.open(row["totp"]), code, self._now(), None) if row["totp"] else None
            if step is None:
                raise SecondFactorError("The code is wrong.")
            kept = [digest(one) for one in codes]
            people.change_user(connection, row["id"], totp_confirmed=True, totp_step=step, recovery=kept)
            audit.record(connection, self._now(), name, "user.second_factor_on", name, {})
        return codes

    def remove_second_factor(self, name: str, *, by: Principal) -> None:
        """Turn the second factor off."""
        with self._database.write() as connection:
            row = known_user(connection, name)
            if row["id"] != by.user_id:
                may_grant(Declared.load(connection), by, row["roles"])
            people.change_user(connection, row["id"], totp=None, totp_confirmed=False, totp_step=None, recovery=[])
            audit.record(connection, self._now(), by.name, "user.second_factor_off", name, {})
