"""Where a workspace keeps its things on disk, and the settings that steer it."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finopsmetrics.core.errors import StoreError

DEFAULT_HOME = Path("~/.finopsmetrics")


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
            for folder in (home.lake, home.raw, home.staging, home.cache):
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
        import fcntl
        import shutil

        room = self.staging / uuid.uuid4().hex
        room.mkdir(parents=True, mode=0o700)
        with (room / ".owner").open("w") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX)
            try:
                yield room
            finally:
                shutil.rmtree(room, ignore_errors=True)


def slug(text: str) -> str:
    """A name that is safe as a folder and on a command line: lower-case letters, digits, dots and hyphens."""
    plain = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")
    return plain[:80] or "unnamed"
