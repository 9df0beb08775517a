"""Watching: a folder on the server's machine into which bills are put, taken in as they come."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, StoreError, UsageError
from finopsmetrics.runtime.collecting import collecting
from finopsmetrics.store.incoming import Incoming, gather
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.intake import kind_of
from finopsmetrics.store.plugin_book import plugins_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.steps import Beat
    from finopsmetrics.store.report import DeliveryReport

ROOTS = "FINOPSMETRICS_INGEST_ROOTS"
"""Names the folders that may be watched, like PATH; those within them too."""


@dataclass
class Seen:
    """What became of a folder: deliveries taken in, how many were known, names still being written, and what was refused."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    left: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)


def take_folder(acting: Acting, folder: Path, *, source: str | None, quiet: int, beat: Beat) -> Seen:
    """Take in each billing file and each folder within `folder` that did not change for `quiet` seconds.

    What was taken in before is known by its content. One that is refused does not hold up the others; of two that came
    at the same time and are the same bill the second is refused. Raises UsageError for what is no folder.
    """
    acting.require("deliveries:write")
    acting.principal.require_all_charges("taking deliveries in")
    _check_root(folder, acting.workspace.home)
    seen, own = Seen(), set[str]()
    ingestor = acting.workspace.opened.ingestor
    for entry in _settled(folder, quiet, seen):
        beat()
        options = IngestOptions(actor=acting.principal.name, beside=frozenset(own), publishing=False)
        try:
            for one in gather([entry], source=source):
                with collecting(plugins_of(acting.workspace.opened), one.source or one.name) as told:
                    _note(told(ingestor.ingest(one, _dated(options, one), lambda *_: beat())), seen, own)
        except StoreError:
            raise
        except FinOpsError as error:
            if error.retryable or error.code == "stopped":
                raise
            seen.refused.append({"name": entry.name, "error": str(error)})
    if seen.taken:
        ingestor.publish()
    return seen


def _dated(options: IngestOptions, one: Incoming) -> IngestOptions:
    """A delivery that says when it was delivered may replace any other."""
    return options if one.delivered_at is None else replace(options, beside=frozenset())


def _note(report: DeliveryReport, seen: Seen, own: set[str]) -> None:
    if report.status == "unchanged":
        seen.known += 1
        return
    own.add(report.id)
    told = ("id", "source", "status", "rows", "accepted", "quarantined", "periods")
    seen.taken.append({name: getattr(report, name) for name in told})


def _check_root(folder: Path, home: Path) -> None:
    """Raise UsageError for a folder outside of those that the server's keeper gave: a schedule reads no other files."""
    given = [Path(root) for root in os.environ.get(ROOTS, "").split(os.pathsep) if root]
    roots = [root.resolve() for root in (home / "inbox", *given)]
    if not any(folder.resolve().is_relative_to(root) for root in roots):
        cure = f"Use the home's folder inbox, or start the server with {ROOTS}={folder}."
        raise UsageError(f"{folder} is not among the folders that may be watched.", cure=cure)


def _settled(folder: Path, quiet: int, seen: Seen) -> Iterator[Path]:
    """What lies in a folder, is no hidden file, can be a bill, and no longer changes."""
    if not folder.is_absolute() or not folder.is_dir():
        raise UsageError(f"{folder} is no folder on the server's machine.", cure="Give the absolute path of a folder.")
    before = time.time() - quiet
    for one in sorted(folder.iterdir()):
        if one.name.startswith(".") or one.is_symlink() or (one.is_file() and kind_of(one) is None):
            continue
        try:
            changing = any(part.stat().st_mtime > before for part in (one, *(one.rglob("*") if one.is_dir() else ())))
        except OSError:  # it went, or is being moved
            changing = True
        if changing:
            seen.left.append(one.name)
        else:
            yield one
