"""A new cost entry on its way into the store: transformed by hooks, tagged by attribution, and never lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.plugins.base import CostAttributionPlugin
from finopsmetrics.plugins.errors import ContractError, PluginError

if TYPE_CHECKING:
    from finopsmetrics.plugins.active import Active
    from finopsmetrics.plugins.manager import PluginManager
    from finopsmetrics.store.entries import CostEntry

HOOK = "cost_entry_received"


def received(manager: PluginManager, entry: CostEntry) -> tuple[CostEntry, list[str]]:
    """The entry as it is to be stored, and which plugins changed it (name and version).

    What a plugin gives is only taken when it is a whole entry of the same id; else it fails, and the entry stays as it was.
    """
    changed: list[str] = []
    for listener in manager.listeners(HOOK):
        active = manager.active[listener.owner]
        work = partial(listener.call, **({"entry": deepcopy(entry)} if listener.takes else {}))
        entry = _step(active, HOOK, work, manager.limits.hook, entry, _entry, changed)
    for active in manager.of(CostAttributionPlugin):
        charge = _charge(entry)
        if charge is None:
            break  # the store refuses it in a moment, with the reason
        assert isinstance(active.plugin, CostAttributionPlugin)
        work = partial(active.plugin.attribute, charge)
        entry = _step(active, "attribute", work, manager.limits.hook, entry, _tagged, changed)
    return entry, changed


def listens(manager: PluginManager) -> bool:
    """Whether anybody would be called for a new entry."""
    return bool(manager.listeners(HOOK) or manager.of(CostAttributionPlugin))


def _step(active: Active, seam: str, work: Any, limit: float, entry: CostEntry, accept: Any, changed: list[str]) -> CostEntry:
    try:
        found: CostEntry = active.call(seam, work, limit, partial(accept, entry))
    except PluginError:
        return entry  # counted and told by the call
    if found != entry:
        label = f"{active.name} {active.plugin.version}" if active.plugin else active.name
        changed.extend([label] if label not in changed else [])
    return found


def _entry(before: CostEntry, found: Any) -> CostEntry:
    if found is None:
        return before
    if not isinstance(found, type(before)):
        raise ContractError(f"It gave {type(found).__name__}.", cure="Give a CostEntry, or None.")
    if found.id != before.id:
        raise ContractError(f"It changed the id {before.id!r} to {found.id!r}.", cure="Keep the id.")
    try:
        found.as_charge()
    except FinOpsError as error:
        raise ContractError(f"It gave an entry that cannot be stored: {error}") from error
    return deepcopy(found)  # what the plugin does with its own later changes nothing here


def _tagged(before: CostEntry, found: Any) -> CostEntry:
    if not isinstance(found, Mapping) or not all(isinstance(one, str) for pair in found.items() for one in pair):
        raise ContractError("It gave no mapping of text to text.", cure="Give tags such as {'team': 'ml'}, or {}.")
    return _entry(before, replace(before, tags={**found, **before.tags}))


def _charge(entry: CostEntry) -> Mapping[str, Any] | None:
    try:
        charge: dict[str, Any] = dict(entry.as_charge())
    except FinOpsError:
        return None
    charge["Tags"] = json.loads(charge["Tags"]) if charge["Tags"] else {}
    return MappingProxyType(charge)
