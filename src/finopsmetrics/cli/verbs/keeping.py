"""Verbs that keep a home well: doctor, maintain, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, say, write_json


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Also recompute every sum and hash; reads the whole lake.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to answer: table or json.")] = Format.table,
) -> None:
    """Check the home: files, sums, catalog, audit trail, stale sources. Exits with 1 when a check fails."""
    from finopsmetrics.store.doctor import examine

    with desk("*:*") as acting:
        found = examine(acting.workspace.opened, deep=deep)
    if form is Format.json:
        write_json(found)
    else:
        colours = {"ok": "green", "warn": "yellow", "fail": "bold red"}
        for check in found:
            cure = f" {check['cure']}" if check["cure"] and check["status"] != "ok" else ""
            colour = colours[check["status"]]
            console().print(f"[{colour}]{check['status']:4}[/{colour}] {check['check']}: {check['detail']}{cure}")
    if any(check["status"] == "fail" for check in found):
        raise typer.Exit(1)


def maintain(
    grace: Annotated[int, typer.Option(help="Minutes for which nothing that was live is removed.")] = 60,
    history: Annotated[int, typer.Option(help="Days to keep superseded data files; after that they are replayed.")] = 30,
) -> None:
    """Sweep what nobody refers to, expire old snapshots and superseded files; what was delivered always stays."""
    from datetime import timedelta

    from finopsmetrics.store.maintain import maintain as sweep

    with desk("*:*") as acting:
        report = sweep(acting.workspace.opened, grace=timedelta(minutes=grace), keep_history=timedelta(days=history))
    write_json(report.as_dict())


def backup(target: Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")]) -> None:
    """Copy the home, consistent also while bills are taken in."""
    from finopsmetrics.store.backup import backup as copy

    with desk("*:*") as acting:
        report = copy(acting.workspace.opened, target)
    write_json(report.as_dict())


def restore(source: Annotated[Path, typer.Argument(help="The folder of a backup.")]) -> None:
    """Make a home from a backup, checked file by file; the home (--home) must be empty."""
    import os

    from finopsmetrics.store.backup import restore as bring_back
    from finopsmetrics.store.home import DEFAULT_HOME

    root = Path(os.environ.get("FINOPSMETRICS_HOME") or DEFAULT_HOME).expanduser()
    report = bring_back(source, root, os.environ.get("FINOPSMETRICS_STATE_URL"))
    write_json(report.as_dict())
    say(f"Restored to {root}.")
