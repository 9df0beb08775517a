"""Where a workspace keeps its things on disk, and the settings that steer it."""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from finopsmetrics.core.errors import ConflictError, StoreError

DEFAULT_HOME = Path("~/.finopsmetrics")
OWNER = ".owner"


@dataclass(frozen=True)
class Home:
    """The folders of a workspace under `root`, and the URL of its state database."""

    root: Path
    state_url: str

    @classmethod
    def open(cls, root: str | Path | None = None, state_url: str | None = None) -> Home:
        """Find the home: `root`, else FINOPSMETRICS_HOME, else ~/.finopsmetrics; make its folders."""
        chosen = Path(root or os.environ.get("FINOPSMETRICS_HOME") or DEFAULT_HOME).expanduser().resolve()
        url = state_url or os.environ.get("FINOPSMETRICS_STATE_URL") or f"sqlite:///{chosen / 'state.db'}"
        home = cls(chosen, url)
        try:
            for folder in (home.root, home.lake, home.raw, home.staging, home.cache):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            cure = "Give another folder with --home or FINOPSMETRICS_HOME."
            raise StoreError(f"The home {chosen} cannot be written ({error.strerror}).", cure=cure) from error
        return home

    @property
    def lake(self) -> Path:
        """The data files of the tables."""
        return self.root / "lake"

    @property
    def raw(self) -> Path:
        """Deliveries as they were fetched."""
        return self.root / "raw"

    @property
    def staging(self) -> Path:
        """Work in progress; whatever its owner leaves behind is swept by `maintain`."""
        return self.root / "staging"

    @property
    def cache(self) -> Path:
        """Files that can be made again at any time: replays of superseded deliveries."""
        return self.root / "cache"

    @contextmanager
    def workroom(self) -> Iterator[Path]:
        """A staging folder of one's own, held by a lock while its owner lives, and removed at the end."""
        import shutil

        room, owner = self._own_room()
        with owner:
            try:
                yield room
            except OSError as error:
                where = f" ({Path(error.filename).name})" if isinstance(error.filename, (str, Path)) else ""
                cause = f"A file could not be read or written{where}: {error.strerror or error}."
                raise StoreError(cause, cure="Check the disk of the home, then try again; nothing was changed.") from error
            finally:
                shutil.rmtree(room, ignore_errors=True)

    def _own_room(self) -> tuple[Path, IO[str]]:
        """Make a room and lock it; make another when a sweeper took it in the moment between."""
        while True:
            room = self.staging / uuid.uuid4().hex
            try:
                room.mkdir(parents=True, mode=0o700)
                owner = (room / OWNER).open("w")
            except FileNotFoundError:
                continue
            except OSError as error:
                cause = f"The home {self.root} cannot be written ({error.strerror})."
                raise StoreError(cause, cure="Make it writable, or give another folder with --home.") from error
            fcntl.flock(owner, fcntl.LOCK_EX)
            if (room / OWNER).exists():
                return room, owner
            owner.close()

    @contextmanager
    def upkeep(self, *, alone: bool) -> Iterator[None]:
        """Keep `maintain` (alone) apart from backups (not alone), which wait for it. Raises ConflictError instead when alone."""
        try:
            lock = (self.root / ".maintain.lock").open("w")
        except OSError as error:
            cause = f"The home {self.root} cannot be written ({error.strerror})."
            raise StoreError(cause, cure="Make it writable, or give another folder with --home.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
            except BlockingIOError as error:
                cause = "A backup or another maintain of this home is running."
                raise ConflictError(cause, cure="Try again when it is done.", retryable=True) from error
            yield


def slug(text: str) -> str:
    """A name that is safe as a folder and on a command line: lower-case letters, digits, dots and hyphens."""
    plain = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")
    return plain[:80] or "unnamed"
