"""Two servers on PostgreSQL under load: every tick once; a killed or paused server's run is taken over and finished once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.runtime.workspace import Workspace
from tests.jobs.conftest import begun, jobs_of, until
from tests.services.sail import free_port
from tests.store.bills import charge, write_csv


@pytest.fixture
def shared(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
    with Workspace(tmp_path / "home") as workspace:
        workspace.ingest([write_csv(tmp_path / "bill.csv", [charge("1.00"), charge("2.00", "Storage")])])
        yield workspace


@contextmanager
def servers(workspace: Workspace, number: int, lease: float) -> Iterator[list[tuple[subprocess.Popen[bytes], str]]]:
    """Servers of their own processes over one home; those that still run are ended."""
    running: list[tuple[subprocess.Popen[bytes], str]] = []
    try:
        for _ in range(number):
            port = free_port()
            command = [
                sys.executable,
                "-m",
                "tests.jobs.extra_steps",
                "--home",
                str(workspace.home),
                "serve",
                "--port",
                str(port),
            ]
            env = {**os.environ, "TEST_LEASE": str(lease)}
            running.append((subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL), f"http://127.0.0.1:{port}"))
        for _, url in running:
            until(lambda url=url: answers(url))  # type: ignore[misc]
        yield running
    finally:
        for process, _ in running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process, _ in running:
            process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def test_every_tick_is_run_once_under_load_and_a_killed_server_is_taken_over(shared: Workspace, tmp_path: Path) -> None:
    jobs, file, slow = jobs_of(shared), tmp_path / "f", tmp_path / "slow"
    schedules = ScheduleBook(shared.opened.database, shared.opened.now)
    for name, seconds in (("a", 1), ("b", 1), ("c", 4)):
        schedules.put(name, "test.note", f"* * * * * */{seconds}", inputs={"file": str(file), "text": name}, by="ann")
    over, asked = threading.Event(), Counter[int]()

    def load(url: str) -> None:
        with httpx.Client(base_url=url, timeout=10) as client:
            while not over.is_set():
                try:
                    asked[client.get("/api/v1/costs", params={"range": "all", "group_by": "service"}).status_code] += 1
                except httpx.TransportError:
                    return  # that server was killed

    with servers(shared, 2, lease=2) as ((_, first_url), (_, second_url)):
        threads = [threading.Thread(target=load, args=(url,)) for url in (first_url, second_url, second_url)]
        for thread in threads:
            thread.start()
        until(lambda: len(jobs.history(limit=1000)) >= 12)
        until(lambda: len({run.worker for run in jobs.history(limit=1000, state="done")}) == 2)
        run_id = jobs.queue("test.note", {"file": str(slow), "seconds": 2}, actor="ann")
        until(lambda: begun(slow))
        holder = int(slow.read_text().split()[-1])
        os.kill(holder, signal.SIGKILL)
        until(lambda: jobs.get(run_id).ended)
        for name in ("a", "b", "c"):
            schedules.switch(name, on=False, by="ann")
        until(lambda: all(run.ended for run in jobs.history(limit=1000)))
        over.set()
        for thread in threads:
            thread.join()
    run = jobs.get(run_id)
    assert (run.state, run.attempt) == ("done", 2)
    assert f":{holder}:" not in str(run.worker)
    assert slow.read_text().count("ends") == 1
    found = [one for one in jobs.history(limit=1000) if one.schedule]
    assert {one.state for one in found} == {"done"}
    assert len({(one.schedule, one.tick) for one in found}) == len(found) >= 12
    notes = Counter(line.split()[0] for line in file.read_text().splitlines() if "ends" in line)
    again = Counter(one.schedule for one in found if one.attempt > 1)  # those the killed server had in its hands
    for name in ("a", "b", "c"):
        ticks = sorted(one.tick for one in found if one.schedule == name and one.tick)
        assert len(ticks) <= notes[name] <= len(ticks) + again[name]
        if name == "c":  # often enough that none is passed over for a newer one
            assert len(ticks) >= 2
            assert {later - tick for tick, later in pairwise(ticks)} == {timedelta(seconds=4)}
    assert sum(again.values()) <= 2
    assert set(asked) == {200}
    assert asked[200] > 20


def test_a_server_that_was_paused_past_its_lease_overwrites_nothing(shared: Workspace, tmp_path: Path) -> None:
    jobs, file = jobs_of(shared), tmp_path / "f"
    with servers(shared, 2, lease=1) as both:
        run_id = jobs.queue("test.note", {"file": str(file), "seconds": 2}, actor="ann")
        until(lambda: begun(file))
        holder = int(file.read_text().split()[-1])
        os.kill(holder, signal.SIGSTOP)
        until(lambda: jobs.get(run_id).attempt == 2)
        os.kill(holder, signal.SIGCONT)
        until(lambda: jobs.get(run_id).ended)
        run = jobs.get(run_id)
        assert (run.state, run.attempt) == ("done", 2)
        assert f":{holder}:" not in str(run.worker)
        again = jobs.queue("test.note", {"file": str(file)}, actor="ann")  # both still work
        until(lambda: jobs.get(again).ended)
        assert jobs.get(run_id) == run
        assert all(process.poll() is None for process, _ in both)
