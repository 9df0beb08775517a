"""Widgets: one file a widget. `WIDGETS` holds one of each by name; a file in this folder is found by itself."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from finopsmetrics.dashboard.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Mapping

    WIDGETS: Mapping[str, Widget[Any]]

__all__ = ["WIDGETS"]


def __getattr__(name: str) -> Any:
    """Make the registry when it is first asked for."""
    if name != "WIDGETS":
        raise AttributeError(f"module 'finopsmetrics.dashboard.widgets' has no attribute {name!r}")
    found: dict[str, Widget[Any]] = {}
    for module in sorted(entry.name for entry in iter_modules(__path__)):
        own = vars(import_module(f"{__name__}.{module}")).values()
        for one in own:
            if isinstance(one, type) and issubclass(one, Widget) and "name" in vars(one):
                found[one.name] = one()
    globals()["WIDGETS"] = MappingProxyType(found)
    return globals()["WIDGETS"]
