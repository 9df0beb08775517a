"""The roster: which plugins of a home are on, started one by one, so that one that cannot start harms no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.plugins.active import Active
from finopsmetrics.plugins.base import FinOpsPlugin
from finopsmetrics.plugins.book import Book, Setting
from finopsmetrics.plugins.checking import begin, end
from finopsmetrics.plugins.config import Settings
from finopsmetrics.plugins.errors import CallError, ContractError
from finopsmetrics.plugins.hooks import Listener, Listeners
from finopsmetrics.plugins.registry import registry
from finopsmetrics.plugins.starting import made, problems
from finopsmetrics.plugins.tally import Tally

Load = Callable[[str], type[FinOpsPlugin]]


class Roster:
    """The plugins that are on: those that the home's settings turn on, and those that the program registered."""

    def __init__(self, book: Book, tally: Tally) -> None:
        self.active: dict[str, Active] = {}
        self.errors: dict[str, str] = {}
        self._book, self._tally = book, tally
        self._kept: dict[str, Setting] | None = None
        self._holders: list[tuple[str, object]] = []  # whose hooks each holds
        self._seen: list[Any] = []  # what the registry held at the last look
        self._heard: dict[str, list[Listener]] = {}

    def refresh(self, load: Load, limit: float) -> bool:
        """Start what is on and not started; give whether anything changed. Each start is limited to `limit` seconds."""
        own = [*registry().own_classes(), *registry().functions_of(None)]
        if self._kept is not None and len(own) == len(self._seen) and all(a is b for a, b in zip(own, self._seen, strict=True)):
            return False
        first, self._kept = self._kept is None, self._kept if self._kept is not None else self._book.settings()
        before, self._seen = self._seen, own
        self._drop([one for one in before if not any(one is other for other in own)], limit)
        for one in own:
            if not any(one is other for other in before):
                self._take_own(one, limit)
        if first:
            for name, setting in self._kept.items():
                if setting.enabled and name not in self.active and name not in self.errors:
                    self._start(name, partial(_loaded, load, name), setting.config, limit)
        self._heard.clear()
        return True

    def listeners(self, hook: str) -> list[Listener]:
        """Who listens to a hook, in order."""
        if hook not in self._heard:
            listeners = Listeners()
            for owner, holder in self._holders:
                listeners.add(owner, holder)
            self._heard[hook] = listeners.of(hook)
        return self._heard[hook]

    def own_class(self, name: str) -> type[FinOpsPlugin] | None:
        """The class that the program registered under a name."""
        for cls in registry().own_classes():
            try:
                if made(cls).name == name:
                    return cls
            except Exception:  # noqa: S112 - one that cannot say its name is not the one; its start tells why
                continue
        return None

    def _take_own(self, what: Any, limit: float) -> None:
        if not isinstance(what, type):
            owner = f"{what.__module__}.{what.__qualname__}"[-120:]
            self.active.setdefault(owner, Active(owner, None, Settings({}), self._tally))
            self._holders.append((owner, what))
            return
        name = next((name for name in (getattr(what, "name", None),) if isinstance(name, str)), what.__qualname__)
        setting = (self._kept or {}).get(name)
        if setting is None or setting.enabled:
            self._start(name, lambda: made(what), setting.config if setting else {}, limit, installed=False)

    def _start(
        self, name: str, make: Callable[[], FinOpsPlugin], config: Mapping[str, Any], limit: float, *, installed: bool = True
    ) -> None:
        try:
            plugin = make()
            wrong = problems(plugin, name if installed else None)
            if wrong:
                raise ContractError(f"{name} is no good plugin: {'; '.join(wrong)}.")
            holders = [plugin, *(registry().functions_of(name) if installed else ())]
            for holder in holders:
                Listeners().add(name, holder)  # whatever does not fit is found before the plugin starts
            self.active[plugin.name] = begin(plugin, config, limit, self._tally)
            self._holders += [(plugin.name, holder) for holder in holders]
            self.errors.pop(name, None)
        except Exception as error:  # whatever a class does while it is looked at, the others start
            told = str(error) if isinstance(error, FinOpsError) else f"{name} cannot be started: {type(error).__name__}."
            self.errors[name] = told
            if not isinstance(error, CallError):  # a call counts its own failure
                self._tally.count(name, "start", told)

    def _drop(self, gone: list[Any], limit: float) -> None:
        """Let go of what was registered again in another form, or is registered no more."""
        for what in gone:
            for owner, holder in [*self._holders]:
                if holder is what or (isinstance(what, type) and type(holder) is what):
                    self._holders = [pair for pair in self._holders if pair[1] is not holder]
                    if isinstance(what, type):
                        end(self.active.pop(owner), limit)


def _loaded(load: Load, name: str) -> FinOpsPlugin:
    return made(load(name))
