"""What is on the doorstep: files and folders as deliveries, with what their manifests say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finopsmetrics.core.errors import DeliveryError, NotFoundError, UsageError
from finopsmetrics.store.intake import ENDINGS, kind_of


@dataclass(frozen=True)
class IncomingFile:
    """A file of a delivery: where it lies, its name within the delivery, and the hash its manifest gives, if any."""

    path: Path
    name: str
    sha256: str | None = None


@dataclass(frozen=True)
class Incoming:
    """A delivery that is to be taken in. `delivered_at` is UTC without zone."""

    name: str
    files: tuple[IncomingFile, ...]
    source: str | None = None
    delivered_at: datetime | None = None


def gather(
    paths: Sequence[Path], *, source: str | None = None, delivered_at: datetime | None = None, together: bool = False
) -> list[Incoming]:
    """Make deliveries of paths: a file is one, a folder is one, a folder of folders with manifests is one each.

    With `together` all paths are parts of one delivery. Raises NotFoundError, DeliveryError or UsageError.
    """
    found: list[Incoming] = []
    for path in paths:
        if not path.exists():
            raise NotFoundError(f"There is nothing at {path}.", cure="Check the path.")
        found += _folder(path) if path.is_dir() else [_file(path)]
    if together and len(found) > 1:
        names = [file.name for one in found for file in one.files]
        if len(set(names)) < len(names):
            raise UsageError("Two parts have the same name.", cure="Parts of one delivery need names of their own.")
        found = [Incoming(found[0].name, tuple(file for one in found for file in one.files))]
    return [Incoming(one.name, one.files, source or one.source, delivered_at or one.delivered_at) for one in found if one.files]


def parse_moment(text: str) -> datetime:
    """A date or time as UTC without zone. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        cure = "Write 2026-10-03 or 2026-10-03T06:00:00Z."
        raise UsageError(f"{text!r} is not a date or a time.", cure=cure) from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _file(path: Path) -> Incoming:
    return Incoming(path.name, (IncomingFile(path, path.name),))


def _folder(folder: Path) -> list[Incoming]:
    manifest = _manifest_of(folder)
    if manifest is not None:
        return [_by_manifest(folder, manifest)]
    inside = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _manifest_of(entry) is not None)
    if inside:
        return [_by_manifest(entry, path) for entry in inside if (path := _manifest_of(entry)) is not None]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and kind_of(path) and not path.name.startswith(".")]
    if not files:
        raise DeliveryError(f"{folder} holds no billing file.", cure=f"Billing files end with {', '.join(ENDINGS)}.")
    return [Incoming(folder.name, tuple(IncomingFile(path, str(path.relative_to(folder))) for path in files))]


def _manifest_of(folder: Path) -> Path | None:
    named = [folder / "manifest.json", *sorted(folder.glob("*[Mm]anifest.json"))]
    return next((path for path in named if path.is_file()), None)


def _by_manifest(folder: Path, manifest: Path) -> Incoming:
    """Read a manifest: `{"files": [{"path", "sha256"?, "bytes"?}], "source"?, "delivered_at"?}`.

    The manifests of AWS Data Exports (`dataFiles`) and of Azure exports (`blobs`) name their files too and are read alike.
    """
    try:
        body: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        entries = _entries(body)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DeliveryError(f"{manifest.name} cannot be read as a manifest.", cure="Deliver it again.") from error
    files = []
    for name, sha256, size in entries:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise DeliveryError(f"{manifest.name} names a file outside of its folder: {name}.", cure="Deliver it again.")
        if not path.is_file() or (size is not None and path.stat().st_size != size):
            state = "is not of the size that" if path.is_file() else "is missing that"
            raise DeliveryError(f"{name} {state} {manifest.name} names.", cure="The delivery is not complete yet; try later.")
        files.append(IncomingFile(path, name, sha256))
    if not files:
        raise DeliveryError(f"{manifest.name} names no file.", cure="Deliver it again.")
    moment = body.get("delivered_at")
    return Incoming(folder.name, tuple(files), body.get("source"), parse_moment(str(moment)) if moment else None)


def _entries(body: dict[str, Any]) -> list[tuple[str, str | None, int | None]]:
    if "files" in body:
        return [(str(entry["path"]), entry.get("sha256"), entry.get("bytes")) for entry in body["files"]]
    if "dataFiles" in body:
        return [(str(entry).rsplit("/", 1)[-1], None, None) for entry in body["dataFiles"]]
    return [(str(entry["blobName"]).rsplit("/", 1)[-1], None, entry.get("byteCount")) for entry in body["blobs"]]
