"""The pages of log-in, welcome and log-out: plain forms, without script."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from finopsmetrics.api import cookies
from finopsmetrics.api.access import PUBLIC, Asker, needs
from finopsmetrics.api.doors import Doors
from finopsmetrics.api.entry_html import POLICY, log_in_page, welcome_page
from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.iam.errors import SecondFactorError, UnknownAskerError
from finopsmetrics.iam.users import User

router = APIRouter(include_in_schema=False)
HEADERS = {"Content-Security-Policy": POLICY}


@router.get("/login", response_class=HTMLResponse)
@needs(PUBLIC)
def form(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002
    """The form to log in with."""
    page = log_in_page(after=local(next), single_sign_on=doors(request).sign_on is not None)
    return HTMLResponse(page, headers=HEADERS)


@router.post("/login", response_class=HTMLResponse)
@needs(PUBLIC)
async def log_in(request: Request) -> Response:
    """Log in with what the form holds, and go on to where one wanted to go."""
    sent = await _fields(request)
    after, name = local(sent.get("next", "/")), sent.get("name", "")
    try:
        user = await run_in_threadpool(proven, request, name, sent.get("password", ""), sent.get("code"))
    except FinOpsError as error:
        return refused(request, error, after, name, tried="code" in sent)
    return await run_in_threadpool(entered, request, user, "password", after)


@router.get("/welcome", response_class=HTMLResponse)
@needs(PUBLIC)
def welcome(request: Request, code: str = "") -> HTMLResponse:
    """The form behind a one-time link."""
    try:
        page, status = welcome_page(code=code[:200], name=invited(request, code[:200])), 200
    except FinOpsError as error:
        page, status = welcome_page(code="", name="", told=str(error)), error.http_status
    return HTMLResponse(page, status_code=status, headers=HEADERS)


@router.post("/welcome", response_class=HTMLResponse)
@needs(PUBLIC)
async def claim(request: Request) -> Response:
    """Set the password, and log in with it."""
    sent = await _fields(request)
    code = sent.get("code", "")[:200]
    try:
        user = await run_in_threadpool(claimed, request, code, sent.get("password", ""))
    except FinOpsError as error:
        name = await run_in_threadpool(invited, request, code) if isinstance(error, UsageError) else ""
        page = welcome_page(code=code, name=name, told=str(error))
        return HTMLResponse(page, status_code=error.http_status, headers=HEADERS)
    return await run_in_threadpool(entered, request, user, "link", "/")


@router.post("/logout")
@needs(PUBLIC)
async def log_out(request: Request) -> Response:
    """End the session and go to the log-in."""
    asker: Asker | None = request.state.asker
    response = RedirectResponse("/login", status_code=303)
    if asker is not None and asker.held is not None:
        await run_in_threadpool(doors(request).iam.sessions.end, asker.held.id)
        cookies.take(request, response)
    return response


def refused(request: Request, error: FinOpsError, after: str = "/", name: str = "", *, tried: bool = False) -> HTMLResponse:
    """The form to log in with, and what went wrong with the log-in before; `tried` says that a code was given."""
    second = isinstance(error, SecondFactorError)
    page = log_in_page(
        after=after,
        name=name,
        told=error.cause if second else str(error),
        second=second,
        wrong=second and tried,
        single_sign_on=doors(request).sign_on is not None,
    )
    return HTMLResponse(page, status_code=error.http_status, headers=HEADERS)


def proven(request: Request, name: str, password: str, code: str | None) -> User:
    """The user that a name, a password and perhaps a code prove; failures count against the address."""
    iam, attempts = doors(request).iam, doors(request).attempts
    attempts.check(request)
    try:
        return iam.logins.log_in(name, password, code)
    except SecondFactorError as error:
        if code:
            attempts.failed(request)
        raise error
    except UnknownAskerError:
        attempts.failed(request)
        raise


def invited(request: Request, code: str) -> str:
    """The name of who holds a one-time code; wrong codes count against the address. Raises UnknownAskerError."""
    attempts = doors(request).attempts
    attempts.check(request)
    try:
        return doors(request).iam.logins.invited(code)
    except UnknownAskerError:
        attempts.failed(request)
        raise


def claimed(request: Request, code: str, password: str) -> User:
    """The user that a one-time code invites, with a password now; wrong codes count against the address."""
    iam, attempts = doors(request).iam, doors(request).attempts
    attempts.check(request)
    try:
        return iam.logins.claim(code, password)
    except UnknownAskerError:
        attempts.failed(request)
        raise


def entered(request: Request, user: User, how: str, after: str) -> Response:
    """Go on to a page with a session that has just begun."""
    iam = doors(request).iam
    response = RedirectResponse(after, status_code=303)
    cookies.give(request, response, iam.sessions.begin(user, how))
    return response


def doors(request: Request) -> Doors:
    """The doors of the server that serves a request."""
    found: Doors = request.app.state.doors
    return found


def local(path: str) -> str:
    """A path of this server to go to; the first page for anything else, so that no link leads elsewhere."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and len(path) <= 2_000 else "/"


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; those that are not text, or sent twice, are as if absent."""
    try:
        sent = parse_qs((await request.body()).decode(), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in sent.items() if len(values) == 1}
