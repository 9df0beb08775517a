"""CPU seconds and peak memory of a piece of work, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def cpu() -> float:
    """CPU seconds of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], Any], runs: int = 1) -> tuple[float, float]:
    """The least CPU and the least wall seconds of several runs."""
    best = (float("inf"), float("inf"))
    for _ in range(runs):
        began, clock = cpu(), time.perf_counter()
        work()
        best = (min(best[0], cpu() - began), min(best[1], time.perf_counter() - clock))
    return best


def apart(code: str, *arguments: str) -> dict[str, Any]:
    """Run Python code in a process of its own; it prints one JSON line. Adds `peak_mb`, the process's peak memory."""
    tail = "\nimport resource as _r; print(json.dumps({**result, 'peak_mb': _r.getrusage(_r.RUSAGE_SELF).ru_maxrss / 1024}))"
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys\n" + code + tail, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Print figures as a Markdown table, to be pasted into the docs as measured."""
    print(f"\n### {title}\n")
    names = list(rows[0])
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(_text(row[name]) for name in names) + " |")


def _text(value: Any) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
