"""What a home keeps of its plugins: which are on, with which settings, how they fared; and the manager that reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import select

from finopsmetrics.plugins.book import Report, Setting
from finopsmetrics.plugins.manager import PluginManager
from finopsmetrics.store import audit
from finopsmetrics.store.tables import plugin_reports, plugin_settings

if TYPE_CHECKING:
    from finopsmetrics.store.database import Database
    from finopsmetrics.store.opened import OpenedHome

_managers: WeakKeyDictionary[OpenedHome, PluginManager] = WeakKeyDictionary()
_lock = threading.Lock()


def plugins_of(opened: OpenedHome) -> PluginManager:
    """The plugins of an open home; one manager a home, made when it is first asked for."""
    with _lock:
        if opened not in _managers:
            _managers[opened] = PluginManager(PluginBook(opened.database, opened.now))
        return _managers[opened]


def close_plugins(opened: OpenedHome) -> None:
    """Shut the plugins of a home down, when any were started."""
    with _lock:
        manager = _managers.pop(opened, None)
    if manager is not None:
        manager.close()


class PluginBook:
    """Settings and reports of plugins. Times are UTC without zone; secrets are kept as references only."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def now(self) -> datetime:
        """The time, UTC without zone."""
        return self._now()

    def settings(self) -> dict[str, Setting]:
        """The settings of every plugin that ever was on, by name."""
        with self._database.read() as connection:
            found = connection.execute(select(plugin_settings).order_by(plugin_settings.c.name)).mappings().all()
        return {row["name"]: Setting(row["name"], row["enabled"], row["config"]) for row in found}

    def enable(self, name: str, config: Mapping[str, Any], *, actor: str) -> None:
        """Let a plugin be on from the next start, with settings that were checked; an audit line says who did."""
        self._put(name, True, dict(config), actor)

    def disable(self, name: str, *, actor: str) -> None:
        """Let a plugin be off from the next start; its settings stay."""
        known = self.settings().get(name)
        self._put(name, False, dict(known.config) if known else {}, actor)

    def _put(self, name: str, enabled: bool, config: dict[str, Any], actor: str) -> None:
        at = self._now()
        row = {"enabled": enabled, "config": config, "changed_at": at, "changed_by": actor}
        with self._database.write() as connection:
            changed = connection.execute(plugin_settings.update().where(plugin_settings.c.name == name).values(**row))
            if not changed.rowcount:
                connection.execute(plugin_settings.insert().values(name=name, **row))
            action = "plugin.enabled" if enabled else "plugin.disabled"
            audit.record(connection, at, actor, action, name, {"settings": sorted(config)})

    def reports(self) -> list[Report]:
        """How every plugin fared, by plugin and seam."""
        order = (plugin_reports.c.plugin, plugin_reports.c.seam)
        with self._database.read() as connection:
            return [Report(**row) for row in connection.execute(select(plugin_reports).order_by(*order)).mappings()]

    def add(self, reports: Sequence[Report]) -> None:
        """Add counts to those that are kept, all in one transaction."""
        with self._database.write() as connection:
            for one in reports:
                same = (plugin_reports.c.plugin == one.plugin) & (plugin_reports.c.seam == one.seam)
                kept = connection.execute(select(plugin_reports).where(same)).mappings().first()
                if kept is None:
                    connection.execute(plugin_reports.insert().values(**asdict(one)))
                else:
                    both = asdict(Report(**kept).plus(one))
                    connection.execute(plugin_reports.update().where(same).values(**both))
