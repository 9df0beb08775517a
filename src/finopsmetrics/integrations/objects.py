"""Object stores as sources see them: objects under a prefix with their tags, and their bytes from a place on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from finopsmetrics.integrations.collecting import Beat, Checked, Piece, Source, SourceError

BEATS = 64  # blocks of bytes between two signs of life


@dataclass(frozen=True)
class Object:
    """An object: its key, its tag (which changes with its content), its size in bytes, and when it was written (UTC, no zone)."""

    key: str
    tag: str
    size: int
    modified: datetime
    md5: str | None = None


class Store(Protocol):
    """A bucket or container, read with one connection's credentials. Its methods raise SourceError."""

    def objects(self, prefix: str) -> Iterable[Object]:
        """Every object under a prefix, in the order of their keys, however many pages that takes."""

    def blocks(self, key: str, tag: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start` on. Raises SourceChangedError when its tag is another one."""


def piece_of(one: Object, name: str) -> Piece:
    """An object as a piece of a batch, under a name of its own there."""
    return Piece(name, one.tag, one.size, one.md5, {"key": one.key})


def fetch(store: Store, piece: Piece, part: Path, beat: Beat) -> None:
    """Write a piece's bytes into `part`, going on at its end."""
    start = part.stat().st_size if part.exists() else 0
    if piece.size is not None and start >= piece.size:
        return
    with part.open("ab") as out:
        for number, block in enumerate(store.blocks(piece.place["key"], piece.tag, start)):
            if number % BEATS == 0:
                beat()
            out.write(block)


def small(store: Store, one: Object) -> bytes:
    """All bytes of a small object, such as a manifest. Raises SourceError for one that is not small."""
    if one.size > 16 << 20:
        raise SourceError(f"{one.key} is too large for a manifest.", cure="Check the connection's prefix.")
    return b"".join(store.blocks(one.key, one.tag))


def reading(store: Store, where: str, prefix: str, permissions: tuple[str, str]) -> Iterator[Checked]:
    """Try to list under a prefix and to read one object; `permissions` are the vendor's names of the two."""
    listing, getting = permissions
    first: Object | None = None
    try:
        first = next(iter(store.objects(prefix)), None)
    except SourceError as error:
        yield Checked(f"{listing} on {where}", False, error.cause, error.cure)
        return
    yield Checked(f"{listing} on {where}", True, "" if first else f"nothing lies under {prefix!r} yet")
    if first is None:
        return
    try:
        next(store.blocks(first.key, first.tag), b"")
    except SourceError as error:
        yield Checked(f"{getting} on {where}", False, error.cause, error.cure)
        return
    yield Checked(f"{getting} on {where}", True)


def whole_delivery(source: Source, cure: str) -> Checked:
    """Whether a source offers anything now."""
    try:
        found = [batch.key for batch in source.offered()]
    except SourceError as error:
        return Checked("a whole delivery", False, error.cause, error.cure)
    told = f"{len(found)}, from {found[0]} to {found[-1]}" if found else "none is there yet"
    return Checked("a whole delivery", bool(found), told, "" if found else cure)
