"""Kinds: one file a kind. `KINDS` is the registry from which REST, YAML, permissions, forms and reference pages are derived."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    KINDS: Mapping[str, type[Spec]]

__all__ = ["KINDS"]


def __getattr__(name: str) -> Any:
    """Make the registry when it is first asked for, so that nobody else waits for 22 models."""
    if name != "KINDS":
        raise AttributeError(f"module 'finopsmetrics.kinds' has no attribute {name!r}")
    found: dict[str, type[Spec]] = {}
    for module in sorted(entry.name for entry in iter_modules(__path__)):
        own = vars(import_module(f"{__name__}.{module}")).values()
        found |= {one.kind: one for one in own if isinstance(one, type) and issubclass(one, Spec) and one.kind}
    globals()["KINDS"] = MappingProxyType(found)
    return globals()["KINDS"]
