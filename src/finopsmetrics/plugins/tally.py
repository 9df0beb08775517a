"""The tally of calls: counted in memory, written to the home at once after a failure and else every few seconds."""

from __future__ import annotations

import logging
import threading
import time

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.plugins.book import Book, Report

_log = logging.getLogger("finopsmetrics.plugins")
_EVERY = 10.0  # seconds between writes while all goes well


class Tally:
    """Counts by plugin and seam that are not written yet. A write that fails is tried again with the next."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._open: dict[tuple[str, str], Report] = {}
        self._lock = threading.Lock()
        self._written = time.monotonic()

    def count(self, plugin: str, seam: str, error: str | None = None) -> None:
        """Count a call, and its failure when there is an error; say a failure in the log."""
        failed = error is not None
        one = Report(plugin, seam, 1, int(failed), error, self._book.now() if failed else None)
        with self._lock:
            known = self._open.get((plugin, seam))
            self._open[plugin, seam] = known.plus(one) if known else one
        if failed:
            _log.warning("Plugin %s failed at %s: %s", plugin, seam, error)

    def settle(self, *, now: bool = False) -> None:
        """Write the counts when a failure is among them, when it is time, or `now`."""
        with self._lock:
            due = now or time.monotonic() - self._written > _EVERY or any(one.failures for one in self._open.values())
            if not due or not self._open:
                return
            taken, self._open, self._written = self._open, {}, time.monotonic()
        try:
            self._book.add(list(taken.values()))
        except FinOpsError as error:
            _log.warning("The reports of plugins could not be written: %s", error)
            with self._lock:
                for key, one in taken.items():
                    later = self._open.get(key)
                    self._open[key] = one.plus(later) if later else one
