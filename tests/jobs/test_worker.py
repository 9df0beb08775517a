"""A worker: does what is due, outlives every step, stops gracefully, and gives up what hangs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from finopsmetrics.core.errors import StoreError
from finopsmetrics.runtime import jobs as jobs_module
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.runtime.worker import Worker
from finopsmetrics.runtime.workspace import Workspace
from tests.jobs.conftest import begun, jobs_of, until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "BACKOFF", timedelta(milliseconds=50))


@pytest.fixture
def working(workspace: Workspace, quick: None) -> Iterator[Worker]:
    with Worker(workspace, poll=0.05) as worker:
        yield worker


def ended(jobs: JobBook, *run_ids: str) -> list[str]:
    until(lambda: all(jobs.get(one).ended for one in run_ids))
    return [jobs.get(one).state for one in run_ids]


def test_a_run_acts_in_its_starters_name_with_no_more_than_its_step_needs(
    workspace: Workspace, working: Worker, tmp_path: Path
) -> None:
    jobs = jobs_of(workspace)
    run_id = jobs.queue("test.note", {"file": str(tmp_path / "f")}, actor="ann")
    assert ended(jobs, run_id) == ["done"]
    run = jobs.get(run_id)
    assert run.outcome == {"by": "ann", "may": ["costs:read"]}
    assert (run.worker, run.attempt, run.error) == (working.name, 1, None)
    assert run.started_at is not None
    assert run.ended_at is not None
    assert run.queued_at <= run.started_at <= run.ended_at


def test_no_step_ends_the_worker(workspace: Workspace, working: Worker, tmp_path: Path) -> None:
    jobs = jobs_of(workspace)
    kinds = ("unforeseen", "exit", "hopeless", "passing", "no json", "nan")
    runs = {kind: jobs.queue("test.error", {"kind": kind}, actor="ann") for kind in kinds}
    assert set(ended(jobs, *runs.values())) == {"failed"}
    found = {kind: jobs.get(run_id) for kind, run_id in runs.items()}
    assert {kind: run.attempt for kind, run in found.items()} == {
        "unforeseen": 3, "exit": 3, "hopeless": 1, "passing": 3, "no json": 3, "nan": 3
    }  # fmt: skip
    assert found["hopeless"].error == "It cannot be done. Do something else."
    assert str(found["unforeseen"].error).startswith("Something unforeseen happened: KeyError")
    assert not any("Traceback" in str(run.error) or "\0" in str(run.error) for run in found.values())
    note = jobs.queue("test.note", {"file": str(tmp_path / "f")}, actor="ann")
    assert ended(jobs, note) == ["done"]


def test_a_step_that_hangs_is_given_up_and_taken_over(workspace: Workspace, working: Worker, tmp_path: Path) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    run_id = jobs.queue("test.hang", {"file": str(file), "seconds": 2}, actor="ann")
    assert ended(jobs, run_id) == ["done"]
    run = jobs.get(run_id)
    assert (run.attempt, run.outcome) == (2, {"woke": False})
    until(lambda: "woke" in file.read_text())
    time.sleep(0.2)
    assert jobs.get(run_id) == run  # what the first one found when it woke is dropped


def test_a_run_that_was_taken_over_is_let_go(workspace: Workspace, working: Worker, tmp_path: Path) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    working._lease = timedelta(seconds=0.3)
    run_id = jobs.queue("test.note", {"file": str(file), "seconds": 30}, actor="ann")
    until(lambda: begun(file))
    with workspace.opened.database.change() as connection:
        connection.exec_driver_sql("UPDATE runs SET worker = 'another', attempt = 2")
    until(lambda: not any(one.name == "finopsmetrics-test.note" for one in threading.enumerate()))
    run = jobs.get(run_id)
    assert (run.worker, run.attempt, run.state) == ("another", 2, "running")
    assert "ends" not in file.read_text()


def test_leases_are_renewed_while_a_step_works(workspace: Workspace, quick: None, tmp_path: Path) -> None:
    jobs = jobs_of(workspace)
    with (
        Worker(workspace, poll=0.05, lease=timedelta(seconds=0.5)),
        Worker(workspace, poll=0.05, lease=timedelta(seconds=0.5)),
    ):
        run_id = jobs.queue("test.note", {"file": str(tmp_path / "f"), "seconds": 2}, actor="ann")
        assert ended(jobs, run_id) == ["done"]
    assert jobs.get(run_id).attempt == 1


def test_stopping_waits_for_what_ends_soon(workspace: Workspace, tmp_path: Path) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    worker = Worker(workspace, poll=0.05, grace=5).start()
    run_id = jobs.queue("test.note", {"file": str(file), "seconds": 0.6}, actor="ann")
    until(lambda: begun(file))
    later = jobs.queue("test.note", {"file": str(file)}, actor="ann", due=workspace.opened.now() + timedelta(seconds=0.3))
    worker.stop()
    worker.stop()
    assert jobs.get(run_id).state == "done"
    assert jobs.get(later).state == "waiting"


@pytest.mark.parametrize(("step", "lines"), [("test.note", 1), ("test.hang", 1)])
def test_stopping_gives_back_what_goes_on(workspace: Workspace, tmp_path: Path, step: str, lines: int) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    worker = Worker(workspace, poll=0.05, grace=0.3).start()
    run_id = jobs.queue(step, {"file": str(file), "seconds": 3}, actor="ann", attempts=1)
    until(lambda: begun(file))
    worker.stop()
    run = jobs.get(run_id)
    assert (run.state, run.attempt, run.attempts, run.worker, run.error) == ("waiting", 1, 2, None, None)
    assert len(file.read_text().splitlines()) == lines


def test_a_worker_outlives_a_state_that_does_not_answer(
    workspace: Workspace, working: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    run_id = jobs.queue("test.note", {"file": str(file), "seconds": 0.5}, actor="ann")
    until(lambda: begun(file))
    database, broken = workspace.opened.database, threading.Event()
    change, broken_once = database.change, threading.Event()

    def gone() -> object:
        if broken.is_set():
            broken_once.set()
            raise StoreError("The state database did not answer.", retryable=True)
        return change()

    monkeypatch.setattr(database, "change", gone)
    broken.set()
    assert broken_once.wait(5)  # it could not write down the end
    broken.clear()
    assert ended(jobs, run_id) == ["done"]
    assert file.read_text().count("begins") == 1


def test_a_worker_makes_ticks_while_its_steps_work(workspace: Workspace, tmp_path: Path) -> None:
    schedules = ScheduleBook(workspace.opened.database, workspace.opened.now)
    jobs, file = jobs_of(workspace), tmp_path / "f"
    jobs.queue("test.note", {"file": str(file), "seconds": 3}, actor="ann")
    with Worker(workspace, poll=0.05, slots=1, grace=0.1):
        until(lambda: begun(file))
        schedules.put("fast", "test.note", "* * * * * *", inputs={"file": str(file)}, by="ann")
        until(lambda: len(jobs.history(schedule="fast", limit=500)) >= 2)
        assert {run.state for run in jobs.history(schedule="fast")} == {"waiting"}


def test_threads_and_processes_on_one_sqlite_do_each_run_once(workspace: Workspace, tmp_path: Path) -> None:
    jobs, file = jobs_of(workspace), tmp_path / "f"
    runs = [jobs.queue("test.note", {"file": str(file), "text": f"n{number}"}, actor="ann") for number in range(40)]
    command = [sys.executable, "-m", "tests.jobs.extra_steps", "--home", str(workspace.home), "work", "--slots", "4"]
    other = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        with Worker(workspace, poll=0.02, slots=2), Worker(workspace, poll=0.02, slots=2):
            assert other.stderr is not None
            assert "works for" in other.stderr.readline()
            runs += [
                jobs.queue("test.note", {"file": str(file), "text": f"m{number}", "seconds": 0.3}, actor="ann")
                for number in range(30)
            ]
            assert set(ended(jobs, *runs)) == {"done"}
    finally:
        other.terminate()
        assert other.wait(20) == 0
    notes = Counter(line.split()[0] for line in file.read_text().splitlines() if "begins" in line)
    assert len(notes) == 70
    assert set(notes.values()) == {1}
    assert {jobs.get(run).attempt for run in runs} == {1}
    assert len({jobs.get(run).worker for run in runs}) == 3
