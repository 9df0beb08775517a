"""A Sail server on loopback with two workers: `sail_server` (session) gives its sc:// address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

WORKERS = 2
READY_SECONDS = 20.0


@contextmanager
def running_sail(workers: int = WORKERS, *, session_seconds: int = 900) -> Iterator[str]:
    """Run Sail in local cluster mode and end it afterwards. Driver and workers talk over loopback RPC."""
    port = free_port()
    settings = {
        "SAIL_MODE": "local-cluster",
        "SAIL_CLUSTER__WORKER_INITIAL_COUNT": str(workers),
        "SAIL_CLUSTER__WORKER_MAX_COUNT": str(workers),
        "SAIL_CLUSTER__WORKER_MAX_IDLE_TIME_SECS": "3600",
        # A question that joins and unites keeps a slot for each stage and partition at once; 8 are too few for small ones even.
        "SAIL_CLUSTER__WORKER_TASK_SLOTS": "64",
        "SAIL_EXECUTION__DEFAULT_PARALLELISM": "4",
        "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(session_seconds),
        "RUST_LOG": "warn",
    }
    command = [sys.executable, "-c", "from pysail.cli import main; main()", "spark", "server"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "--ip", "127.0.0.1", "--port", str(port)],
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_open(port, process, log.fileno())
            yield f"sc://127.0.0.1:{port}"
        finally:
            end(process)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int, process: subprocess.Popen[bytes], log: int, seconds: float = READY_SECONDS) -> None:
    """Return when the port answers; fail with the process's own words when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = os.pread(log, 4000, 0).decode(errors="replace")
    pytest.fail(f"the server on port {port} did not start: {said}")


def end(process: subprocess.Popen[bytes], ask: signal.Signals = signal.SIGTERM) -> None:
    """Ask the process to end, insist after five seconds, and always collect it."""
    process.send_signal(ask)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)


@pytest.fixture(scope="session")
def sail_server() -> Iterator[str]:
    """The address of a Sail server with two workers."""
    pytest.importorskip("pysail", reason="the spark extra is not installed")
    with running_sail() as url:
        yield url
