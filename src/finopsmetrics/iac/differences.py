"""What differs between two bodies, field by field, as people read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finopsmetrics.core.spec import Path
from finopsmetrics.iac.places import dotted
from finopsmetrics.store.spec_rows import same


class _Absent:
    """No value, which is not null."""


ABSENT = _Absent()


@dataclass(frozen=True)
class FieldChange:
    """One field: its value before and after; ABSENT where it has none."""

    path: Path
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is ABSENT:
            return f"+ {dotted(self.path)}: {shown(self.after)}"
        if self.after is ABSENT:
            return f"- {dotted(self.path)}: {shown(self.before)}"
        return f"{dotted(self.path)}: {shown(self.before)} → {shown(self.after)}"

    def as_dict(self) -> dict[str, Any]:
        """The change as plain data; `before` or `after` is left out where there is no value."""
        told = {"path": dotted(self.path)}
        told |= {"before": self.before} if self.before is not ABSENT else {}
        return told | ({"after": self.after} if self.after is not ABSENT else {})


def field_changes(before: Any, after: Any, path: Path = ()) -> list[FieldChange]:
    """The least fields that differ, in the order of `before`, then what is new."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = list(dict.fromkeys([*before, *after]))
        return [one for name in names for one in field_changes(before.get(name, ABSENT), after.get(name, ABSENT), (*path, name))]
    if _parts(before) and _parts(after):
        longest = max(len(before), len(after))
        pairs = [(_at(before, place), _at(after, place)) for place in range(longest)]
        return [one for place, pair in enumerate(pairs) for one in field_changes(*pair, (*path, place))]
    return [] if same(before, after) else [FieldChange(path, before, after)]


def shown(value: Any) -> str:
    """A value in one line: plain text as it is, everything else as JSON."""
    plain = isinstance(value, str) and value.isprintable() and value.strip() == value and value != ""
    text = value if plain else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"


def _parts(value: Any) -> bool:
    """Whether a value is a list of mappings, which is told part by part; a list of words is told as a whole."""
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def _at(found: list[Any], place: int) -> Any:
    return found[place] if place < len(found) else ABSENT
