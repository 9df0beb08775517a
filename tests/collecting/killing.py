"""A sync in a process of its own, killed in the middle of a transfer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def sync_and_kill(
    home: Path, connection: str, *, after: int = 0, when: Callable[[], bool] | None = None, seconds: float = 90
) -> None:
    """Run `finopsmetrics sync` and kill it once more than `after` bytes of a piece came, or when `when` says so."""
    command = [sys.executable, "-c", "from finopsmetrics.cli.main import run; run()", "--home", str(home), "sync", connection]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ)
    deadline = time.monotonic() + seconds
    try:
        while not (when() if when is not None else any(part.stat().st_size > after for part in parts(home))):
            assert child.poll() is None, f"it ended by itself: {child.stderr.read().decode() if child.stderr else ''}"
            assert time.monotonic() < deadline, "nothing was fetched in time"
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()


def parts(home: Path) -> list[Path]:
    """The pieces that are not whole yet."""
    return sorted((home / "fetched").rglob("*.part"))
