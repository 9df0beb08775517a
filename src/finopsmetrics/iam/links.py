"""Links into a dashboard: what a page of others shows in a frame. Kept as a digest, limited, expiring, revocable, audited."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.iam.grants import Declared, both
from finopsmetrics.iam.principal import OWNER, Principal
from finopsmetrics.iam.secrets import digest, random_secret
from finopsmetrics.iam.tokens import TOUCH
from finopsmetrics.store import audit, people
from finopsmetrics.store.database import Database

LONGEST_LIFE = timedelta(days=366)
MOST_ANCESTORS = 20
_FORM = re.compile(r"([0-9a-f]{12})\.([A-Za-z0-9_-]{20,100})", re.ASCII)
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Link:
    """A link as others may see it. Times are UTC without zone; `frame_ancestors` are the origins whose pages may frame it."""

    id: str
    dashboard: str
    user_id: str | None
    permissions: tuple[str, ...]
    roles: tuple[str, ...]
    scope: str | None
    frame_ancestors: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class LinkBook:
    """The links of a home."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def create(
        self, dashboard: str, *, needs: Iterable[str], by: Principal, life: timedelta, frame_ancestors: Sequence[str] = ()
    ) -> tuple[Link, str]:
        """Make a link and its text, which is not shown again. It permits of `needs` what its maker may, on what they see.

        Raises UsageError for a life or an origin that is none, and for a maker who is neither a user nor the home's owner.
        """
        if by.user_id is None and by.sort != OWNER.sort:
            raise UsageError("A token that belongs to no user cannot make a link.", cure="Make it as a user.")
        if not timedelta(0) < life <= LONGEST_LIFE:
            raise UsageError("A link lives up to a year.", cure="Give a time such as 30d.")
        if len(frame_ancestors) > MOST_ANCESTORS:
            raise UsageError(f"A link names at most {MOST_ANCESTORS} origins.", cure="Name fewer, or use a wildcard.")
        origins = [origin(one) for one in frame_ancestors]
        permitted = sorted({one for one in needs if by.may(one)})
        now, identity, secret = self._now(), secrets.token_hex(6), random_secret()
        row: people.Row = {"id": identity, "digest": digest(secret), "dashboard": dashboard, "user_id": by.user_id}
        row |= {"permissions": permitted, "roles": list(by.roles), "scope": None if by.scope is None else str(by.scope)}
        row |= {"frame_ancestors": origins, "created_at": now, "created_by": by.name, "expires_at": now + life}
        row |= {"used_at": None, "revoked_at": None}
        with self._database.write() as connection:
            people.add_link(connection, row)
            told = {"link": identity, "permissions": permitted, "expires": row["expires_at"].isoformat(), "frames": origins}
            audit.record(connection, now, by.name, "link.created", dashboard, told)
        return _link(row), f"{identity}.{secret}"

    def all(self) -> list[Link]:
        """Every link, the newest first, those that were revoked too."""
        with self._database.read() as connection:
            return [_link(row) for row in people.all_links(connection)]

    def revoke(self, link_id: str, *, by: Principal) -> None:
        """End a link at once: one's own, or with `tokens:write` anybody's; again changes nothing. Raises NotFoundError."""
        with self._database.write() as connection:
            row = people.one_link(connection, id=link_id)
            if row is None or not owns(_link(row), by, "tokens:write"):
                raise NotFoundError(f"There is no link {link_id[:40]!r}.", cure="GET /api/v1/links lists them.")
            if row["revoked_at"] is None:
                people.change_link(connection, link_id, revoked_at=self._now())
                audit.record(connection, self._now(), by.name, "link.revoked", row["dashboard"], {"link": link_id})

    def find(self, text: str) -> Link | None:
        """The link of a text; None when it is none of ours, revoked or expired."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        now = self._now()
        with self._database.read() as connection:
            row = people.one_link(connection, id=form[1])
        if row is None or not hmac.compare_digest(row["digest"], digest(form[2])):
            return None
        if row["revoked_at"] is not None or row["expires_at"] <= now:
            return None
        if row["used_at"] is None or now - row["used_at"] >= TOUCH:
            with self._database.write() as connection:
                people.change_link(connection, row["id"], used_at=now)
        return _link(row)

    def principals(self, link: Link) -> tuple[Principal, Principal] | None:
        """Its maker as they are now, and who looks through it; None when the maker is gone or locked out.

        The one who looks may do no more than the link permits, and sees what its maker saw then and sees now.
        """
        maker = self._maker(link)
        if maker is None:
            return None
        held = frozenset(one for one in link.permissions if maker.may(one))
        return maker, replace(maker, sort="token", permissions=held)

    def _maker(self, link: Link) -> Principal | None:
        then = Condition.parse(link.scope) if link.scope else None
        if link.user_id is None:
            return replace(OWNER, name=link.created_by, scope=then)
        with self._database.read() as connection:
            declared = Declared.load(connection)
            row = people.one_user(connection, id=link.user_id)
        if row is None or not row["active"]:
            return None
        roles, teams = tuple(one for one in link.roles if one in row["roles"]), tuple(row["teams"])
        scope = both(declared.scope(roles, teams), then)
        return Principal(link.created_by, "token", declared.permissions(roles), scope, roles, teams, link.user_id)


def owns(link: Link, principal: Principal, permission: str) -> bool:
    """Whether a link is somebody's own, or they hold the permission over those of others."""
    mine = link.user_id == principal.user_id if link.user_id is not None else principal.sort == OWNER.sort
    return mine or principal.may(permission)


def origin(text: str) -> str:
    """An origin whose pages may frame a dashboard: https://wiki.example, https://*.example, http://localhost:3000.

    Raises UsageError, so that nothing but an origin stands in a header.
    """
    parts = urlsplit(text)
    host, _, port = parts.netloc.partition(":")
    whole = f"{parts.scheme}://{parts.netloc}"
    fits = _HOST.fullmatch(host) and (not port or (port.isascii() and port.isdigit() and len(port) <= 5))
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in {"localhost", "127.0.0.1"})
    if not fits or not secure or text.rstrip("/") != whole:
        raise UsageError(f"{text[:80]!r} is no origin of pages.", cure="Write https://wiki.example, without a path.")
    return whole


def _link(row: people.Row) -> Link:
    lists = {"permissions", "roles", "frame_ancestors"}
    same: dict[str, Any] = {name: tuple(row[name]) if name in lists else row[name] for name in Link.__dataclass_fields__}
    return Link(**same)
