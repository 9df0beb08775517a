"""The books of runs and schedules on PostgreSQL: the same words, and many workers that wait for nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.store import run_rows
from finopsmetrics.store.audit import lines, verify
from finopsmetrics.store.database import Database
from tests.jobs.conftest import Clock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shared(postgres_database: str) -> Iterator[Database]:
    made = Database(postgres_database)
    made.upgrade()
    yield made
    made.close()


def test_many_workers_take_each_run_once(shared: Database, clock: Clock) -> None:
    jobs = JobBook(shared, clock)
    queued = [jobs.queue("one", {"n": number}, actor="ann") for number in range(60)]

    def work(name: str) -> list[str]:
        own = JobBook(shared, clock)
        taken = []
        while (run := own.claim(name, MINUTE, {"one"})) is not None:
            assert own.renew(run, MINUTE)
            assert own.finish(run, {"by": name})
            taken.append(run.id)
        return taken

    with ThreadPoolExecutor(6) as pool:
        taken = [run for runs in pool.map(work, [f"w{number}" for number in range(6)]) for run in runs]
    # A worker stops when all that waits is in others' hands, so that what is left is none.
    assert Counter(taken) == Counter(queued)
    assert jobs.counts() == {("one", "done"): 60}


def test_many_books_make_each_tick_once(shared: Database, clock: Clock) -> None:
    books = [ScheduleBook(shared, clock) for _ in range(5)]
    for name in "abcd":
        books[0].put(name, "one", "* * * * *", by="ann")
    made: list[str] = []
    with ThreadPoolExecutor(5) as pool:
        for _ in range(10):
            clock.pass_(minutes=1)
            made += [run for runs in pool.map(lambda book: book.tick(), books) for run in runs]
    assert len(made) == len(set(made)) == 40


def test_a_run_is_taken_while_a_writer_is_at_work(shared: Database, clock: Clock) -> None:
    jobs = JobBook(shared, clock)
    jobs.queue("one", {}, actor="ann")
    with shared.write(), ThreadPoolExecutor(1) as pool:
        run = pool.submit(jobs.claim, "w", MINUTE, {"one"}).result(10)
        assert run is not None
        assert pool.submit(jobs.renew, run, MINUTE).result(10)
        assert pool.submit(jobs.finish, run, {}).result(10)


def test_what_fails_or_is_lost_is_told_and_old_runs_go(shared: Database, clock: Clock) -> None:
    jobs = JobBook(shared, clock)
    bad, lost = jobs.queue("bad", {}, actor="ann"), jobs.queue("lost", {}, actor="ann", attempts=1)
    run = jobs.claim("w", MINUTE, {"bad"})
    assert run is not None
    assert jobs.fail(run, FinOpsError("It cannot be\0 done \udc80."), {"why": "\0"})
    assert jobs.claim("w", MINUTE, {"lost"}) is not None
    clock.pass_(minutes=20)
    with shared.read() as connection:
        assert [one.id for one in run_rows.overdue(connection, clock.at, timedelta(minutes=15))] == [lost]
    assert jobs.claim("v", MINUTE, {"lost"}) is None
    with shared.read() as connection:
        assert [one.id for one in run_rows.last_failures(connection)] == [bad, lost]
        assert [line["subject"] for line in lines(connection, 9) if line["action"] == "run.failed"] == [lost, bad]
        assert verify(connection).whole
    book = ScheduleBook(shared, clock)
    book.put("s", "bad", "0 * * * *", by="ann")
    for _ in range(2):
        clock.pass_(hours=1)
        book.tick()
        run = jobs.claim("w", MINUTE, {"bad"})
        assert run is not None
        assert jobs.finish(run, {})
    clock.pass_(days=100)
    with shared.write() as connection:
        assert run_rows.forget(connection, clock.at - timedelta(days=90)) == 3
    assert [one.schedule for one in jobs.history()] == ["s"]
    assert ScheduleBook(shared, clock).tick()
