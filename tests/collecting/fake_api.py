"""A vendor's API on loopback: answers by a function, notes every request, and fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: method, path, its query (each name's first value), headers in lower case, and body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """An answer; a body that is no bytes is sent as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def sent(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


HTML = Reply(b"<html>We are down for maintenance</html>", 200, {"Content-Type": "text/html"})
Answering = Callable[[Asked], Reply]


class FakeApi:
    """`answer` is asked for each request, unless `faults` holds replies to be sent first, or `fault` gives one for the request.

    `judge` is called with each request and its reply; what it raises is kept in `wrong` and makes the test's end fail.
    """

    def __init__(self, answer: Answering, judge: Callable[[Asked, Reply], None] = lambda *_: None) -> None:
        self.answer, self.judge = answer, judge
        self.asked: list[Asked] = []
        self.targets: list[str] = []  # paths with their queries, the newest first
        self.faults: list[Reply] = []
        self.fault: Callable[[Asked], Reply | None] = lambda _: None
        self.wrong: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                super().handle_one_request()

            def _any(self) -> None:
                fake.targets.insert(0, self.path)
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:  # whoever asked went in its middle: no server would act on it
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                fake._reply(self, Asked(self.command, parts.path, query, headers, body))

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _reply(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        self.asked.append(asked)
        reply = self.faults.pop(0) if self.faults else self.fault(asked)
        if reply is None:
            try:
                reply = self.answer(asked)
                self.judge(asked, reply)
            except Exception as error:
                self.wrong.append(f"{asked.method} {asked.path}: {type(error).__name__}: {error}")
                reply = Reply({"message": "the request is wrong"}, 400)
        sent = reply.sent()
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(sent))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if asked.method != "HEAD":
            handler.wfile.write(sent)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        assert not self.wrong, self.wrong
