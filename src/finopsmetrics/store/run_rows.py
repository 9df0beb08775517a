"""Runs as rows of the state: adding, taking with a lease, changing under that lease, and reading the history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from finopsmetrics.store.tables import runs

STATES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True)
class Run:
    """One execution of a step. `attempt` counts from 1 when it was first taken, up to `attempts`; times are UTC without zone.

    While it is `running`, `worker` holds it until `lease_until`; whoever takes it later has a higher `attempt`.
    """

    id: str
    step: str
    schedule: str | None
    tick: datetime | None
    inputs: Mapping[str, Any]
    actor: str
    state: str
    attempt: int
    attempts: int
    queued_at: datetime
    due_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker: str | None = None
    lease_until: datetime | None = None
    outcome: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it is done or failed, and stays so."""
        return self.state in {"done", "failed"}


def add(connection: Connection, run: Run) -> None:
    """Add a run that waits."""
    connection.execute(runs.insert().values(**vars(run)))


def add_tick(connection: Connection, run: Run) -> bool:
    """Add the run of a schedule's tick; False when somebody added it already."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(runs).values(**vars(run)).on_conflict_do_nothing(index_elements=["schedule", "tick"]).returning(runs.c.id)
    return connection.execute(new).scalar_one_or_none() is not None


def find(connection: Connection, run_id: str) -> Run | None:
    """One run; None when there is none."""
    row = connection.execute(select(runs).where(runs.c.id == run_id)).mappings().first()
    return Run(**row) if row else None


def history(
    connection: Connection, *, step: str | None, state: str | None, schedule: str | None, limit: int, offset: int
) -> list[Run]:
    """Runs, those queued last first."""
    asked = {"step": step, "state": state, "schedule": schedule}
    where = [runs.c[name] == value for name, value in asked.items() if value is not None]
    wanted = select(runs).where(*where).order_by(runs.c.queued_at.desc(), runs.c.id.desc()).limit(limit).offset(offset)
    return [Run(**row) for row in connection.execute(wanted).mappings()]


def pending(connection: Connection, now: datetime, steps: Collection[str]) -> tuple[bool, bool]:
    """Whether a run can be taken now, and whether one lost its worker with its attempts used up; one cheap query."""
    ready, lost = connection.execute(select(exists().where(_ready(now, steps)), exists().where(_lost(now)))).one()
    return bool(ready), bool(lost)


def take(
    connection: Connection, now: datetime, worker: str, lease_until: datetime, steps: Collection[str], only: str | None
) -> Run | None:
    """Take the run that is due longest, waiting or left by a worker whose lease is over; None when there is none.

    Rows that another worker is taking at this moment are passed over.
    """
    wanted = select(runs.c.id).where(_ready(now, steps))
    if only is not None:
        wanted = wanted.where(runs.c.id == only)
    wanted = wanted.order_by(runs.c.due_at, runs.c.id).limit(1).with_for_update(skip_locked=True)
    found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        return None
    values = {"state": "running", "worker": worker, "lease_until": lease_until, "started_at": now, "attempt": runs.c.attempt + 1}
    connection.execute(runs.update().where(runs.c.id == found).values(**values))
    return find(connection, found)


def change(connection: Connection, held: Run, **values: Any) -> bool:
    """Change a run that its worker still holds in that attempt; False, with nothing changed, when it does not."""
    own = (runs.c.worker == held.worker) & (runs.c.attempt == held.attempt) & (runs.c.state == "running")
    return int(connection.execute(runs.update().where(runs.c.id == held.id, own).values(**values)).rowcount) == 1


def lost(connection: Connection, now: datetime) -> list[Run]:
    """Runs that lost their worker in their last attempt, locked for whoever asks."""
    wanted = select(runs).where(_lost(now)).order_by(runs.c.id).limit(100).with_for_update(skip_locked=True)
    return [Run(**row) for row in connection.execute(wanted).mappings()]


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many runs there are, by step and state."""
    wanted = select(runs.c.step, runs.c.state, func.count()).group_by(runs.c.step, runs.c.state)
    return {(step, state): number for step, state, number in connection.execute(wanted)}


def overdue(connection: Connection, now: datetime, patience: timedelta) -> list[Run]:
    """Runs that wait, or lie without a worker, for longer than `patience`, the oldest first; at most 100."""
    before = now - patience
    late = or_(
        and_(runs.c.state == "waiting", runs.c.due_at <= before), and_(runs.c.state == "running", runs.c.lease_until <= before)
    )
    wanted = select(runs).where(late).order_by(runs.c.due_at).limit(100)
    return [Run(**row) for row in connection.execute(wanted).mappings()]


def last_failures(connection: Connection) -> list[Run]:
    """The newest ended run of each step where it failed, by step."""
    ended = runs.c.state.in_(("done", "failed"))
    last = select(runs.c.step, func.max(runs.c.ended_at).label("at")).where(ended).group_by(runs.c.step).subquery()
    newest = (runs.c.step == last.c.step) & (runs.c.ended_at == last.c.at)
    wanted = select(runs).join(last, newest).where(runs.c.state == "failed").order_by(runs.c.step, runs.c.id)
    return list({run.step: run for run in (Run(**row) for row in connection.execute(wanted).mappings())}.values())


def forget(connection: Connection, before: datetime, step: str | None = None) -> int:
    """Remove runs that ended before a moment, of one step or of all; give how many.

    The newest tick of each schedule stays: it was run already.
    """
    other = runs.alias()
    newest = select(func.max(other.c.tick)).where(other.c.schedule == runs.c.schedule)
    old = runs.c.state.in_(("done", "failed")) & (runs.c.ended_at < before)
    kept = and_(runs.c.tick.is_not(None), runs.c.tick == newest.scalar_subquery())
    own = [runs.c.step == step] if step is not None else []
    return int(connection.execute(runs.delete().where(old, ~kept, *own)).rowcount)


def _ready(now: datetime, steps: Collection[str]) -> ColumnElement[bool]:
    waits = and_(runs.c.state == "waiting", runs.c.due_at <= now)
    left = and_(runs.c.state == "running", runs.c.lease_until <= now, runs.c.attempt < runs.c.attempts)
    return and_(or_(waits, left), runs.c.step.in_(sorted(steps)))


def _lost(now: datetime) -> ColumnElement[bool]:
    return and_(runs.c.state == "running", runs.c.lease_until <= now, runs.c.attempt >= runs.c.attempts)
