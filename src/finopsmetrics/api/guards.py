"""What stands before every route: whose request it is, how long its body may be, and what every response carries.

Unless remote requests were allowed, a request must come to this machine by its own name (a name that a stranger's DNS points
at 127.0.0.1 is refused), and no other site's page may make it write.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finopsmetrics.api.problems import of_unforeseen, problem

MAX_BODY = 1024 * 1024
LARGE = {"/api/v1/samples": 8 * 1024 * 1024}
"""Paths that take more than that: a full batch of samples."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]@/?#\s]+)(:[0-9]{1,5})?", re.ASCII)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Guard:
    """ASGI middleware: refuses what it must, bounds the body, adds headers, and lets no error out as a bare 500."""

    def __init__(self, app: ASGIApp, *, allow_remote: bool = False, max_body: int = MAX_BODY) -> None:
        self._app, self._allow_remote, self._max_body = app, allow_remote, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            if self._refusal(scope) is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = _Sender(send, scope)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, sender)
            return
        try:
            most = max(self._max_body, LARGE.get(scope["path"], 0))
            held = await _bounded(scope, receive, most)
            if held is None:
                detail = f"The body is longer than {most} bytes."
                too_long = problem(413, detail, path=scope["path"], code="too_long", cure="Send it in several requests.")
                await too_long(scope, receive, sender)
                return
            await self._app(scope, held, sender)
        except Exception as error:
            if sender.began:
                raise
            await of_unforeseen(error, scope["path"])(scope, receive, sender)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        found = _HOST.fullmatch(host)
        if found is None:
            return problem(400, "The Host header is absent or cannot be read.", path=scope["path"], code="host")
        if not self._allow_remote and found["name"].lower().rstrip(".") not in LOOPBACK_NAMES:
            detail = f"This server does not answer as {host[:100]}."
            cure = "Ask it as http://127.0.0.1 or http://localhost; --allow-remote lets it answer by other names."
            return problem(421, detail, path=scope["path"], code="host", cure=cure)
        if scope.get("method") not in _SAFE and not _same_origin(headers, host):  # a WebSocket has no method
            detail = "A page of another site made this request."
            cure = "Send it from a program, or from a page that this server gave."
            return problem(403, detail, path=scope["path"], code="cross_origin", cure=cure)
        return None


def _same_origin(headers: Headers, host: str) -> bool:
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


class _Sender:
    """Sends, and puts on every response what browsers must know."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send, self._path = send, scope["path"]
        self.began = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = True
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"  # with none at all, a browser sends forms as if from nowhere
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        await self._send(message)


async def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive | None:
    """Read a body of at most `limit` bytes and give it back as a receive; None when it is longer."""
    headers = Headers(scope=scope)
    told = headers.get("content-length", "")
    if not told and "transfer-encoding" not in headers:
        return receive
    if told.isascii() and told.isdigit() and int(told[:20]) > limit:
        return None
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    waiting: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def held() -> Message:
        return waiting.pop() if waiting else await receive()

    return held
