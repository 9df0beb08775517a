"""Where things stand in files, and what is wrong there: `finopsmetrics.yaml:12:7: budgets[0].amout: …`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.spec import Fault, Path


@dataclass(frozen=True, order=True)
class Place:
    """A line and a column, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class FileFault:
    """One thing that is wrong in a file: where, in what, what, and what to do."""

    file: str
    place: Place
    path: Path
    message: str
    cure: str = ""

    def __str__(self) -> str:
        what = f"{dotted(self.path)}: " if self.path else ""
        told = f"{self.message.removesuffix('.')}. {self.cure}".rstrip()
        return f"{self.file}:{self.place.line}:{self.place.column}: {what}{told}"

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain data."""
        at = {"file": self.file, "line": self.place.line, "column": self.place.column}
        return {**at, "path": dotted(self.path), "message": self.message, "cure": self.cure}


class CodeError(UsageError):
    """Files that cannot be applied. `faults` name every place in every file."""

    code = "code"
    exit_code = 1
    http_status = 422

    def __init__(self, faults: Sequence[FileFault]) -> None:
        faults = sorted(faults, key=lambda fault: (fault.file, fault.place))
        count = f"{len(faults)} errors" if len(faults) != 1 else "1 error"
        super().__init__("\n".join([f"{count} found; nothing was changed.", *map(str, faults)]))
        self.faults = faults


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data, with the place of every key and every value by its way from the top."""

    file: str
    top: Mapping[str, Any]
    keys: Mapping[Path, Place] = field(default_factory=dict)
    values: Mapping[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value, or of its key; of what encloses it when it is not in the file."""
        if path in self.values and not key:
            return self.values[path]
        for length in range(len(path), 0, -1):
            found = self.keys.get(path[:length]) or self.values.get(path[:length])
            if found:
                return found
        return Place(1, 1)

    def fault(self, path: Path, message: str, cure: str = "") -> FileFault:
        """What is wrong at a path. A field that should not be there is told at its key, a wrong value at the value."""
        return FileFault(self.file, self.place(path, key=message.startswith("there is no")), path, message, cure)

    def faults(self, found: Sequence[Fault], below: Path = (), cure: str = "") -> list[FileFault]:
        """Faults of a body that stands below a path."""
        return [self.fault((*below, *one.path), one.message, cure) for one in found]


def dotted(path: Path) -> str:
    """A path as people write it: budgets[0].alerts[1].threshold."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
