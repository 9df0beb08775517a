"""What a home answers and holds, looked at from outside."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from sqlalchemy import select

from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.doctor import examine
from finopsmetrics.store.lake import CHARGES
from finopsmetrics.store.tables import deliveries, lake_files

Costs = dict[str | None, Decimal]
NOW = timedelta(0)


class Mould:
    """A home that is filled once and copied for each test, always to the same place: to Iceberg a home that moves is another."""

    def __init__(self, folder: Path, fill: Callable[[Workspace, Path], None]) -> None:
        self._home, self._kept = folder / "home", folder / "kept"
        with Workspace(self._home) as workspace:
            fill(workspace, folder)
        shutil.move(self._home, self._kept)

    def cast(self) -> Iterator[Workspace]:
        """A home as it was filled, opened; it is gone afterwards."""
        shutil.copytree(self._kept, self._home)
        with Workspace(self._home) as workspace:
            yield workspace
        shutil.rmtree(self._home)


def costs(workspace: Workspace, by: str = "ServiceName", as_of: object = None) -> Costs:
    """Billed costs by one dimension, over all time."""
    table = workspace.costs.get_costs(group_by=by, time_range="all", as_of=as_of).table.to_pylist()
    return {row[by]: row["cost"] for row in table}


def delivered(path: Path, by: str = "ServiceName") -> Costs:
    """What a delivered CSV file says, read by nobody of ours."""
    source = f"read_csv('{path}', all_varchar = true, header = true)"
    query = f"SELECT {by}, sum(CAST(BilledCost AS DECIMAL(38,18))) FROM {source} GROUP BY 1"
    with duckdb.connect() as connection:
        return dict(connection.execute(query).fetchall())


def failures(workspace: Workspace, *, deep: bool = False) -> list[str]:
    """Checks of the doctor that failed."""
    return [f"{check['check']}: {check['detail']}" for check in examine(workspace.opened, deep=deep) if check["status"] == "fail"]


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def orphans(workspace: Workspace) -> set[str]:
    """Files below lake (but Iceberg's metadata), raw and staging that the state does not know, and known ones that are gone."""
    root = workspace.home
    with workspace.opened.database.read() as connection:
        known = set(connection.execute(select(lake_files.c.path)).scalars())
        known |= {file["raw"] for files in connection.execute(select(deliveries.c.files)).scalars() for file in files}
    kept = {f"{folder}/{name}" for folder in ("lake", "raw") for name in files_under(root / folder)}
    on_disk = {path for path in kept if not path.startswith("lake/lake/")}
    return on_disk ^ known | _left_in_staging(root)


def _left_in_staging(root: Path) -> set[str]:
    """Rooms of the living hold nothing but their lock and what their engine spills."""
    return {name for name in files_under(root / "staging") if not name.endswith(".owner")}


def charges_files(workspace: Workspace) -> list[str]:
    return [file.path for file in workspace.opened.lake.snapshot().files[CHARGES]]
