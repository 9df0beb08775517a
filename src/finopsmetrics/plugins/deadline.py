"""Calls with a time limit: a plugin's code runs on a thread of its own, and whoever waits for it waits no longer than the limit.

A thread cannot be ended from outside. What does not answer in time is left running on its thread, its answer is dropped, and
the next call gets another thread; it is the count of failures in a row that stops calling such a plugin.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from finopsmetrics.plugins.errors import ContractError, TimeLimitError

_local = threading.local()


def callers() -> tuple[str, ...]:
    """The plugins in whose code this thread is: a plugin is not called back for what it does itself."""
    found: tuple[str, ...] = getattr(_local, "callers", ())
    return found


class _Job:
    def __init__(self, work: Callable[[], Any], callers: tuple[str, ...]) -> None:
        self.work, self.callers = work, callers
        self.done = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None


class Crew:
    """The threads of one plugin: as many as calls are made at the same time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._idle: list[SimpleQueue[_Job | None]] = []
        self._lock = threading.Lock()
        self.late = 0  # answers that came after their limit, and were dropped

    def call(self, work: Callable[[], Any], limit: float) -> Any:
        """What `work` gives, or raises. Raises TimeLimitError after `limit` seconds."""
        job = _Job(work, (*callers(), self.name))
        with self._lock:
            queue = self._idle.pop() if self._idle else None
        if queue is None:
            queue = SimpleQueue()
            threading.Thread(target=self._serve, args=(queue,), name=f"plugin {self.name}", daemon=True).start()
        queue.put(job)
        if not job.done.wait(limit):
            with self._lock:
                if not job.done.is_set():
                    job.done.set()  # from here on its answer is late
                    raise TimeLimitError(limit)
        if job.error is not None:
            raise job.error
        return job.value

    def close(self) -> None:
        """Let idle threads end; one that still runs ends after its call."""
        with self._lock:
            for queue in self._idle:
                queue.put(None)
            self._idle.clear()

    def _serve(self, queue: SimpleQueue[_Job | None]) -> None:
        while (job := queue.get()) is not None:
            _local.callers = job.callers
            value, error = None, None
            try:
                value = job.work()
            except Exception as raised:
                error = raised
            except BaseException as raised:  # such as SystemExit: a plugin does not end the process
                error = ContractError(f"It raised {type(raised).__name__}, which is not an error.")
            with self._lock:
                if job.done.is_set():
                    self.late += 1
                    return
                job.value, job.error = value, error
                self._idle.append(queue)
                job.done.set()
            job = value = error = None  # an idle thread keeps nothing of its last call
