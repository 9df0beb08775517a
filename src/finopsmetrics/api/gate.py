"""How many heavy questions run at once, and how many may wait; more are told to come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from finopsmetrics.api.problems import BusyError

RUNNING = 4
WAITING = 24
PATIENCE = 30.0


class Gate:
    """Lets `running` through at once and `waiting` more wait, at most `patience` seconds. Safe for threads."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._limit, self._room, self._patience = running, waiting, patience
        self._changed = threading.Condition()
        self.running = 0
        self.waiting = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn for a heavy question. Raises BusyError when too many wait already, or after too long a wait."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self.running -= 1
                self._changed.notify()

    def _enter(self) -> None:
        until = time.monotonic() + self._patience
        with self._changed:
            if self.running >= self._limit and self.waiting >= self._room:
                raise BusyError(f"{self.running} questions run and {self.waiting} wait; this one is one too many.")
            self.waiting += 1
            try:
                while self.running >= self._limit:
                    left = until - time.monotonic()
                    if left <= 0:
                        raise BusyError(f"The questions before this one took more than {self._patience:.0f} seconds.")
                    self._changed.wait(left)
                self.running += 1
            finally:
                self.waiting -= 1
