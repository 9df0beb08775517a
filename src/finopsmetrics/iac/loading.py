"""Files and folders as what they want: checked specs, each with its origin and its place. All errors are told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.origin import LONGEST, origin_of
from finopsmetrics.iac.places import CodeError, Document, FileFault, Place
from finopsmetrics.iac.sections import Declared, declarations
from finopsmetrics.iac.yaml_reader import read_yaml

ENDINGS = frozenset({".yaml", ".yml"})


@dataclass(frozen=True)
class Wanted:
    """One spec that files declare: its canonical body, whose it is, and where it stands."""

    kind: str
    name: str
    body: Mapping[str, Any]
    origin: str
    where: str = ""


@dataclass(frozen=True)
class Loaded:
    """All that a set of files declares, and the origins that they speak for."""

    wanted: Sequence[Wanted]
    origins: frozenset[str]
    files: int


def load(paths: Sequence[Path], *, origin: str | None = None) -> Loaded:
    """Read files and folders. Raises NotFoundError for a path that is not there, and CodeError with every fault in every file."""
    faults: list[FileFault] = []
    sets = {path: _documents(path, faults) for path in dict.fromkeys(paths)}
    wanted: dict[tuple[str, str], Wanted] = {}
    origins: set[str] = set()
    for path, documents in sets.items():
        own = origin or _said(documents, faults) or origin_of(path)
        origins.add(own)
        for document in documents:
            for one in _wanted(document, own, faults):
                first = wanted.setdefault((one.kind, one.name), one)
                if first is not one:
                    faults.append(_twice(document, one, first))
    for told in sorted(origins):
        if not 0 < len(told) <= LONGEST:
            raise UsageError(f"The origin {told[:60]!r} is not of 1 to {LONGEST} letters.", cure="Name one with --origin.")
    if faults:
        raise CodeError(faults)
    return Loaded(list(wanted.values()), frozenset(origins), sum(map(len, sets.values())))


def files_of(path: Path) -> list[Path]:
    """The YAML files of a path: itself, or all below a folder but for hidden ones. Raises NotFoundError."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotFoundError(f"There is no file {path}.", cure="Name a finopsmetrics.yaml, or a folder of such files.")
    found = [file for file in sorted(path.rglob("*")) if file.suffix in ENDINGS and file.is_file()]
    found = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not found:
        raise NotFoundError(f"{path} holds no YAML file.", cure="Name a finopsmetrics.yaml, or a folder of such files.")
    return found


def _documents(path: Path, faults: list[FileFault]) -> list[Document]:
    found = []
    for file in files_of(path):
        try:
            found.append(read_yaml(file.read_bytes(), str(file)))
        except CodeError as error:
            faults += error.faults
        except OSError as error:
            faults.append(FileFault(str(file), Place(1, 1), (), f"the file cannot be read: {error.strerror}."))
    return found


def _said(documents: Sequence[Document], faults: list[FileFault]) -> str | None:
    """The origin that the files of one set name themselves."""
    found: str | None = None
    for document in documents:
        told = document.top.get("origin")
        if told is None:
            continue
        if not isinstance(told, str) or not told.strip() or len(told) > LONGEST:
            faults.append(document.fault(("origin",), f"an origin is a text of 1 to {LONGEST} letters."))
        elif found is not None and told != found:
            cure = "Files of one folder have one origin."
            faults.append(document.fault(("origin",), f"another file of the same set says {found!r}.", cure))
        else:
            found = told
    return found


def _wanted(document: Document, origin: str, faults: list[FileFault]) -> list[Wanted]:
    found = []
    for one in _declared(document, faults):
        try:
            spec = checked(one.kind, one.body)
        except SpecError as error:
            for fault in error.faults:
                faults.append(document.fault(one.where(fault.path), fault.message, cure=f"See docs/kinds/{one.kind}.md."))
            continue
        place = document.place(one.path)
        found.append(Wanted(one.kind, spec.name, spec.plain(), origin, f"{document.file}:{place.line}:{place.column}"))
    return found


def _declared(document: Document, faults: list[FileFault]) -> list[Declared]:
    """What a file declares. When a section is wrong, the others are still read, so that their faults are told too."""
    try:
        return declarations(document.top)
    except SpecError as error:
        faults += document.faults(error.faults, cure="See docs/kinds/README.md for the sections of a file.")
        wrong = {fault.path[0] for fault in error.faults if fault.path}
        rest = {section: value for section, value in document.top.items() if section not in wrong}
        return _declared(Document(document.file, rest, document.keys, document.values), faults) if wrong else []


def _twice(document: Document, one: Wanted, first: Wanted) -> FileFault:
    _, line, column = one.where.rsplit(":", 2)
    message = f"the {one.kind} {one.name!r} is declared twice."
    return FileFault(document.file, Place(int(line), int(column)), (), message, f"It stands at {first.where} already.")
