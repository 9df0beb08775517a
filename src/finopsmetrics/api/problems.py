"""Errors as problem documents (RFC 9457): what went wrong, what to do next, and whether trying again can help."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from finopsmetrics.api.access import methods_at
from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.iam.errors import TooManyAttemptsError, UnknownAskerError
from finopsmetrics.runtime.steps import InputsError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"
log = logging.getLogger("finopsmetrics.api")


class InvalidPart(BaseModel):
    """One part of a request that is not as the schema asks."""

    where: str = Field(description="Where it stands: body, query or path.")
    pointer: str = Field(description="JSON Pointer to it within the body, or the name of the parameter after a slash.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A problem document (RFC 9457) with the members of our own: code, cure, retryable, errors."""

    type: str = Field(description="A URN that names the kind of problem; it never changes.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time.")
    instance: str = Field(description="The path of the request.")
    code: str = Field(description="The kind of problem as one word, for programs.")
    cure: str = Field(description="What to do next; empty when there is nothing to say.")
    retryable: bool = Field(description="Whether the same request can succeed later.")
    errors: list[InvalidPart] | None = Field(default=None, description="The parts at fault, where the schema was not kept.")


class BusyError(FinOpsError):
    """Too many questions at once."""

    code = "busy"
    http_status = 503

    def __init__(self, cause: str) -> None:
        super().__init__(cause, cure="Ask again in a moment.", retryable=True)


class NotAcceptableError(UsageError):
    """A format that is not served."""

    code = "not_acceptable"
    http_status = 406


class MediaTypeError(UsageError):
    """A request body of a kind that is not read."""

    code = "media_type"
    http_status = 415


class NotReadyError(FinOpsError):
    """The server runs and cannot answer yet."""

    code = "not_ready"
    http_status = 503


def problem(
    status: int,
    detail: str,
    *,
    path: str,
    code: str,
    title: str | None = None,
    cure: str = "",
    retryable: bool = False,
    errors: list[InvalidPart] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document as a response. A 503 says when to ask again."""
    body = Problem(
        type=f"urn:finopsmetrics:problem:{code.replace('_', '-')}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=path,
        code=code,
        cure=cure,
        retryable=retryable,
        errors=errors,
    )
    more = {"Retry-After": RETRY_AFTER} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse(
        body.model_dump(exclude_none=True), status_code=status, headers={**more, **(headers or {})}, media_type=MEDIA_TYPE
    )


def of_error(error: FinOpsError, path: str) -> JSONResponse:
    """The problem document of one of our own errors. A failure that may pass is 503, whatever its class says."""
    status = error.http_status
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s failed: %s", path, error, exc_info=None if error.retryable else error)
        status = HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else status
    title = (type(error).__doc__ or "").split("\n")[0].split(";")[0].rstrip(".")
    headers = {}
    if isinstance(error, UnknownAskerError):
        headers = {"WWW-Authenticate": 'Bearer realm="finopsmetrics"'}
    elif isinstance(error, TooManyAttemptsError):
        headers = {"Retry-After": str(error.seconds)}
    parts = None
    if isinstance(error, InputsError):
        parts = [InvalidPart(where="body", pointer=f"/inputs{one.pointer}", message=one.message) for one in error.faults[:100]]
    more: dict[str, Any] = {"cure": error.cure, "retryable": error.retryable, "headers": headers, "errors": parts}
    return problem(status, error.cause, path=path, code=error.code, title=title, **more)


def of_unforeseen(error: Exception, path: str) -> JSONResponse:
    """The problem document of an error nobody foresaw: nothing of its inside leaves the server but for the log."""
    log.error("unforeseen error at %s", path, exc_info=error)
    detail = "The server met an error that nobody foresaw. It is in the server's log."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, path=path, code="unforeseen", cure="Please report it.")


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, FinOpsError)
        if isinstance(error, UnknownAskerError) and _is_page(request):
            return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", status_code=303)
        return of_error(error, request.url.path)

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return _of_http(error, request)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _of_validation(error, request.url.path)

    app.add_exception_handler(FinOpsError, ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, invalid)


def _is_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, who can be sent to the log-in instead."""
    return (
        request.method == "GET" and not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
    )


def _of_http(error: HTTPException, request: Request) -> JSONResponse:
    path, status = request.url.path, error.status_code
    known = {
        404: ("no_route", f"There is nothing at {path}.", "See /openapi.json for what there is."),
        405: ("method", f"{path} does not take {request.method[:20]}.", "The Allow header names the methods it takes."),
        400: ("not_json", "The body cannot be read as JSON.", "Send UTF-8 JSON."),
    }
    code, detail, cure = known.get(status, ("http", str(error.detail), ""))
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette names the methods of the first route of a path only
        headers["Allow"] = ", ".join(sorted(methods_at(request.app, path)))
    return problem(status, detail, path=path, code=code, cure=cure, headers=headers)


def _of_validation(error: RequestValidationError, path: str) -> JSONResponse:
    found: list[Mapping[str, Any]] = list(error.errors())
    if any(entry["type"] == "json_invalid" for entry in found):
        return problem(400, "The body cannot be read as JSON.", path=path, code="not_json", cure="Send UTF-8 JSON.")
    parts = [_part(entry) for entry in found[:50]]
    names = ", ".join(dict.fromkeys(f"{part.where} {part.pointer}" for part in parts[:5]))
    return problem(
        422,
        f"The request is not as the schema asks: {names}.",
        path=path,
        code="invalid",
        title="The request is not as the schema asks",
        cure="Each error names its place; the schema is at /openapi.json.",
        errors=parts,
    )


def _part(entry: Mapping[str, Any]) -> InvalidPart:
    where, *place = entry["loc"] or ("body",)
    steps = [str(step)[:200].replace("~", "~0").replace("/", "~1") for step in place if step != "[key]"]
    pointer = "".join(f"/{step}" for step in steps)
    return InvalidPart(where=str(where), pointer=pointer, message=str(entry["msg"]))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of its problems in OpenAPI: those of every route, and `statuses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = sorted({*statuses, 400, 401, 403, 405, 421, 422, 429, 500, 503})
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in every}
