"""The order of writes: when the state commits, everything it will refer to has been forced onto the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import audit
from tests.store.bills import bad_charge, charge


@pytest.mark.parametrize("earlier", [0, 1])
def test_everything_is_on_the_disk_before_the_commit(
    workspace: Workspace, bill: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    """For a first delivery, which makes folders and tables, and for one that replaces another."""
    for number in range(earlier):
        workspace.ingest([bill(charge("1.00"))], delivered_at=datetime(2026, 7, 1 + number))
    home, before = workspace.home, {workspace.home, *workspace.home.rglob("*")}
    forced: set[int] = set()
    at_commit: list[set[int]] = []
    record = audit.record

    def note(descriptor: int) -> None:
        forced.add(os.fstat(descriptor).st_ino)

    def last_step(*arguments: object) -> None:
        record(*arguments)  # type: ignore[arg-type]
        at_commit.append(set(forced))

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(audit, "record", last_step)
    workspace.ingest([bill(charge("2.00"), bad_charge())], delivered_at=datetime(2026, 7, 9))
    new = [
        path for folder in (home / "lake", home / "raw") for path in folder.rglob("*") if path.is_file() and path not in before
    ]
    needed = [path for path in new if "metadata" not in path.parts or _is_referred_to(workspace, path)]
    assert len(needed) >= 8
    made = {parent for path in needed for parent in path.parents if parent.is_relative_to(home) and parent not in before}
    folders = {path.parent for path in [*needed, *made]}
    missed = [str(path.relative_to(home)) for path in [*needed, *folders] if path.stat().st_ino not in at_commit[0]]
    assert missed == []


def _is_referred_to(workspace: Workspace, path: Path) -> bool:
    """Metadata of a table that was made and changed in one transaction is superseded before anybody sees it."""
    from finopsmetrics.store import catalog

    with workspace.opened.database.read() as connection:
        tables = [catalog.load(connection, workspace.opened.home, name) for name in catalog.table_names(connection)]
    return any(path in catalog.metadata_in_use(table, 1 << 62) for table in tables)
