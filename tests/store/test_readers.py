"""Readers while bills are replaced: every answer is one state or the other, and none fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.maintain import maintain
from tests.store.bills import charge, write_big_csv, write_csv
from tests.store.homes import Costs, costs, delivered, failures

ROOT = Path(__file__).parents[2]
RESTATEMENTS = 22
BEGIN = datetime(2026, 7, 1)

RESTATE = """
import sys
from datetime import datetime, timedelta
from finopsmetrics.runtime.workspace import Workspace
home, *bills, times = sys.argv[1:]
with Workspace(home) as workspace:
    for number in range(int(times)):
        workspace.ingest([bills[number % 2]], delivered_at=datetime(2026, 7, 2) + timedelta(seconds=number))
"""
READ = """
import sys, json
from finopsmetrics.runtime.workspace import Workspace
from tests.store.homes import costs
with Workspace(sys.argv[1]) as workspace:
    print("ready", flush=True)
    seen = []
    for _ in sys.stdin:
        found = {str(name): str(cost) for name, cost in costs(workspace, "ResourceId").items()}
        print(json.dumps(found), flush=True)
"""


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder, periods = tmp_path_factory.mktemp("bills"), ("2026-05", "2026-06")
    return write_big_csv(folder / "a.csv", 5_000, periods), write_big_csv(folder / "b.csv", 5_500, periods, factor="3")


def test_no_reader_sees_a_torn_answer(tmp_path: Path, bills: tuple[Path, Path]) -> None:
    home, over = tmp_path / "home", threading.Event()
    by_service, by_resource = ([delivered(path, by) for path in bills] for by in ("ServiceName", "ResourceId"))
    with Workspace(home) as workspace:
        workspace.ingest([bills[1]], delivered_at=BEGIN)

        def read(by: str, known: list[Costs]) -> set[int]:
            seen = set()
            while not over.is_set():
                seen.add(known.index(costs(workspace, by)))
            return seen

        def sweep() -> None:
            while not over.wait(0.5):
                maintain(workspace.opened, grace=timedelta(minutes=10), keep_history=timedelta(0))

        with ThreadPoolExecutor(4) as pool, running(RESTATE, home, *bills, RESTATEMENTS) as writer:
            readers = [pool.submit(read, "ServiceName", by_service), pool.submit(read, "ResourceId", by_resource)]
            readers += [pool.submit(_read_elsewhere, home, by_resource, over)]
            broom = pool.submit(sweep)
            try:
                assert writer.wait(timeout=240) == 0
            finally:
                over.set()
            assert [reader.result() for reader in readers] == [{0, 1}] * 3
            broom.result()
        assert costs(workspace) == by_service[1]
        assert failures(workspace, deep=True) == []


def _read_elsewhere(home: Path, known: list[Costs], over: threading.Event) -> set[int]:
    """Read in another process until it is over; which states were seen."""
    seen = set()
    with running(READ, home) as reader:
        assert reader.stdin
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        while not over.is_set():
            reader.stdin.write("\n")
            reader.stdin.flush()
            answer = {name: Decimal(cost) for name, cost in json.loads(reader.stdout.readline()).items()}
            seen.add(known.index(answer))
        reader.stdin.close()
        assert reader.wait(timeout=30) == 0
    return seen


def _at_once(tmp_path: Path, tasks: list[tuple[Path, str]]) -> list[str]:
    """Take bills in at the same moment, each through a home opened by itself; their statuses."""
    begin = threading.Barrier(len(tasks))

    def take(path: Path, source: str) -> str:
        with Workspace(tmp_path / "home") as workspace:
            begin.wait(timeout=60)
            return workspace.ingest([path], source=source)[0].status

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [done.result() for done in [pool.submit(take, *task) for task in tasks]]


def test_the_same_bill_twice_at_once_is_one_bill(tmp_path: Path, bill: Callable[..., Path]) -> None:
    path = bill(charge("7.00"), charge("8.00", "Storage"))
    assert sorted(_at_once(tmp_path, [(path, "cloud"), (path, "cloud")])) == ["taken", "unchanged"]
    with Workspace(tmp_path / "home") as workspace:
        assert costs(workspace) == {"Compute": Decimal(7), "Storage": Decimal(8)}
        assert len(workspace.deliveries()) == 1
        assert failures(workspace, deep=True) == []


def test_two_sources_at_once_are_both_there(tmp_path: Path) -> None:
    paths = [write_csv(tmp_path / f"{name}.csv", [charge("5.00", name)]) for name in ("North", "South", "West")]
    assert _at_once(tmp_path, [(path, path.stem) for path in paths]) == ["taken"] * 3
    with Workspace(tmp_path / "home") as workspace:
        assert costs(workspace) == {name: Decimal(5) for name in ("North", "South", "West")}
        assert failures(workspace, deep=True) == []


def test_a_new_home_opened_by_many_at_once(tmp_path: Path) -> None:
    begin = threading.Barrier(4)

    def opened() -> int:
        begin.wait(timeout=60)
        with Workspace(tmp_path / "home") as workspace:
            return len(workspace.deliveries())

    with ThreadPoolExecutor(4) as pool:
        assert [done.result() for done in [pool.submit(opened) for _ in range(4)]] == [0] * 4
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0  # bills are nobody else's business
