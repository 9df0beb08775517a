"""Laws: whoever ticks, claims, dies, renews and finishes in whatever order, each tick ends once; no lease has two holders."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.store.audit import lines
from finopsmetrics.store.database import Database
from finopsmetrics.store.run_rows import Run
from tests.jobs.conftest import Clock

LEASE = timedelta(seconds=60)
STEPS = {"one", "two"}
WORKERS = st.sampled_from(["ann", "bob", "cleo"])
CRONS = {"a": ("one", "* * * * *"), "b": ("two", "*/5 * * * *")}


def machine(template: Path) -> type[RuleBasedStateMachine]:
    class Servers(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.folder = Path(tempfile.mkdtemp(prefix="fm-law-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
            shutil.copy(template, self.folder / "state.db")
            self.clock = Clock(datetime(2026, 11, 20, 12, 0, 30))
            self.database = Database(f"sqlite:///{self.folder / 'state.db'}")
            self.books = [ScheduleBook(self.database, self.clock) for _ in range(2)]
            self.jobs = JobBook(self.database, self.clock)
            self.began = self.clock.at
            for name, (step, cron) in CRONS.items():
                self.books[0].put(name, step, cron, by="test")
            self.held: dict[str, list[Run]] = {"ann": [], "bob": [], "cleo": []}
            self.stale: list[Run] = []
            self.done, self.made = Counter[str](), Counter[tuple[str | None, datetime | None]]()
            self.given_up: set[str] = set()

        @rule(seconds=st.sampled_from([1, 20, 59, 61, 200, 3_700]))
        def time_passes(self, seconds: int) -> None:
            self.clock.pass_(seconds=seconds)

        @rule(book=st.integers(0, 1))
        def tick(self, book: int) -> None:
            for run_id in self.books[book].tick():
                run = self.jobs.get(run_id)
                self.made[run.schedule, run.tick] += 1
                assert run.tick is not None
                assert self.began <= run.tick <= self.clock.at
                assert self.clock.at - run.tick < timedelta(minutes=5 if run.schedule == "b" else 1), "not the newest tick"

        @rule(worker=WORKERS)
        def claim(self, worker: str) -> None:
            before = {run.id: run for run in self.jobs.history(limit=10_000)}
            run = self.jobs.claim(worker, LEASE, STEPS)
            if run is None:
                assert not [one for one in before.values() if one.state == "waiting" and one.due_at <= self.clock.at]
                return
            was = before[run.id]
            over = was.state == "running" and was.lease_until is not None and was.lease_until <= self.clock.at
            assert (was.state == "waiting" and was.due_at <= self.clock.at) or over
            assert (run.attempt, run.worker, run.state) == (was.attempt + 1, worker, "running")
            assert run.attempt <= run.attempts
            self._lose(run.id)
            self.held[worker].append(run)

        def _lose(self, run_id: str) -> None:
            for runs in self.held.values():
                for one in [one for one in runs if one.id == run_id]:
                    runs.remove(one)
                    self.stale.append(one)

        @rule(worker=WORKERS)
        def die(self, worker: str) -> None:
            self.stale += self.held[worker]
            for one in self.held[worker]:
                self.given_up.add(one.id)
            self.held[worker] = []

        @rule(worker=WORKERS)
        def renew(self, worker: str) -> None:
            for run in self.held[worker]:
                if self.jobs.renew(run, LEASE):
                    assert self.jobs.get(run.id).lease_until == self.clock.at + LEASE

        @rule(worker=WORKERS)
        def finish(self, worker: str) -> None:
            for run in self.held[worker]:
                row = self.jobs.get(run.id)
                mine = (row.state, row.worker, row.attempt) == ("running", worker, run.attempt)
                assert self.jobs.finish(run, {"by": worker}) == mine
                self.done[run.id] += mine
                self.stale.append(run)
            self.held[worker] = []

        @rule(worker=WORKERS, passing=st.booleans())
        def fail(self, worker: str, passing: bool) -> None:
            for run in self.held[worker]:
                if self.jobs.fail(run, FinOpsError("no", retryable=passing)):
                    row = self.jobs.get(run.id)
                    assert row.state == ("waiting" if passing and run.attempt < run.attempts else "failed")
                    assert row.state == "failed" or row.due_at > self.clock.at
                self.stale.append(run)
            self.held[worker] = []

        @rule(worker=WORKERS)
        def release(self, worker: str) -> None:
            for run in self.held[worker]:
                if self.jobs.release(run):
                    row = self.jobs.get(run.id)
                    assert (row.state, row.attempts - row.attempt) == ("waiting", run.attempts - run.attempt + 1)
                self.stale.append(run)
            self.held[worker] = []

        @rule()
        def the_paused_wake(self) -> None:
            """Whoever lost a run may do what they like; a run that was given up by a death is still theirs until it is taken."""
            for run in self.stale:
                row = self.jobs.get(run.id)
                if (row.state, row.worker, row.attempt) == ("running", run.worker, run.attempt):
                    continue
                assert not self.jobs.renew(run, LEASE)
                assert not self.jobs.finish(run, {"by": "a ghost"})
                assert not self.jobs.fail(run, FinOpsError("a ghost"))
                assert not self.jobs.release(run)
                assert self.jobs.get(run.id) == row

        @invariant()
        def each_tick_has_one_run_and_ends_once(self) -> None:
            if hasattr(self, "made"):
                assert all(number == 1 for number in self.made.values())
                assert all(number <= 1 for number in self.done.values())
                holders = Counter(run.id for runs in self.held.values() for run in runs)
                assert all(number == 1 for number in holders.values())

        def teardown(self) -> None:
            if not hasattr(self, "made"):
                return
            for _ in range(200):  # a worker that lives ends whatever was begun
                self.clock.pass_(hours=2)
                while (run := self.jobs.claim("last", LEASE, STEPS)) is not None:
                    assert self.jobs.finish(run, {})
                    self.done[run.id] += 1
                if all(run.ended for run in self.jobs.history(limit=10_000)):
                    break
            found = self.jobs.history(limit=10_000)
            assert {(run.schedule, run.tick) for run in found} == set(self.made)
            assert len(found) == len(self.made)
            for run in found:
                assert self.done[run.id] == (1 if run.state == "done" else 0)
                assert run.state == "done" or run.error
            with self.database.read() as connection:
                failures = Counter(line["subject"] for line in lines(connection, 10_000) if line["action"] == "run.failed")
            assert failures == Counter(run.id for run in found if run.state == "failed")
            self.database.close()
            shutil.rmtree(self.folder)

    return Servers


def test_each_tick_ends_once_whatever_happens(empty_state: Path) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(empty_state),
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_run_that_kills_its_workers_ends_failed_and_says_so(database: Database, clock: Clock, attempts: int) -> None:
    jobs = JobBook(database, clock)
    run_id = jobs.queue("one", {}, actor="ann", attempts=attempts)
    for number in range(attempts):
        run = jobs.claim(f"w{number}", LEASE, STEPS)
        assert run is not None
        assert run.attempt == number + 1
        assert jobs.claim("other", LEASE, STEPS) is None
        clock.pass_(seconds=60)
    assert jobs.claim("other", LEASE, STEPS) is None
    found = jobs.get(run_id)
    assert (found.state, found.attempt) == ("failed", attempts)
    assert f"attempt {attempts} of {attempts}" in str(found.error)
    with database.read() as connection:
        assert [line["action"] for line in lines(connection, 9)] == ["run.failed", "run.queued"]


def test_a_lease_that_ran_out_is_still_held_while_nobody_took_it(database: Database, clock: Clock) -> None:
    jobs = JobBook(database, clock)
    jobs.queue("one", {}, actor="ann")
    run = jobs.claim("a", LEASE, STEPS)
    assert run is not None
    clock.pass_(seconds=500)
    assert jobs.renew(run, LEASE)
    assert jobs.claim("b", LEASE, STEPS) is None
    clock.pass_(seconds=500)
    assert jobs.finish(run, {"ok": True})


def test_a_worker_holds_a_run_in_one_attempt_only(database: Database, clock: Clock) -> None:
    jobs = JobBook(database, clock)
    jobs.queue("one", {}, actor="ann")
    first = jobs.claim("w", LEASE, STEPS)
    assert first is not None
    clock.pass_(seconds=60)
    second = jobs.claim("w", LEASE, STEPS)
    assert second is not None
    assert second.id == first.id
    assert not jobs.renew(first, LEASE)
    assert not jobs.fail(first, RuntimeError("x"))
    assert not jobs.release(first)
    assert not jobs.finish(first, {})
    assert jobs.finish(second, {})


def test_only_steps_that_are_known_are_taken_the_longest_due_first(database: Database, clock: Clock) -> None:
    jobs = JobBook(database, clock)
    late = jobs.queue("one", {}, actor="ann", due=clock.at + timedelta(minutes=1))
    jobs.queue("strange", {}, actor="ann")
    clock.pass_(seconds=1)
    soon = jobs.queue("two", {}, actor="ann")
    taken = [jobs.claim("w", LEASE, STEPS) for _ in range(2)]
    assert [run and run.id for run in taken] == [soon, None]
    clock.pass_(minutes=1)
    again = {run.id for _ in range(2) if (run := jobs.claim("w", LEASE, STEPS)) is not None}
    assert again == {late, soon}  # the lease of the first is over


def test_backoff_doubles_up_to_an_hour(database: Database, clock: Clock) -> None:
    jobs = JobBook(database, clock)
    jobs.queue("one", {}, actor="ann", attempts=12)
    waits = []
    for _ in range(11):
        run = jobs.claim("w", LEASE, STEPS)
        assert run is not None
        assert jobs.fail(run, RuntimeError("x"))
        due = jobs.get(run.id).due_at
        waits.append((due - clock.at).total_seconds())
        clock.at = due
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == 3600
