"""A source whose batches a test writes down: for the laws of syncing, whatever the vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Piece, SourceError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.batches import Batches, Synced


@dataclass
class Scripted:
    """Offers `batches`; the content of a piece is what `content` says of its place. Faults are raised once each, in order."""

    batches: list[Batch] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    after: Callable[[], None] = lambda: None

    def check(self) -> Iterable[Checked]:
        return [Checked("anything", True)]

    def offered(self) -> Iterator[Batch]:
        yield from self.batches

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        beat()
        content: bytes = piece.place["content"]
        start = part.stat().st_size if part.exists() else 0
        if self.faults:
            with part.open("ab") as out:
                out.write(content[start : start + max(1, (len(content) - start) // 2)])
            raise self.faults.pop(0)
        with part.open("ab") as out:
            out.write(content[start:])
        self.fetched.append(piece.name)
        self.after()


def piece(name: str, content: bytes, **more: Any) -> Piece:
    import hashlib

    told: Mapping[str, Any] = {"tag": hashlib.sha1(content).hexdigest(), "size": len(content), **more}
    return Piece(name, place={"content": content}, **told)


def batch(key: str, *pieces: Piece, at: datetime | None = None, **more: Any) -> Batch:
    return Batch(key, pieces, delivered_at=at, **more)


def synced(acting: Acting, source: Scripted, *, connection: str = "scripted") -> Synced:
    return Batches(acting, connection, connection, lambda: None, lambda _: None, str).take(source)


CUT = SourceError("the line was cut", retryable=True)
