"""The session's cookie: for this server alone, out of reach of scripts, over TLS except on this machine."""

from __future__ import annotations

import hmac

from fastapi import Request
from fastapi.responses import Response

from finopsmetrics.api.access import COOKIE
from finopsmetrics.api.guards import LOOPBACK_NAMES
from finopsmetrics.iam.sessions import LONGEST, Session

STATE, STATE_PATH = "finopsmetrics_sign_on", "/api/v1/auth/oidc"


def give(request: Request, response: Response, session: Session) -> None:
    """Put a session's cookie on a response."""
    response.set_cookie(
        COOKIE,
        session.cookie,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=_over_tls(request),
        httponly=True,
        samesite="lax",
    )


def take(request: Request, response: Response) -> None:
    """Remove the session's cookie."""
    response.delete_cookie(COOKIE, path="/", secure=_over_tls(request), httponly=True, samesite="lax")


def give_state(request: Request, response: Response, state: str) -> None:
    """Let the browser hold the state of a single sign-on that it begins."""
    kept = {"max_age": 600, "path": STATE_PATH, "secure": _over_tls(request), "httponly": True}
    response.set_cookie(STATE, state, samesite="lax", **kept)  # type: ignore[arg-type]


def holds_state(request: Request, state: str) -> bool:
    """Whether the browser began the single sign-on that it now finishes."""
    return hmac.compare_digest(request.cookies.get(STATE, "").encode(), state.encode())


def _over_tls(request: Request) -> bool:
    """Whether the browser must keep the cookie off plain HTTP: always, except for this machine's own names."""
    return request.url.scheme == "https" or (request.url.hostname or "").lower() not in {
        name.strip("[]") for name in LOOPBACK_NAMES
    }
