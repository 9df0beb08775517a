"""YAML as plain data with the place of everything in it. What is ambiguous or hostile is refused, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.spec import Path
from finopsmetrics.iac.places import CodeError, Document, FileFault, Place
from finopsmetrics.iac.scalars import meaning

if TYPE_CHECKING:
    from yaml import Event

LARGEST = 4 * 1024 * 1024
"""The longest file, in bytes."""

MOST_VALUES = 200_000
"""The most values of a file, each use of an alias counted."""

DEEPEST = 48
"""The most levels of a file."""


def read_yaml(data: bytes, file: str) -> Document:
    """Read one document. Raises CodeError with the first place that is no YAML, or with every key that is wrong."""
    import yaml

    start = Place(1, 1)
    if len(data) > LARGEST:
        raise CodeError([FileFault(file, start, (), f"the file is longer than {LARGEST} bytes.", "Split it into several.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(data[: error.start].count(b"\n") + 1, 1)
        raise CodeError([FileFault(file, place, (), "the file is no UTF-8 text.", "Save it as UTF-8.")]) from error
    reader = _Reader(file)
    try:
        reader.read(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        told = ", ".join(part for part in (error.context, error.problem) if part)
        raise CodeError([FileFault(file, _place(error.problem_mark or error.context_mark), (), f"no YAML: {told}.")]) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        place = Place(text[: getattr(error, "position", 0)].count("\n") + 1, 1)
        raise CodeError([FileFault(file, place, (), f"no YAML: {str(error).splitlines()[0]}.")]) from error
    if reader.found:
        raise CodeError(reader.found)
    return Document(file, reader.top, reader.keys, reader.values)


class _Reader:
    """Makes values from the parser's events; an alias replays the events of its anchor."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._anchors: dict[str, list[Event]] = {}
        self._open: set[str] = set()
        self._count = 0
        self.found: list[FileFault] = []
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.top: dict[str, Any] = {}

    def read(self, events: Iterator[Event]) -> None:
        """Read all documents: there may be one, whose top is a mapping."""
        import yaml

        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, (), "this is a second document.", "Write one document a file, or give a folder of files.")
            elif not isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)):
                top = self._value(event, events, ())
                if isinstance(top, dict):
                    self.top = top
                elif top is not None:
                    self._stop(event, (), "the top of the file is no mapping.", "Start with a section such as `budgets:`.")

    def _value(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        import yaml

        self._count += 1
        if self._count > MOST_VALUES:
            self._stop(
                event, (), f"the file has more than {MOST_VALUES} values.", "Split it; an alias counts as what it stands for."
            )
        if len(path) > DEEPEST:
            self._stop(event, path[:3], f"this is deeper than {DEEPEST} levels.")
        self.values.setdefault(path, _place(event.start_mark))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag is not None:
            self._fault(event, path, f"the tag {tag} is not read.", "Leave tags out; quote what is to be text.")
        if anchor is not None:
            return self._anchored(anchor, event, events, path)
        return self._bare(event, events, path)

    def _bare(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        import yaml

        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        assert isinstance(event, yaml.ScalarEvent)
        return meaning(event.value) if event.implicit[0] else event.value

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        import yaml

        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, path)
            if key == "<<" and getattr(event, "implicit", (False,))[0]:  # quoted it is a key like any other
                merged = self._merge(next(events), events, path) | merged
                continue
            own = (*path, key)
            if key in found:
                cure = f"It stands on line {self.keys[own].line} already: keep one of them."
                self._fault(event, own, "this key is given twice.", cure)
                self._value(next(events), events, (*path, key, "(again)"))
                continue
            self.keys[own] = _place(event.start_mark)
            found[key] = self._value(next(events), events, own)
        return found | {key: value for key, value in merged.items() if key not in found}

    def _key(self, event: Event, events: Iterator[Event], path: Path) -> str:
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            if not event.implicit[0] or isinstance(meaning(event.value), str):
                return str(event.value)
            self._fault(event, path, f"the key {event.value or 'null'} is no text.", f'Write it in quotes: "{event.value}".')
            return str(event.value)
        self._fault(event, path, "this key is no text.", "Write keys as plain words.")
        self._value(event, events, (*path, "(key)"))
        return f"(key {self._count})"

    def _merge(self, event: Event, events: Iterator[Event], path: Path) -> dict[str, Any]:
        """What `<<` brings in: a mapping, or several of which the first wins."""
        value = self._value(event, events, (*path, "<<"))
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._fault(event, path, "<< takes a mapping or a list of them.", "Write `<<: *name` with the anchor of a mapping.")
            return {}
        return {key: inner for part in reversed(parts) for key, inner in part.items()}

    def _sequence(self, events: Iterator[Event], path: Path) -> list[Any]:
        import yaml

        found: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            found.append(self._value(event, events, (*path, len(found))))
        return found

    def _anchored(self, anchor: str, event: Event, events: Iterator[Event], path: Path) -> Any:
        """Read a value and keep its events, for its aliases."""
        kept: list[Event] = [event]

        def keeping() -> Iterator[Event]:
            for one in events:
                kept.append(one)
                yield one

        self._open.add(anchor)
        value = self._bare(event, keeping(), path)
        self._open.discard(anchor)
        self._anchors[anchor] = kept
        return value

    def _alias(self, event: Event, path: Path) -> Any:
        name = str(getattr(event, "anchor", ""))
        if name in self._open:
            self._stop(event, path, f"*{name} stands within what it names.", "Write the value out.")
        if name not in self._anchors:
            self._stop(event, path, f"there is no anchor &{name} above.", "Name the anchor that is meant.")
        replayed = iter(self._anchors[name])
        return self._bare(next(replayed), replayed, path)

    def _fault(self, event: Event, path: Path, message: str, cure: str = "") -> None:
        self.found.append(FileFault(self._file, _place(event.start_mark), path, message, cure))

    def _stop(self, event: Event, path: Path, message: str, cure: str = "") -> None:
        self._fault(event, path, message, cure)
        raise CodeError(self.found)


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
