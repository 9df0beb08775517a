"""A process that starts ingests and kills them: it imports everything once, opens nothing, and forks one child an ingest.

One line of JSON in (home, path, delivered_at, after, delay), one line out (killed, code, marks). The child tells where it
is by marks on a pipe; `after` names the mark from which `delay` seconds are waited before the kill; no `after`, no kill.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

WARM = (
    "pyarrow.dataset",
    "pyarrow.fs",
    "pyarrow.parquet",
    "pyiceberg.io.pyarrow",
    "sqlalchemy.dialects.sqlite",
    "finopsmetrics.runtime.workspace",
    "finopsmetrics.store.iceberg",
)
SINGLE = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


class Forge:
    """The process, as its caller sees it."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "from tests.store.forge import serve; serve()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, **pipes, text=True, env=os.environ | SINGLE, cwd=Path(__file__).parents[2])

    def ingest(self, home: Path, path: Path, delivered_at: datetime, after: str | None, delay: float) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        asked = {"home": str(home), "path": str(path), "delivered_at": delivered_at.isoformat(), "after": after, "delay": delay}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=20)
        if self._process.stdout:
            self._process.stdout.close()


def serve() -> None:
    """Answer lines until the input ends."""
    _warm_up()
    for line in sys.stdin:
        print(json.dumps(_run(**json.loads(line))), flush=True)


def _warm_up() -> None:
    for name in WARM:
        import_module(name)
    threads = [Path("/proc/self/task", name, "comm").read_text().strip() for name in os.listdir("/proc/self/task")]
    # jemalloc is told of forks; any other thread could hold a lock that the child waits for in vain.
    assert len([name for name in threads if name != "jemalloc_bg_thd"]) == 1, threads


def _run(home: str, path: str, delivered_at: str, after: str | None, delay: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _ingest(home, path, delivered_at, writing)
    os.close(writing)
    began = time.monotonic()
    marks: dict[str, float] = {}
    _until(reading, marks, began, after)
    if after is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _until(reading, marks, began, None)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    code = None if killed else os.waitstatus_to_exitcode(status)
    return {"killed": killed, "code": code, "marks": marks}


def _until(reading: int, marks: dict[str, float], began: float, mark: str | None) -> None:
    """Note marks until one comes, or until the child is gone."""
    while mark is None or mark not in marks:
        ready, _, _ = select.select([reading], [], [], 120)
        told = os.read(reading, 4096) if ready else b""
        if not told:
            return
        for name in told.decode().split():
            marks[name] = time.monotonic() - began


def _ingest(home: str, path: str, delivered_at: str, writing: int) -> None:
    def mark(name: str) -> None:
        os.write(writing, f"{name}\n".encode())

    code = 1
    try:
        from finopsmetrics.runtime.workspace import Workspace

        _tell_of_the_commit(mark)
        mark("start")
        with Workspace(home) as workspace:
            workspace.ingest([path], delivered_at=datetime.fromisoformat(delivered_at))
        mark("done")
        code = 0
    finally:
        os._exit(code)


def _tell_of_the_commit(mark: Callable[[str], None]) -> None:
    """Mark the steps of the one transaction: begun, files moved, snapshots written, committed."""
    from finopsmetrics.store import commit
    from finopsmetrics.store.database import Database

    write, publish, bump = Database.write, commit.publish, commit.bump

    @contextmanager
    def told_write(self: Database) -> Iterator[Any]:
        with write(self) as connection:
            mark("transaction")
            yield connection
        mark("committed")

    def told_publish(*arguments: Any) -> None:
        mark("publishing")
        publish(*arguments)

    def told_bump(connection: Any) -> int:
        mark("counted")
        return bump(connection)

    Database.write = told_write  # type: ignore[method-assign]
    commit.publish, commit.bump = told_publish, told_bump
