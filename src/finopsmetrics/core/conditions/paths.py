"""Finds the value of a field in a record: nested mappings, flat dotted keys, or a mix of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from finopsmetrics.core.conditions.tree import Path

Record: TypeAlias = Mapping[str, Any]
"""One row: `{"resource": {"type": "bucket"}}`, `{"resource.type": "bucket"}` or a mix; a missing key is unknown."""

Getter: TypeAlias = Callable[[Record], Any]


def getter(path: Path) -> Getter:
    """A function that gives the value at a path, None when there is none. Nested keys win over flat ones."""
    if len(path) == 1:
        return _top(path[0])
    if len(path) == 2:
        return _second(path[0], path[1])
    return lambda record: _find(record, path)


def _top(name: str) -> Getter:
    def get(record: Record) -> Any:
        return record.get(name)

    return get


def _second(outer: str, inner: str) -> Getter:
    flat = f"{outer}.{inner}"

    def get(record: Record) -> Any:
        within = record.get(outer)
        # Asking for the class first is many times faster than isinstance with an abstract class.
        if within is not None and (within.__class__ is dict or isinstance(within, Mapping)):
            value = within.get(inner)
            if value is not None:
                return value
        return record.get(flat)

    return get


def _find(record: Any, path: Path) -> Any:
    if not isinstance(record, Mapping):
        return None
    for taken in range(1, len(path)):
        within = record.get(".".join(path[:taken]))
        value = None if within is None else _find(within, path[taken:])
        if value is not None:
            return value
    return record.get(".".join(path))
