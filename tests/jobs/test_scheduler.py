"""Schedules: what is missed is made up once, what a user changed stays, and many who tick make each run once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import BUILT_IN, ScheduleBook
from finopsmetrics.store import run_rows
from finopsmetrics.store.audit import lines
from finopsmetrics.store.database import Database
from tests.jobs.conftest import Clock


@pytest.fixture
def book(database: Database, clock: Clock) -> ScheduleBook:
    return ScheduleBook(database, clock)


def ticked(database: Database, clock: Clock) -> list[datetime | None]:
    return [run.tick for run in reversed(JobBook(database, clock).history(limit=1000))]


def test_of_the_ticks_that_were_missed_the_newest_is_made_up(book: ScheduleBook, database: Database, clock: Clock) -> None:
    clock.pass_(seconds=30)
    book.put("hourly", "one", "0 * * * *", by="ann")
    assert book.tick() == []
    clock.pass_(hours=1)
    assert len(book.tick()) == 1
    assert book.tick() == []
    clock.pass_(hours=5, minutes=20)
    again = ScheduleBook(database, clock)  # a server that starts
    assert len(again.tick()) == 1
    assert book.tick() == []
    assert [tick and tick.hour for tick in ticked(database, clock)] == [13, 18]


def test_ticks_before_a_change_are_not_made_up(book: ScheduleBook, database: Database, clock: Clock) -> None:
    clock.pass_(seconds=1)
    book.put("s", "one", "0 * * * *", by="ann")
    assert book.tick() == []
    book.switch("s", on=False, by="ann")
    clock.pass_(hours=3)
    assert book.tick() == []
    assert book.switch("s", on=True, by="bob").since == clock.at
    assert book.tick() == []
    book.put("s", "one", "0 * * * *", inputs={"x": 1}, by="ann")
    assert book.get("s").since == clock.at
    clock.pass_(hours=1)
    book.put("s", "one", "0 * * * *", inputs={"x": 2}, by="ann")  # other inputs are no new rhythm
    assert len(book.tick()) == 1
    clock.pass_(hours=1)
    book.put("s", "one", "*/30 * * * *", inputs={"x": 2}, by="ann")
    assert book.tick() == []
    [run] = JobBook(database, clock).history()
    assert (run.inputs, run.actor, run.attempts, run.due_at) == ({"x": 2}, "scheduler", 3, run.tick)


def test_many_who_tick_make_each_run_once(database: Database, clock: Clock) -> None:
    books = [ScheduleBook(database, clock) for _ in range(4)]
    for name in "abc":
        books[0].put(name, "one", "* * * * *", by="ann")
    made: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for _ in range(8):
            clock.pass_(minutes=1)
            made += [run for runs in pool.map(lambda book: book.tick(), books) for run in runs]
    assert len(made) == len(set(made)) == 24
    assert len(JobBook(database, clock).history(limit=1000)) == 24


def test_a_schedule_that_cannot_be_read_does_not_hold_up_the_others(
    book: ScheduleBook, database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    book.put("bad", "one", "* * * * *", by="ann")
    book.put("good", "one", "* * * * *", by="ann")
    with database.change() as connection:
        connection.exec_driver_sql("UPDATE schedules SET cron = 'never' WHERE name = 'bad'")
    for _ in range(3):
        clock.pass_(minutes=1)
        assert len(book.tick()) == 1
    assert len([one for one in caplog.records if "bad" in one.message]) == 1


def test_built_in_schedules_come_once_and_stay_as_they_were_left(book: ScheduleBook, database: Database, clock: Clock) -> None:
    book.install()
    assert {one.name for one in book.all()} == {one.name for one in BUILT_IN}
    book.switch("maintain", on=False, by="ann")
    book.remove("collect", by="ann")
    book.put("refresh", "refresh", "*/9 * * * *", zone="Europe/Berlin", by="ann")
    left = book.all()
    ScheduleBook(database, clock).install()
    assert ScheduleBook(database, clock).all() == left
    with database.read() as connection:
        told = {(line["action"], line["subject"], line["actor"]) for line in lines(connection, 99)}
    assert told == {
        ("schedule.changed", "maintain", "ann"),
        ("schedule.removed", "collect", "ann"),
        ("schedule.changed", "refresh", "ann"),
    }


def test_a_built_in_of_a_later_version_comes_too_and_takes_no_name_of_a_user(book: ScheduleBook, database: Database) -> None:
    mine = book.put("sweep", "one", "0 1 * * *", by="ann")
    book.install()
    assert book.get("sweep") == mine


def test_the_same_again_is_no_change(book: ScheduleBook, database: Database, clock: Clock) -> None:
    first = book.put("s", "one", "0 * * * *", by="ann")
    clock.pass_(hours=1)
    assert book.put("s", "one", "0 * * * *", by="bob") == first
    with database.read() as connection:
        assert len(lines(connection, 9)) == 1
    for act in (lambda: book.get("x"), lambda: book.remove("x", by="a"), lambda: book.switch("x", on=True, by="a")):
        with pytest.raises(NotFoundError, match="There is no schedule 'x'"):
            act()


def test_forgetting_old_runs_never_makes_a_tick_run_again(book: ScheduleBook, database: Database, clock: Clock) -> None:
    book.put("yearly", "one", "0 0 1 1 *", by="ann")
    book.put("hourly", "one", "0 * * * *", by="ann")
    jobs = JobBook(database, clock)
    clock.at = datetime(2027, 1, 1, 0, 0, 1)
    for _ in range(3):
        book.tick()
        while (run := jobs.claim("w", timedelta(minutes=1), {"one"})) is not None:
            jobs.finish(run, {})
        clock.pass_(hours=1)
    clock.pass_(days=100)
    with database.write() as connection:
        assert run_rows.forget(connection, clock.at - timedelta(days=90)) == 2
    made = ScheduleBook(database, clock).tick()
    assert [jobs.get(run).schedule for run in made] == ["hourly"]
