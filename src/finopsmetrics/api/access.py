"""Access: what each route needs, who asks, and whether they may. Every route says what it needs; one that does not is a defect.

A request proves who it comes from by a token (`Authorization: Bearer`) or by a session's cookie, which on writes needs the
session's CSRF token too. A home in which nobody can log in yet belongs to whoever runs it: its server answers requests that
the same user of the same machine makes, over loopback, without a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import compile_path

from finopsmetrics.api.doors import Doors
from finopsmetrics.api.peers import is_owner
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.iam.sessions import Held

COOKIE = "finopsmetrics_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PUBLIC, SIGNED_IN = "public", "signed in"
_NEEDS = "__finopsmetrics_needs__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class CsrfError(ForbiddenError):
    """A browser's write without the session's CSRF token."""

    code = "csrf"


@dataclass(frozen=True)
class Needs:
    """What a route needs: a permission, `signed in` or `public`; and whether it is about all charges, whatever one's scope."""

    permission: str
    all_charges: bool = False


@dataclass(frozen=True)
class Asker:
    """Who a request comes from, and the session it came by, if any."""

    principal: Principal
    held: Held | None = None


def needs(permission: str, *, all_charges: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Say what a route needs; written below the route's own decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _NEEDS, Needs(permission, all_charges))
        return endpoint

    return mark


def routes(app: FastAPI) -> Iterator[tuple[str, str, Needs]]:
    """Every route of an app as (method, path, what it needs). Raises TypeError for one that does not say."""
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, (APIRoute, APIWebSocketRoute)):
            continue  # the OpenAPI document
        found = getattr(route.endpoint, _NEEDS, None)
        if found is None:
            raise TypeError(f"The route {route.path} does not say what it needs.")
        for method in sorted(route.methods or {"WEBSOCKET"}):
            yield method, str(route.path_format), found


def methods_at(app: FastAPI, path: str) -> set[str]:
    """The methods that the routes of a path take."""
    found = (route for route in iter_route_contexts(app.routes) if compile_path(str(route.path))[0].match(path))
    return {method for route in found for method in route.methods or ()}


def admit(request: Request) -> None:
    """Let a request in that proves who it comes from and may do what it asks; runs before every route.

    Raises UnknownAskerError (401), ForbiddenError (403) or TooManyAttemptsError (429).
    """
    wanted: Needs = getattr(request.scope["route"].endpoint, _NEEDS)
    request.state.asker = asker = who(request, public=wanted.permission == PUBLIC)
    if asker is None or wanted.permission == PUBLIC:
        return
    if asker.held is not None and request.method not in SAFE and not asker.held.carries(request.headers.get(CSRF_HEADER)):
        raise CsrfError("The request does not carry the session's CSRF token.", cure=f"Send it as {CSRF_HEADER}; see /api/v1/me.")
    if wanted.permission != SIGNED_IN:
        asker.principal.require(wanted.permission)
    if wanted.all_charges:
        asker.principal.require_all_charges("this")


def who(connection: HTTPConnection, *, public: bool = False) -> Asker | None:
    """Who a connection comes from; None where nobody is known and `public` allows it."""
    doors: Doors = connection.app.state.doors
    iam, attempts = doors.iam, doors.attempts
    bearer = _bearer(connection)
    if bearer is not None:
        principal = iam.of_token(bearer)
        if principal is None:  # a token that holds is let in, however often others at the same address failed
            attempts.check(connection)
            attempts.failed(connection)
            raise UnknownAskerError(
                "The token is not known, was revoked or has expired.", cure="Make one: finopsmetrics token create."
            )
        return Asker(principal)
    cookie = connection.cookies.get(COOKIE)
    found = iam.of_session(cookie) if cookie else None
    if found is not None:
        return Asker(*found)
    if is_owner(connection) and not doors.allow_remote and not iam.anybody():
        return Asker(OWNER)
    if public:
        return None
    raise UnknownAskerError


def _bearer(connection: HTTPConnection) -> str | None:
    """The token that a connection sends; None without one. Raises UnknownAskerError for another kind of proof."""
    told = connection.headers.get("authorization")
    if told is None:
        return None
    scheme, _, text = told.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise UnknownAskerError("The Authorization header holds no bearer token.")
    return text.strip()
