"""Extending: the plugins of a home as one principal may see, set up and run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.plugins.base import types_of
from finopsmetrics.plugins.book import Report
from finopsmetrics.plugins.checking import Checked, examine, health_of
from finopsmetrics.plugins.config import checked
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.starting import made
from finopsmetrics.store.plugin_book import PluginBook, plugins_of

if TYPE_CHECKING:
    from finopsmetrics.plugins.active import Active
    from finopsmetrics.runtime.acting import Acting


@dataclass(frozen=True)
class Known:
    """A plugin as it stands: on, off, suspended, failed (on, and it could not be started) or missing (on, not installed).

    `types` and `health` are None where the plugin is not started: it is not imported to be listed.
    """

    name: str
    state: str
    version: str
    package: str | None
    types: list[str] | None
    healthy: bool | None
    detail: str
    calls: int
    failures: int
    last_error: str | None


class Extending:
    """What one principal may do with plugins: `plugins:read` to see them, `plugins:write` to set them up and run them."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        opened = acting.workspace.opened
        self._manager = plugins_of(opened)
        self._book = PluginBook(opened.database, opened.now)

    def listed(self) -> list[Known]:
        """Every plugin that is installed, set up or registered, by name; those that are on are started and asked how they are."""
        self._acting.require("plugins:read")
        self._manager.tally.settle(now=True)
        settings, active = self._book.settings(), self._manager.active
        names = set(self._manager.offers) | set(settings) | set(active) | set(self._manager.errors)
        reports = self._book.reports()
        return [self._known(name, [one for one in reports if one.plugin == name]) for name in sorted(names)]

    def _known(self, name: str, reports: list[Report]) -> Known:
        offer, one = self._manager.offers.get(name), self._manager.active.get(name)
        calls, failures = sum(one.calls for one in reports), sum(one.failures for one in reports)
        failed = max((one for one in reports if one.last_failed_at), key=lambda one: str(one.last_failed_at), default=None)
        counts = (calls, failures, failed.last_error if failed else None)
        package = offer.package if offer else None
        version = offer.package_version if offer else ""
        if one is None:
            error = self._manager.errors.get(name)
            state = "failed" if error else "off"
            if error and offer is None and name in self._book.settings():
                state = "missing"
            return Known(name, state, version, package, None, False if error else None, error or "", *counts)
        if one.suspended:
            detail = "It failed too often and is left alone until the process ends."
            return Known(name, "suspended", _version(one, version), package, _types(one), False, detail, *counts)
        health = health_of(one, self._manager.limits.hook)
        return Known(name, "on", _version(one, version), package, _types(one), health.ok, health.detail, *counts)

    def enabled(self) -> list[str]:
        """The names of plugins that are on, whether they could be started or not (`plugins:read`)."""
        self._acting.require("plugins:read")
        kept = [name for name, one in self._book.settings().items() if one.enabled]
        return sorted({*kept, *(name for name, one in self._manager.active.items() if one.plugin is not None)})

    def check(self, name: str, config: Mapping[str, Any] | None = None) -> Checked:
        """Load, set up, start, ask and end a plugin apart from everybody else, with its own settings or those given."""
        self._acting.require("plugins:write")
        kept = self._book.settings().get(name)
        try:
            plugin = made(self._manager.load(name))
        except PluginError as error:
            return Checked(name, problems=[str(error)])
        given = config if config is not None else (kept.config if kept else {})
        return examine(plugin, given, expected=name, limit=self._manager.limits.start)

    def enable(self, name: str, config: Mapping[str, Any] | None = None) -> None:
        """Let a plugin be on from the next start of a process, with its settings, or those that it had.

        Raises NotFoundError, ContractError and PluginConfigError; secrets are only checked to be references.
        """
        self._acting.require("plugins:write")
        kept = self._book.settings().get(name)
        plugin = made(self._manager.load(name))
        given = config if config is not None else (kept.config if kept else {})
        checked(name, plugin.Config, given, resolving=False)
        self._book.enable(name, given, actor=self._acting.principal.name)

    def disable(self, name: str) -> None:
        """Let a plugin be off from the next start; its settings stay. Raises NotFoundError."""
        self._acting.require("plugins:write")
        if name not in self._book.settings() and name not in self._manager.offers and name not in self._manager.active:
            raise NotFoundError(f"There is no plugin {name!r}.", cure="See `finopsmetrics plugins list`.")
        self._book.disable(name, actor=self._acting.principal.name)


def _types(one: Active) -> list[str]:
    return types_of(one.plugin) if one.plugin else []


def _version(one: Active, default: str) -> str:
    return one.plugin.version if one.plugin else default
