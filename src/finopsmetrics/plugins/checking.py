"""A check of one plugin: is it what it must be, are its settings valid, does it start, is it well, how long does it take?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.plugins.active import Active
from finopsmetrics.plugins.base import FinOpsPlugin, IntegrationPlugin, types_of
from finopsmetrics.plugins.book import Unkept
from finopsmetrics.plugins.config import checked
from finopsmetrics.plugins.errors import ContractError, PluginError
from finopsmetrics.plugins.results import Health
from finopsmetrics.plugins.starting import problems
from finopsmetrics.plugins.tally import Tally


@dataclass
class Checked:
    """What a check found: what is wrong (nothing: it is well), how it is, and how long it took in seconds."""

    name: str
    version: str = ""
    types: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    detail: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def examine(plugin: FinOpsPlugin, config: Mapping[str, Any], *, expected: str | None = None, limit: float = 10.0) -> Checked:
    """Check a plugin apart from everybody else: start it with its settings, ask how it is, and end it again."""
    begun = time.monotonic()
    wrong = problems(plugin, expected)
    found = Checked(expected or str(type(plugin).__name__), problems=wrong)
    if not wrong:
        found.name, found.version, found.types = plugin.name, plugin.version, types_of(plugin)
        try:
            one = begin(plugin, config, limit)
            try:
                health = health_of(one, limit, connecting=True)
                found.detail = health.detail
                found.problems += [] if health.ok else [f"it is not well: {health.detail}"]
            finally:
                end(one, limit)
        except FinOpsError as error:
            found.problems.append(str(error))
    found.seconds = round(time.monotonic() - begun, 3)
    return found


def begin(plugin: FinOpsPlugin, config: Mapping[str, Any], limit: float, tally: Tally | None = None) -> Active:
    """A plugin, started with its settings. Raises PluginConfigError, or a PluginError with what its start came to."""
    settings = checked(plugin.name, plugin.Config, config, resolving=True)
    one = Active(plugin.name, plugin, settings, tally or Tally(Unkept()))
    one.call("initialize", lambda: plugin.initialize(dict(settings.values)), limit)
    return one


def end(one: Active, limit: float) -> None:
    """Shut a plugin down within its limit; what that comes to is counted, and stops nobody."""
    if one.plugin is not None and not one.suspended:
        with suppress(PluginError):
            one.call("shutdown", one.plugin.shutdown, limit)
    one.crew.close()


def health_of(one: Active, limit: float, *, connecting: bool = False) -> Health:
    """How a plugin is; `connecting` lets an integration test its connection too. One that cannot say so is not well."""
    plugin = one.plugin
    if plugin is None:
        return Health(not one.suspended)
    asked = [("health", plugin.health)]
    asked += [("test_connection", plugin.test_connection)] if connecting and isinstance(plugin, IntegrationPlugin) else []
    told: list[str] = []
    for seam, ask in asked:
        try:
            found = one.call(seam, ask, limit, _health)
        except PluginError as error:
            return Health(False, str(error))
        if not found.ok:
            return Health(False, found.detail or "It says so without a reason.")
        told += [found.detail] if found.detail else []
    return Health(True, "; ".join(told))


def _health(found: Any) -> Health:
    if not isinstance(found, Health):
        raise ContractError(f"It gave {type(found).__name__}.", cure="Give Health(ok, detail).")
    return found
