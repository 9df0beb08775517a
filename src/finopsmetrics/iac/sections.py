"""The sections of a finopsmetrics.yaml: what its top level declares, as bodies that the kinds can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from finopsmetrics.core.messages import nearest
from finopsmetrics.core.spec import Fault, Path, SpecError
from finopsmetrics.kinds import KINDS

PASSED_OVER = frozenset({"origin", "version"})
"""Top-level keys that belong to the file itself and declare nothing."""


class SectionsError(SpecError):
    """A file whose sections cannot be understood. `faults` name each place by its way from the top of the file."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("finopsmetrics.yaml", faults)
        self.cure = "See docs/kinds/README.md for the sections of a file."


@dataclass(frozen=True)
class Declared:
    """One spec as a file declares it: `body` is plain data for `KINDS[kind].read`, `path` the way to it in the file."""

    kind: str
    name: str
    body: dict[str, Any]
    path: Path
    moved: Mapping[Path, Path] = field(default_factory=dict)
    """Where parts of the body stand in the file, for those that stand elsewhere than at `path` + their own way."""

    def where(self, way: Path) -> Path:
        """The way in the file to what stands at `way` in the body."""
        for length in range(len(way), -1, -1):
            if way[:length] in self.moved:
                return self.moved[way[:length]] + way[length:]
        return self.path + way


def declarations(top: Mapping[str, Any]) -> list[Declared]:
    """Everything that the top level of a file declares, in the file's order. Raises SectionsError with all faults."""
    from finopsmetrics.iac.section_shapes import SHAPES

    if not isinstance(top, Mapping):
        raise SectionsError([Fault((), "a file holds sections: a mapping is needed here")])
    plurals = {spec.plural: kind for kind, spec in KINDS.items()}
    found: list[Declared] = []
    faults: list[Fault] = []
    for section, value in top.items():
        if section in PASSED_OVER or (value is None and (section in plurals or section in SHAPES)):
            continue
        if section in SHAPES:
            parts: Iterator[Declared | Fault] = SHAPES[section](value, (section,))
        elif section in plurals:
            parts = plain(plurals[section], value, (section,))
        else:
            parts = iter([Fault((section,), f"there is no section {section!r}{nearest(section, {*plurals, *SHAPES})}")])
        for part in parts:
            if isinstance(part, Declared):
                found.append(part)
            else:
                faults.append(part)
    faults += _twice(found)
    if faults:
        raise SectionsError(faults)
    return found


def plain(kind: str, value: Any, path: Path) -> Iterator[Declared | Fault]:
    """The specs of a section that holds one kind: a list of bodies with names, or a mapping of names to bodies."""
    if isinstance(value, Mapping):
        for name, body in value.items():
            yield _named(kind, name, body, (*path, name))
    elif isinstance(value, list):
        for place, body in enumerate(value):
            yield one(kind, body, (*path, place))
    else:
        yield Fault(path, f"a list of {KINDS[kind].plural}, or a mapping of names to them, is needed here")


def one(kind: str, body: Any, path: Path, moved: Mapping[Path, Path] | None = None) -> Declared | Fault:
    """One spec whose name stands in its body, or the fault that there is no body."""
    if not isinstance(body, Mapping):
        return Fault(path, "a mapping with fields is needed here")
    name = body.get("name")
    return Declared(kind, name if isinstance(name, str) else "", dict(body), path, moved or {})


def _named(kind: str, name: Any, body: Any, path: Path) -> Declared | Fault:
    if not isinstance(name, str):
        return Fault(path, f"the name {name!r} is no text; put it in quotes")
    if isinstance(body, Mapping) and body.get("name", name) != name:
        return Fault((*path, "name"), f"this is named {name!r} by its key; leave the other name out")
    return one(kind, {"name": name, **body} if isinstance(body, Mapping) else body, path, {("name",): path})


def _twice(found: list[Declared]) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for declared in found:
        key = declared.kind, declared.name
        if declared.name and key in seen:
            yield Fault(declared.path, f"the {declared.kind} {declared.name!r} is declared twice; give each a name of its own")
        seen.add(key)
