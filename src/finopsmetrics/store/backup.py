"""Copy a home while it works, and bring it back somewhere else.

The state is read in one transaction; the data files and raw files that it names never change, and `maintain` waits for the
copy, so the backup is the home of that moment whatever is taken in meanwhile. A backup becomes visible by one rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from finopsmetrics.core.errors import ConflictError, NotFoundError, StoreError, UsageError
from finopsmetrics.core.release import VERSION
from finopsmetrics.store import dump
from finopsmetrics.store.database import HEAD, Database
from finopsmetrics.store.durable import flush
from finopsmetrics.store.home import Home
from finopsmetrics.store.intake import BLOCK
from finopsmetrics.store.maintain import rebuild_catalog
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.tables import deliveries, lake_files

FORMAT = 1
MANIFEST = "manifest.json"
_DAMAGED = "Nothing was restored; take another backup."


@dataclass(frozen=True)
class BackupReport:
    """What a backup or a restore copied: the folder, files, bytes, deliveries and receipts."""

    folder: str
    files: int
    bytes: int
    deliveries: int
    receipts: int

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def backup(opened: OpenedHome, target: Path) -> BackupReport:
    """Copy the state, the data files that it names and everything delivered into a new folder.

    Raises UsageError for a target inside the home, ConflictError for one that holds something, and StoreError when a file
    is gone or damaged; then there is no backup.
    """
    target = target.expanduser().resolve()
    if target.is_relative_to(opened.home.root):
        raise UsageError(f"The backup would lie inside the home ({target}).", cure="Give a folder elsewhere.")
    _refuse_full(target, "The backup's folder")
    with opened.home.upkeep(alone=False), _appearing(target) as made:
        (made / "state").mkdir()
        with opened.database.read() as connection:
            counts = dump.dump(connection, made / "state")
            wanted = _wanted(connection, opened.home)
        files = [_entry(path, made) for path in sorted((made / "state").iterdir())]
        for place, expected in wanted.items():
            files.append(_copied(opened.home.root / place, made / "home" / place, f"home/{place}", expected))
        _write_manifest(made, files, counts)
    return _report(target, files, counts)


def restore(source: Path, root: Path, state_url: str | None = None) -> BackupReport:
    """Make a home at `root` from a backup; every file is checked against its hash before the home appears.

    Raises ConflictError for a home or a state database that holds something, NotFoundError where there is no backup, and
    StoreError for a damaged one; then nothing is there that was not before.
    """
    source, root = source.expanduser().resolve(), root.expanduser().resolve()
    manifest = _read_manifest(source)
    _refuse_full(root, "The home")
    url = state_url or os.environ.get("FINOPSMETRICS_STATE_URL") or f"sqlite:///{root}/state.db"
    inside = f"sqlite:///{root}/"
    if url.startswith(inside):
        with _appearing(root) as made, _state(url.replace(inside, f"sqlite:///{made}/"), manifest) as connection:
            counts = _bring(source, manifest, made, connection)
    else:
        # The files appear before the state is committed; when that fails they go again.
        with _gone_on_failure(root), _state(url, manifest) as connection, _appearing(root) as made:
            counts = _bring(source, manifest, made, connection)
    opened = OpenedHome(Home.open(root, url))
    rebuild_catalog(opened)
    opened.close()
    return _report(root, manifest["files"], counts)


def _bring(source: Path, manifest: dict[str, Any], made: Path, connection: Connection) -> dict[str, int]:
    """Copy a backup's files, each checked, and load its state; give the rows of each table."""
    state = made / "restoring"
    for file in manifest["files"]:
        name = str(file["path"])
        place = made / name.removeprefix("home/") if name.startswith("home/") else state / Path(name).name
        _copied(source / name, place, name, file["sha256"], file["bytes"])
    counts = dump.load(connection, state)
    _check_counts(counts, manifest["rows"])
    shutil.rmtree(state)
    return counts


@contextmanager
def _state(url: str, manifest: dict[str, Any]) -> Iterator[Connection]:
    """A writing transaction on a state database with the backup's schema."""
    database = Database(url)
    try:
        database.upgrade(manifest["schema"])
        with database.write() as connection:
            yield connection
    finally:
        database.close()


