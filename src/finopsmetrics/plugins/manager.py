"""The manager of a home's plugins: finds those that are on, starts them, calls them within limits, and keeps count.

Installed plugins are off until the home's settings say otherwise; what the program registered by decorator is on. A plugin
that cannot be loaded, set up or started is reported, and nobody else notices.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.plugins.active import Active
from finopsmetrics.plugins.base import FinOpsPlugin
from finopsmetrics.plugins.book import Book
from finopsmetrics.plugins.checking import end
from finopsmetrics.plugins.deadline import callers
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.hooks import Listener
from finopsmetrics.plugins.registry import Offer, offers
from finopsmetrics.plugins.results import RenderContext
from finopsmetrics.plugins.roster import Roster
from finopsmetrics.plugins.tally import Tally


@dataclass(frozen=True)
class Limits:
    """Seconds that plugins may take: to start, for a hook, for a collection, for an export."""

    start: float = 10.0
    hook: float = 5.0
    collect: float = 60.0
    export: float = 600.0


class PluginManager:
    """The plugins of one home, started when they are first needed.

    The home's settings are read once: a change of them counts from the next start of a process.
    """

    def __init__(self, book: Book, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.tally = Tally(book)
        self._book = book
        self._lock = threading.RLock()
        self._roster = Roster(book, self.tally)

    @cached_property
    def offers(self) -> dict[str, Offer]:
        """What installed packages offer."""
        return offers()

    @property
    def active(self) -> dict[str, Active]:
        """The plugins that are on and started, by name; the first call starts them, and later ones what was registered since."""
        with self._lock:
            if self._roster.refresh(self.load, self.limits.start):
                self.tally.settle()
            return self._roster.active

    @property
    def errors(self) -> dict[str, str]:
        """Why plugins that are on could not be started, by name."""
        return dict(self._roster.errors)

    def load(self, name: str) -> type[FinOpsPlugin]:
        """The class of a plugin, on or off. Raises NotFoundError, ContractError."""
        own = self._roster.own_class(name)
        if own is not None:
            return own
        if name not in self.offers:
            cure = f"Installed are: {', '.join(sorted(self.offers)) or 'none'}."
            raise NotFoundError(f"There is no plugin {name!r}.", cure=cure)
        return self.offers[name].load()

    def of(self, sort: type[Any]) -> list[Active]:
        """The plugins of a type that can be called now, by name. One is not called back for what it does itself."""
        within = callers()
        found = [one for _, one in sorted(self.active.items()) if isinstance(one.plugin, sort)]
        return [one for one in found if not one.suspended and one.name not in within]

    def one(self, name: str) -> Active:
        """A plugin that is on. Raises NotFoundError, or PluginError with why it could not be started."""
        active = self.active
        if name in active:
            return active[name]
        if name in self.errors:
            raise PluginError(self.errors[name])
        cure = f"Enable it: finopsmetrics plugins enable {name}." if name in self.offers else "See `finopsmetrics plugins list`."
        raise NotFoundError(f"There is no plugin {name!r} that is on.", cure=cure)

    def listeners(self, hook: str) -> list[Listener]:
        """Who listens to a hook and can be called now, in order."""
        active = self.active
        with self._lock:
            heard = self._roster.listeners(hook)
        within = callers()
        return [one for one in heard if one.owner in active and not active[one.owner].suspended and one.owner not in within]

    def fire(self, hook: str, *, accept: Callable[[Any], Any] = lambda given: given, **arguments: Any) -> list[Any]:
        """Call every listener of a hook, each with arguments of its own; give what `accept` makes of what they gave.

        Never raises for a plugin.
        """
        given = []
        active = self.active
        for listener in self.listeners(hook):
            own = {name: _copied(value) for name, value in listener.chosen(arguments).items()}
            with suppress(PluginError):  # counted and told by the call
                given.append(active[listener.owner].call(hook, partial(listener.call, **own), self.limits.hook, accept))
        self.tally.settle()
        return given

    def close(self) -> None:
        """Shut every plugin down within its limit, and write the reports. A later call starts them anew."""
        with self._lock:
            ending, self._roster = self._roster.active, Roster(self._book, self.tally)
        for one in ending.values():
            end(one, self.limits.start)
        self.tally.settle(now=True)


def _copied(value: Any) -> Any:
    """A copy for one listener, so that what it changes is seen by nobody else."""
    return value if isinstance(value, RenderContext) else deepcopy(value)
