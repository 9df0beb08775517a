"""A plugin that is on: called under a time limit, its failures kept from everybody else and counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from finopsmetrics.plugins.base import FinOpsPlugin
from finopsmetrics.plugins.config import Settings
from finopsmetrics.plugins.deadline import Crew
from finopsmetrics.plugins.errors import CallError, PluginError, SuspendedError
from finopsmetrics.plugins.tally import Tally

MOST_FAILURES = 5  # in a row; then a plugin is left alone until the process ends
_LONGEST = 500


class Active:
    """One owner of plugin code: a plugin that is on, or a hook function of the program (`plugin` is None)."""

    def __init__(self, name: str, plugin: FinOpsPlugin | None, settings: Settings, tally: Tally) -> None:
        self.name, self.plugin = name, plugin
        self.settings = settings
        self.crew = Crew(name)
        self._tally = tally
        self._failed: dict[str, int] = {}  # failures in a row by seam
        self._lock = threading.Lock()

    @property
    def suspended(self) -> bool:
        """Whether it failed too often in a row at one seam."""
        with self._lock:
            return any(count >= MOST_FAILURES for count in self._failed.values())

    def call(self, seam: str, work: Callable[[], Any], limit: float, accept: Callable[[Any], Any] = lambda value: value) -> Any:
        """What `accept` makes of what `work` gives within `limit` seconds; it raises for an answer of the wrong kind.

        Raises a PluginError that names the plugin; the failure is counted.
        """
        if self.suspended:
            cure = "See `finopsmetrics plugins check`, mend it, and start again."
            raise SuspendedError(f"{self.name} failed {MOST_FAILURES} times in a row and is left alone.", cure=cure)
        try:
            value = accept(self.crew.call(work, limit))
        except Exception as error:
            told = self.told(error)
            self._fail(seam, told)
            sort = type(error) if isinstance(error, PluginError) else None
            raise _named(sort, f"{self.name} failed at {seam}: {told}") from None
        with self._lock:
            self._failed[seam] = 0
        self._tally.count(self.name, seam)
        return value

    def _fail(self, seam: str, told: str) -> None:
        with self._lock:
            self._failed[seam] = self._failed.get(seam, 0) + 1
            ends = self._failed[seam] == MOST_FAILURES
        self._tally.count(self.name, seam, f"{told} It is left alone until the process ends." if ends else told)

    def told(self, error: BaseException) -> str:
        """An error in one line, without the secrets of the settings."""
        text = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {_text(error)}"
        for secret in sorted(self.settings.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:_LONGEST]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error that cannot even be told is a plugin's too
        return "(its message cannot be read)"


def _named(sort: type[PluginError] | None, told: str) -> PluginError:
    error = CallError(told, cure="See `finopsmetrics plugins list`.")
    if sort is not None:
        error.code = sort.code
    return error
