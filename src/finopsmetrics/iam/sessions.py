"""Sessions: what a browser holds after a log-in. The cookie is random and kept as a digest; writes carry a CSRF token too."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from finopsmetrics.iam.secrets import digest, random_secret
from finopsmetrics.iam.users import User, shown
from finopsmetrics.store import people
from finopsmetrics.store.database import Database

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
TOUCH = timedelta(minutes=5)  # how exactly the last use is noted


@dataclass(frozen=True)
class Session:
    """A session that has just begun: the cookie's value and the CSRF token, shown to nobody else."""

    cookie: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True)
class Held:
    """A session that holds, and its user."""

    id: str
    user: User
    csrf: str

    def carries(self, token: str | None) -> bool:
        """Whether a request's CSRF token is this session's."""
        return token is not None and hmac.compare_digest(token.encode(), self.csrf.encode())


class SessionBook:
    """The sessions of a home."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def begin(self, user: User, how: str) -> Session:
        """Begin a session for a user who proved who they are."""
        made, now = Session(random_secret(), random_secret(), self._now() + LONGEST), self._now()
        row = {"id": digest(made.cookie), "user_id": user.id, "csrf": made.csrf, "how": how}
        times = {"created_at": now, "seen_at": now, "expires_at": made.expires_at}
        with self._database.write() as connection:
            people.sweep(connection, now)
            people.add_session(connection, {**row, **times})
        return made

    def find(self, cookie: str) -> Held | None:
        """The session of a cookie; None when it ended, was idle too long, or its user may not log in any more."""
        now = self._now()
        with self._database.read() as connection:
            row = people.one_session(connection, digest(cookie))
            user = people.one_user(connection, id=row["user_id"]) if row else None
        if row is None or user is None or not user["active"]:
            return None
        if now >= row["expires_at"] or now - row["seen_at"] >= IDLE:
            return None
        if now - row["seen_at"] >= TOUCH:
            with self._database.write() as connection:
                people.touch_session(connection, row["id"], now)
        return Held(row["id"], shown(user), row["csrf"])

    def end(self, session_id: str) -> None:
        """End a session."""
        with self._database.write() as connection:
            people.end_session(connection, session_id)
