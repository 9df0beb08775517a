"""ScheduleBook: which steps are run when, and the run of every tick, made once however many servers there are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.core.ticks import checked_cron, checked_zone, newest_tick
from finopsmetrics.runtime.jobs import new_run
from finopsmetrics.store import run_rows
from finopsmetrics.store import schedule_rows as rows
from finopsmetrics.store.audit import record
from finopsmetrics.store.schedule_rows import Schedule

if TYPE_CHECKING:
    from finopsmetrics.store.database import Database

ACTOR = "scheduler"
log = logging.getLogger("finopsmetrics.jobs")


@dataclass(frozen=True)
class BuiltIn:
    """A schedule that every home is given once, in UTC."""

    name: str
    step: str
    cron: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


BUILT_IN = (
    BuiltIn("refresh", "refresh", "*/5 * * * *"),
    BuiltIn("collect", "collect", "10 * * * *"),
    BuiltIn("sync", "sync", "*/15 * * * *"),
    BuiltIn("budgets", "budgets.check", "20 * * * *"),
    BuiltIn("notify", "notify.route", "* * * * *"),
    BuiltIn("deliver", "notify.deliver", "* * * * *"),
    BuiltIn("anomalies", "anomalies", "0 5 * * *"),
    BuiltIn("maintain", "maintain", "0 3 * * *"),
    BuiltIn("audit", "audit.verify", "30 3 * * *"),
    BuiltIn("sweep", "sweep", "45 3 * * *"),
)


class ScheduleBook:
    """The schedules of a home. `now` gives the time in UTC without zone."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._made: dict[str, datetime] = {}  # the newest tick of each schedule that is known to have its run
        self._unread: set[str] = set()  # schedules whose cron or zone this machine cannot read; told once

    def install(self) -> None:
        """Give the home the built-in schedules that it was never given; what a user made of the others stays."""
        with self._database.read() as connection:
            if {one.name for one in BUILT_IN} <= set(rows.given(connection)):
                return
        with self._database.write() as connection:
            known = set(rows.given(connection))
            for one in BUILT_IN:
                if one.name not in known and rows.find(connection, one.name) is None:
                    made = Schedule(one.name, one.step, one.cron, "UTC", dict(one.inputs), True, self._now(), ACTOR)
                    rows.put(connection, made)
            rows.give(connection, [*known, *(one.name for one in BUILT_IN)])

    def all(self) -> list[Schedule]:
        """Every schedule, by name."""
        with self._database.read() as connection:
            return rows.every(connection)

    def get(self, name: str) -> Schedule:
        """One schedule. Raises NotFoundError."""
        with self._database.read() as connection:
            return _known(rows.find(connection, name), name)

    def put(
        self,
        name: str,
        step: str,
        cron: str,
        zone: str = "UTC",
        inputs: Mapping[str, Any] | None = None,
        *,
        by: str,
        active: bool = True,
    ) -> Schedule:
        """Add a schedule or change it. With another rhythm, or switched on, it starts anew: ticks before now are not made up.

        Raises UsageError for a cron or a zone that cannot be read.
        """
        now = self._now()
        wanted = Schedule(name, step, checked_cron(cron), checked_zone(zone), dict(inputs or {}), active, now, by)
        with self._database.write() as connection:
            return self._change(connection, rows.find(connection, name), wanted)

    def switch(self, name: str, *, on: bool, by: str) -> Schedule:
        """Switch a schedule on or off. Raises NotFoundError."""
        with self._database.write() as connection:
            before = _known(rows.find(connection, name), name)
            return self._change(connection, before, replace(before, active=on, since=self._now(), changed_by=by))

    def remove(self, name: str, *, by: str) -> None:
        """Remove a schedule; its runs stay. Raises NotFoundError."""
        with self._database.write() as connection:
            before = _known(rows.find(connection, name), name)
            rows.remove(connection, name)
            record(connection, self._now(), by, "schedule.removed", name, _told(before))

    def tick(self, now: datetime | None = None) -> list[str]:
        """Make the run of every schedule whose newest tick has none yet; give the ids of those made here.

        Of several ticks that were missed only the newest is made up. Whoever else does the same at the same time makes none.
        """
        moment = now or self._now()
        due = [(one, tick) for one in self.all() if (tick := self._due(one, moment)) is not None]
        if not due:
            return []
        made: list[str] = []
        with self._database.change() as connection:
            for one, tick in due:
                run = new_run(one.step, one.inputs, actor=ACTOR, now=moment, due=tick)
                if run_rows.add_tick(connection, replace(run, schedule=one.name, tick=tick)):
                    made.append(run.id)
        self._made.update({one.name: tick for one, tick in due})
        return made

    def _due(self, schedule: Schedule, now: datetime) -> datetime | None:
        """The newest tick of a schedule that may have no run yet."""
        if not schedule.active:
            return None
        try:
            tick = newest_tick(schedule.cron, schedule.zone, now)
        except FinOpsError as error:
            if schedule.name not in self._unread:
                self._unread.add(schedule.name)
                log.error("The schedule %s is passed over: %s", schedule.name, error)
            return None
        return tick if tick is not None and tick >= schedule.since and self._made.get(schedule.name) != tick else None

    def _change(self, connection: Any, before: Schedule | None, wanted: Schedule) -> Schedule:
        if before is not None and (before.cron, before.zone, before.active) == (wanted.cron, wanted.zone, wanted.active):
            wanted = replace(wanted, since=before.since)
        if before is not None and replace(wanted, changed_by=before.changed_by) == before:
            return before
        rows.put(connection, wanted)
        action = "schedule.added" if before is None else "schedule.changed"
        record(connection, self._now(), wanted.changed_by, action, wanted.name, _told(wanted))
        return wanted


def _told(schedule: Schedule) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in ("step", "cron", "zone", "inputs", "active")}


def _known(found: Schedule | None, name: str) -> Schedule:
    if found is None:
        raise NotFoundError(f"There is no schedule {name!r}.", cure="See `finopsmetrics schedules`.")
    return found
