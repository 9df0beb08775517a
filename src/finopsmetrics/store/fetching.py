"""Fetched pieces on their way in: kept in a folder of the home until their batch is taken in, so that a kill loses little.

A piece lies under a name made of its own and its tag, `.part` until it is whole: what was fetched before a kill is used again,
and what belongs to another version is not. Pieces that are the same as in the last delivery are taken from its raw files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from finopsmetrics.core.errors import ConflictError, DeliveryError
from finopsmetrics.integrations.collecting import Piece
from finopsmetrics.store.collected import Collected
from finopsmetrics.store.durable import flush
from finopsmetrics.store.home import Home, slug
from finopsmetrics.store.records import DeliveryRecord

FOLDER = "fetched"


class FetchRoom:
    """The folder in which the pieces of one connection come together."""

    def __init__(self, home: Home, connection: str) -> None:
        self.home, self.folder = home, home.root / FOLDER / slug(connection)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder. Raises ConflictError while another sync of the connection runs on this machine."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.folder.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                cause = f"Another sync of {self.folder.name} is running."
                raise ConflictError(cause, cure="Wait for it, or try again later.", retryable=True) from error
            yield

    def has(self, piece: Piece) -> Path | None:
        """A piece that was fetched whole before."""
        path = self._path(piece)
        return path if piece.tag and path.is_file() else None

    def fetch(self, piece: Piece, write: Callable[[Path], None]) -> Path:
        """Let `write` write a piece's file or go on with it; check it and give it.

        Raises DeliveryError when what came is not what was offered; a file that was only cut short stays, to go on with.
        """
        path = self._path(piece)
        part = path.with_name(path.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not piece.tag or (piece.size is not None and part.exists() and part.stat().st_size > piece.size):
            part.unlink(missing_ok=True)
        write(part)
        part.touch()
        if piece.size is not None and part.stat().st_size < piece.size:
            cause = f"{piece.name} was cut short: {part.stat().st_size:,} of {piece.size:,} bytes came."
            raise DeliveryError(cause, cure="Sync again; it goes on where it was cut.", retryable=True)
        if (piece.size is not None and part.stat().st_size != piece.size) or (piece.md5 and _md5(part) != piece.md5):
            part.unlink()
            raise DeliveryError(f"{piece.name} is not what was offered.", cure="Sync again.", retryable=True)
        flush(part)
        os.replace(part, path)
        return path

    def clear(self) -> None:
        """Remove what was fetched: it was taken in, or belongs to nothing that is offered any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, piece: Piece) -> Path:
        mark = hashlib.sha256(f"{piece.name}\n{piece.tag}".encode()).hexdigest()[:20]
        return self.folder / f"{mark}-{slug(piece.name.rsplit('/', 1)[-1])}"


def kept_piece(home: Home, known: Collected | None, record: DeliveryRecord | None, piece: Piece) -> Path | None:
    """The raw file of the last delivery that is this piece, unchanged; None where there is none."""
    tag, sha256 = known.pieces.get(piece.name, ("", "")) if known is not None else ("", "")
    if record is None or not tag or tag != piece.tag:
        return None
    raw = next((home.root / entry["raw"] for entry in record.files if entry["sha256"] == sha256), None)
    return raw if raw is not None and raw.is_file() else None


def sweep_fetched(home: Home, older_than: timedelta) -> int:
    """Remove what was fetched and not touched since; give the bytes that were freed."""
    freed, before = 0, time.time() - older_than.total_seconds()
    for path in (home.root / FOLDER).glob("*/*"):
        if path.is_file() and path.stat().st_mtime < before:
            freed += path.stat().st_size
            path.unlink(missing_ok=True)
    return freed


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
