"""Serve a workspace on this machine: in the foreground, or in a thread beside other work."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from types import FrameType, TracebackType

import uvicorn

from finopsmetrics.api.app import create_app
from finopsmetrics.core.errors import UsageError
from finopsmetrics.runtime.workspace import Workspace

GRACE = 10  # seconds that open requests get to finish when the server is stopped


def serve(
    workspace: Workspace, host: str = "127.0.0.1", port: int = 8080, *, allow_remote: bool = False, jobs: bool = True
) -> None:
    """Serve until SIGTERM or SIGINT, then finish open requests and return. With `jobs` a worker does runs and schedules beside.

    Raises UsageError for an address beyond this machine without `allow_remote`, and for a port that cannot be had.
    """
    from finopsmetrics.runtime.worker import Worker

    working = Worker(workspace) if jobs else contextlib.nullcontext()
    with listening(host, port, allow_remote=allow_remote) as sock, working:
        _server(workspace, allow_remote=allow_remote).run(sockets=[sock])


class BackgroundServer:
    """A server in a thread, for notebooks and tests; `url` is its address. Port 0 is any free port."""

    def __init__(self, workspace: Workspace, host: str = "127.0.0.1", port: int = 0) -> None:
        self._sock = listening(host, port)
        self._server = _server(workspace)
        bound = self._sock.getsockname()
        self.url = f"http://[{bound[0]}]:{bound[1]}" if self._sock.family == socket.AF_INET6 else f"http://{bound[0]}:{bound[1]}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._sock]}, daemon=True)

    def start(self) -> BackgroundServer:
        """Start to serve; requests made from now on are answered."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish open requests and stop; a second call does nothing."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(GRACE + 5)
        self._sock.close()

    def __enter__(self) -> BackgroundServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def listening(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """A socket that listens on an address of this machine. Raises UsageError."""
    try:
        if not 0 <= port <= 65_535:  # the resolver would take it modulo 65536
            raise OverflowError
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
    except (OSError, OverflowError, UnicodeError) as error:
        raise UsageError(f"{host}:{port} is no address to listen on.", cure="Use 127.0.0.1 and a free port.") from error
    if not allow_remote and not ip_address(str(address[0]).split("%")[0]).is_loopback:
        cure = "Listen on 127.0.0.1, or pass --allow-remote: then every request needs a log-in or a token. Put TLS in front."
        raise UsageError(f"{host} can be reached from other machines.", cure=cure)
    sock = socket.socket(family, kind, protocol)  # asyncio sends small parts at once only where the protocol is named
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(256)
    except OSError as error:
        sock.close()
        cure = "Choose another with --port, or stop what listens there."
        raise UsageError(f"Cannot listen on {host}:{port}: {error.strerror}.", cure=cure) from error
    return sock


class _Server(uvicorn.Server):
    """Uvicorn, except that a signal ends `run` and nothing more: the caller closes its workspace and exits as it likes."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit  # the second time, wait for nobody
        self.should_exit = True


def _server(workspace: Workspace, *, allow_remote: bool = False) -> _Server:
    config = uvicorn.Config(
        create_app(workspace, allow_remote=allow_remote),
        access_log=False,
        log_level="warning",
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
        proxy_headers=False,
    )
    return _Server(config)
