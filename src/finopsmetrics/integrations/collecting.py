"""The words in which a source speaks: what it offers, piece by piece, and what it lets us do. Pure.

A source is opened from a connection's settings and secrets. It offers batches, each one delivery that is whole; a batch is
made of pieces, the files as they will be delivered. Whoever syncs decides which pieces to fetch, keeps what was fetched, and
takes the batch in; a source never knows of homes, lakes or states.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from finopsmetrics.core.errors import FinOpsError

Beat = Callable[[], None]
"""Called between pieces of work; raises when the work is to stop."""


class SourceError(FinOpsError):
    """A source did not give what it offers; nothing was taken in. `retryable` when it may the next time."""

    code = "source"
    http_status = 502


class SourceAccessError(SourceError):
    """A source refuses the credentials, or they do not allow what is needed."""

    code = "source_access"


class SourceChangedError(SourceError):
    """What was being fetched was replaced meanwhile; the next sync finds the new one."""

    code = "source_changed"

    def __init__(self, cause: str) -> None:
        super().__init__(cause, cure="Sync again; nothing of the old one was kept.", retryable=True)


class SourceSettings(BaseModel):
    """The base of a source's settings: frozen, and a key that is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)


@dataclass(frozen=True)
class Piece:
    """One file of a batch: its name there, whose ending tells its kind, and how to know it again.

    Equal `tag`s mean equal content; empty where the source cannot tell before it is fetched. `size` is in bytes, `md5` in
    hex. `place` says where it lies at the source, for the source alone.
    """

    name: str
    tag: str = ""
    size: int | None = None
    md5: str | None = None
    place: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Batch:
    """One delivery that a source offers whole. `key` names it among all that the source ever offers, as a billing period does.

    `replace`: its billing periods stand for the whole of them. `append`: it adds to what was delivered, and only an earlier
    version of itself gives way to it. `delivered_at` is when the source made it, UTC without zone; None: when it is fetched.
    Once it was fetched after `settled`, it no longer changes.
    """

    key: str
    pieces: tuple[Piece, ...]
    mode: Literal["replace", "append"] = "replace"
    delivered_at: datetime | None = None
    settled: datetime | None = None

    @property
    def version(self) -> str | None:
        """Equal versions mean equal content; None where that cannot be told before it is fetched."""
        if not all(piece.tag for piece in self.pieces):
            return None
        told = "\n".join(sorted(f"{piece.name}\t{piece.tag}" for piece in self.pieces))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Checked:
    """One thing that was tried at the source: what it is needed for, whether it worked, and what to do if not."""

    what: str
    ok: bool
    detail: str = ""
    cure: str = ""


@dataclass(frozen=True)
class Outside:
    """What a source needs of the world: the time, UTC without zone, and a way to wait, in seconds."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


class Source(Protocol):
    """Where deliveries of a vendor lie, reached with one connection's settings and secrets. It only reads."""

    def check(self) -> Iterable[Checked]:
        """Try each permission that a sync needs, without changing anything."""

    def offered(self) -> Iterable[Batch]:
        """The deliveries that are there now and whole, oldest first. Raises SourceError."""

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a piece into the file `part`, going on at its end where it holds the beginning of the same tag already.

        Raises SourceError, or SourceChangedError when the piece is no longer what was offered.
        """


class SourceModule(Protocol):
    """What a module that collects holds: its settings, the secrets it knows, and how to open a source."""

    Settings: type[SourceSettings]

    def open_source(self, settings: Any, secrets: Mapping[str, str], outside: Outside) -> Source:
        """A source with these settings; secrets by the names that the manifest declares. Raises SourceError."""
