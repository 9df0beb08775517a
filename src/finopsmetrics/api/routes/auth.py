"""Log-in for programs and for the web app, one's own account, and single sign-on."""

from __future__ import annotations

import os
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from finopsmetrics.api import cookies
from finopsmetrics.api.access import PUBLIC, SIGNED_IN, Asker, needs
from finopsmetrics.api.accounts import Claim, Code, LogIn, Me, NewPassword, Proof, RecoveryCodes, SecondFactor, SessionBegun
from finopsmetrics.api.asking import PLAIN
from finopsmetrics.api.context import PREFIX, Backing, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.entry import claimed, doors, entered, local, proven, refused
from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.iam.permissions import permissions
from finopsmetrics.iam.sign_on import SignOn
from finopsmetrics.iam.users import User
from finopsmetrics.observability.answers import plain_value

router = APIRouter(prefix=PREFIX, tags=["access"])
_BODY = [Depends(json_body)]
AGAIN = "Begin again at /login."


@router.post("/auth/login", response_model=SessionBegun, dependencies=_BODY, responses=problems(413, 415))
@needs(PUBLIC)
def log_in(request: Request, response: Response, sent: LogIn) -> SessionBegun:
    """Log in with name and password, and a code where the user has a second factor. Gives the session's cookie."""
    return _begin(request, response, proven(request, sent.name, sent.password, sent.code), "password")


@router.post("/auth/claim", response_model=SessionBegun, dependencies=_BODY, responses=problems(413, 415))
@needs(PUBLIC)
def claim(request: Request, response: Response, sent: Claim) -> SessionBegun:
    """Set a password with the code of a one-time link, and log in."""
    return _begin(request, response, claimed(request, sent.code, sent.password), "link")


@router.post("/auth/logout", status_code=204, responses=problems())
@needs(SIGNED_IN)
def log_out(request: Request, backing: In) -> Response:
    """End the session; without one there is nothing to do."""
    response = Response(status_code=204)
    if backing.asker is not None and backing.asker.held is not None:
        backing.acting.iam.sessions.end(backing.asker.held.id)
        cookies.take(request, response)
    return response


@router.get("/me", response_model=Me, responses=problems())
@needs(SIGNED_IN)
def me(backing: In) -> dict[str, Any]:
    """Who asks: roles, teams, what they may do, which charges they see, and the session's CSRF token."""
    return me_shown(backing)


@router.post("/me/password", status_code=204, dependencies=_BODY, responses=problems(413, 415))
@needs(SIGNED_IN)
def password(request: Request, backing: In, sent: NewPassword) -> Response:
    """Change one's own password; other sessions end."""
    user, session = _own(backing)
    proven(request, user.name, sent.old, sent.code)
    backing.acting.iam.users.set_password(user.name, sent.new, by=backing.acting.principal, keep_session=session)
    return Response(status_code=204)


@router.post("/me/second-factor", response_model=SecondFactor, responses=problems(409))
@needs(SIGNED_IN)
def second_factor(backing: In) -> dict[str, str]:
    """A secret for one's authenticator app; it counts once a code confirmed it."""
    secret, uri = backing.acting.iam.logins.start_second_factor(_own(backing)[0].name)
    return {"secret": secret, "uri": uri}


@router.post("/me/second-factor/confirm", response_model=RecoveryCodes, dependencies=_BODY, responses=problems(413, 415))
@needs(SIGNED_IN)
def confirm(backing: In, sent: Code) -> dict[str, list[str]]:
    """Turn the second factor on; the recovery codes are shown once."""
    return {"recovery_codes": backing.acting.iam.logins.confirm_second_factor(_own(backing)[0].name, sent.code)}


@router.post("/me/second-factor/off", status_code=204, dependencies=_BODY, responses=problems(413, 415))
@needs(SIGNED_IN)
def second_factor_off(request: Request, backing: In, sent: Proof) -> Response:
    """Turn one's own second factor off: with the password, and a code of the authenticator or a recovery code."""
    user, _ = _own(backing)
    proven(request, user.name, sent.password, sent.code)
    backing.acting.iam.logins.remove_second_factor(user.name, by=backing.acting.principal)
    return Response(status_code=204)