@contextmanager
def _gone_on_failure(folder: Path) -> Iterator[None]:
    """Remove a folder, empty so far, when what follows fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _wanted(connection: Connection, home: Home) -> dict[str, str | None]:
    """The files that the state names, relative to the home, with their hash where it is known.

    A superseded data file that is gone already is no loss: its answers are replayed.
    """
    wanted: dict[str, str | None] = {}
    for path, live in connection.execute(select(lake_files.c.path, lake_files.c.live).order_by(lake_files.c.path)):
        if live or (home.root / path).is_file():
            wanted[path] = None
    for files in connection.execute(select(deliveries.c.files)).scalars():
        wanted.update({file["raw"]: file["sha256"] for file in files})
    return wanted


def _copied(path: Path, target: Path, name: str, sha256: str | None, size: int | None = None) -> dict[str, Any]:
    """Copy a file, flushed, and give its entry; it must be there and be what it should be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    done = 0
    try:
        with path.open("rb") as before, target.open("wb") as after:
            while block := before.read(BLOCK):
                digest.update(block)
                after.write(block)
                done += len(block)
            after.flush()
            os.fsync(after.fileno())
    except FileNotFoundError as error:
        raise StoreError(f"The file {name} is missing.", cure=_cure(sha256, size)) from error
    except OSError as error:
        raise StoreError(f"The file {name} could not be copied ({error.strerror}).", cure="Check the disks.") from error
    if (sha256 and digest.hexdigest() != sha256) or (size is not None and size != done):
        raise StoreError(f"The file {name} is damaged: it is not what its hash says.", cure=_cure(sha256, size))
    return {"path": name, "bytes": done, "sha256": digest.hexdigest()}


def _cure(_sha256: str | None, size: int | None) -> str:
    return _DAMAGED if size is not None else "There is no backup of it. Run `finopsmetrics doctor --deep`."


def _entry(path: Path, made: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    flush(path)
    return {"path": str(path.relative_to(made)), "bytes": path.stat().st_size, "sha256": sha256}


def _write_manifest(made: Path, files: list[dict[str, Any]], counts: dict[str, int]) -> None:
    software = f"finopsmetrics {VERSION}"
    body: dict[str, Any] = {"format": FORMAT, "software": software, "schema": HEAD, "rows": counts, "files": files}
    body["digest"] = _digest(body)
    (made / MANIFEST).write_text(json.dumps(body, indent=1), encoding="utf-8")
    flush(made / MANIFEST)


def _digest(body: dict[str, Any]) -> str:
    known = {name: value for name, value in body.items() if name != "digest"}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _read_manifest(source: Path) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        cure = "Give the folder that `finopsmetrics backup` made."
        raise NotFoundError(f"{source} is no backup: it has no {MANIFEST}.", cure=cure) from error
    except ValueError as error:
        raise StoreError(f"The {MANIFEST} of the backup cannot be read.", cure=_DAMAGED) from error
    if not isinstance(body, dict) or body.get("digest") != _digest(body):
        raise StoreError(f"The {MANIFEST} of the backup is damaged.", cure=_DAMAGED)
    if body["format"] != FORMAT:
        cure = "Use the version of finopsmetrics that made it, or a newer one."
        raise StoreError(f"The backup has format {body['format']}; this version reads {FORMAT}.", cure=cure)
    return body


def _check_counts(found: dict[str, int], told: dict[str, int]) -> None:
    odd = sorted(name for name in {*found, *told} if found.get(name, 0) != told.get(name, 0))
    if odd:
        raise StoreError(f"The backup's table {odd[0]} is not whole.", cure=_DAMAGED)


def _refuse_full(folder: Path, what: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{what} {folder} is not empty.", cure="Give a folder that is empty or does not exist yet.")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Make a folder that others see only when it is whole: under another name beside its place, renamed at the end."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = folder.parent / f".{folder.name}.unfinished-{uuid.uuid4().hex[:8]}"
        made.mkdir(mode=0o700)
    except OSError as error:
        cure = "Give a folder on a disk that can be written."
        raise StoreError(f"{folder} cannot be made ({error.strerror}).", cure=cure) from error
    try:
        yield made
        for place, _, _ in os.walk(made, topdown=False):
            flush(Path(place))
        os.rename(made, folder)
        flush(folder.parent)
    except BaseException as error:
        shutil.rmtree(made, ignore_errors=True)
        if isinstance(error, OSError):
            raise StoreError(f"{folder} could not be written ({error.strerror}).", cure="Check the disk.") from error
        raise


def _report(folder: Path, files: list[dict[str, Any]], counts: dict[str, int]) -> BackupReport:
    size = sum(int(file["bytes"]) for file in files)
    return BackupReport(str(folder), len(files), size, counts["deliveries"], counts["receipts"])