@router.get("/auth/oidc/start", response_class=RedirectResponse, status_code=303, responses=problems(404, 502))
@needs(PUBLIC)
def start(request: Request, after: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """Go to the identity provider."""
    try:
        address, state = _sign_on(request).start(_callback(request), local(after))
    except FinOpsError as error:
        return _shown(request, error, local(after))
    response = RedirectResponse(address, status_code=303)
    cookies.give_state(request, response, state)
    return response


@router.get("/auth/oidc/callback", response_class=RedirectResponse, status_code=303, responses=problems(404, 409, 502))
@needs(PUBLIC)
def callback(
    request: Request,
    state: Annotated[str, Query(max_length=500, pattern=PLAIN)] = "",
    code: Annotated[str, Query(max_length=4_000, pattern=PLAIN)] = "",
    error: Annotated[str, Query(max_length=200, pattern=PLAIN)] = "",
    error_description: Annotated[str, Query(max_length=1_000)] = "",  # noqa: ARG001
    iss: Annotated[str, Query(max_length=500)] = "",  # noqa: ARG001
    session_state: Annotated[str, Query(max_length=500)] = "",  # noqa: ARG001
) -> Response:
    """Come back from the identity provider, with a session."""
    try:
        user, after = _finished(request, state, code, error)
    except FinOpsError as failure:
        return _shown(request, failure)
    return entered(request, user, "single sign-on", after)


def me_shown(backing: Backing) -> dict[str, Any]:
    """Who asks, as /api/v1/me and the app's page tell it. Raises UnknownAskerError where nobody is known."""
    asker: Asker | None = backing.asker
    principal = backing.acting.principal
    held = asker.held if asker else None
    return {
        "name": principal.name,
        "sort": principal.sort,
        "roles": list(principal.roles),
        "teams": list(principal.teams),
        "permissions": [name for name in sorted(permissions()) if principal.may(name)],
        "scope": str(principal.scope) if principal.scope is not None else None,
        "csrf": held.csrf if held else None,
        "second_factor": held.user.has_second_factor if held else False,
    }


def _finished(request: Request, state: str, code: str, error: str) -> tuple[User, str]:
    """Whom the provider vouches for, and the page to go on to."""
    if error or not code:
        raise UnknownAskerError(f"The identity provider did not log you in ({error or 'no code'}).", cure=AGAIN)
    if not cookies.holds_state(request, state):
        raise UnknownAskerError("This log-in was begun in another browser.", cure=AGAIN)
    return _sign_on(request).finish(state, code)


def _shown(request: Request, error: FinOpsError, after: str = "/") -> Response:
    """A failed log-in as a person's browser shows it: the form with what went wrong; raised for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    return refused(request, error, after)


def _begin(request: Request, response: Response, user: User, how: str) -> SessionBegun:
    iam = doors(request).iam
    session = iam.sessions.begin(user, how)
    cookies.give(request, response, session)
    return SessionBegun(name=user.name, csrf=session.csrf, expires_at=str(plain_value(session.expires_at)))


def _own(backing: Backing) -> tuple[User, str]:
    """The user of the request's session, and the session. Raises UnknownAskerError for a token: it is no person."""
    held = backing.asker.held if backing.asker else None
    if held is None:
        raise UnknownAskerError("This is for a person with a session.", cure="Log in with name and password.")
    return held.user, held.id


def _sign_on(request: Request) -> SignOn:
    found = doors(request).sign_on
    if found is None:
        raise NotFoundError("Single sign-on is not set up.", cure="Set FINOPSMETRICS_OIDC_ISSUER; see docs/access.md.")
    return found


def _callback(request: Request) -> str:
    """Where the provider sends the browser back to: by FINOPSMETRICS_PUBLIC_URL, else by the name that was asked for."""
    own = os.environ.get("FINOPSMETRICS_PUBLIC_URL", "").rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return f"{own}{PREFIX}/auth/oidc/callback"
