"""Working: the runs and schedules of a home as one principal may see, start and change them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.ticks import next_tick
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.runtime.steps import Step, all_steps, one_step
from finopsmetrics.store.run_rows import STATES, Run
from finopsmetrics.store.schedule_rows import Schedule

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting


class Working:
    """`runs:read` to see, `runs:write` and the step's own permission to start and schedule; all of it over all charges."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        opened = acting.workspace.opened
        self._jobs = JobBook(opened.database, opened.now)
        self._schedules = ScheduleBook(opened.database, opened.now)

    def steps(self) -> list[Step]:
        """Every step, by name (`runs:read`)."""
        self._may("runs:read")
        return list(all_steps().values())

    def runs(
        self, *, step: str | None = None, state: str | None = None, schedule: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Runs as plain data, those queued last first (`runs:read`); see `shown`. Raises UsageError for an unknown state."""
        self._may("runs:read")
        if state is not None and state not in STATES:
            raise UsageError(f"{state[:40]!r} is no state of a run.", cure=f"States are: {', '.join(STATES)}.")
        found = self._jobs.history(step=step, state=state, schedule=schedule, limit=limit, offset=offset)
        return [self.shown(run) for run in found]

    def run(self, run_id: str) -> dict[str, Any]:
        """One run as plain data (`runs:read`); see `shown`. Raises NotFoundError."""
        self._may("runs:read")
        return self.shown(self._jobs.get(run_id))

    def shown(self, run: Run) -> dict[str, Any]:
        """A run as plain data; its outcome and error are None, and `hidden`, for who may not see what its step reads."""
        step = all_steps().get(run.step)
        hidden = step is not None and not step.shown_to(self._acting.principal)
        plain = plain_row(vars(run))
        return {**plain, **({"outcome": None, "error": None} if hidden else {}), "hidden": hidden}

    def queue(self, step: str, inputs: Mapping[str, Any]) -> str:
        """Let a step be run at once; give the run's id. Raises NotFoundError, UsageError or ForbiddenError."""
        found = self._startable(step)
        return self._jobs.queue(step, found.checked(inputs), actor=self._acting.principal.name)

    def started(self, run_id: str) -> dict[str, Any]:
        """A run that the principal queued, as plain data (`runs:write`)."""
        self._may("runs:write")
        return self.shown(self._jobs.get(run_id))

    def schedules(self) -> list[dict[str, Any]]:
        """Every schedule as plain data, with its next tick (`runs:read`); the built-in ones are there from the start."""
        self._may("runs:read")
        self._schedules.install()
        return [self.schedule_shown(one) for one in self._schedules.all()]

    def schedule_shown(self, schedule: Schedule) -> dict[str, Any]:
        """A schedule as plain data; `next` is its next tick, None when there is none or it is off."""
        upcoming: datetime | None = None
        if schedule.active:
            now = max(self._acting.workspace.opened.now(), schedule.since)
            upcoming = next_tick(schedule.cron, schedule.zone, now)
        return plain_row({**vars(schedule), "next": upcoming})

    def put(
        self, name: str, step: str, cron: str, *, zone: str = "UTC", inputs: Mapping[str, Any] | None = None, active: bool = True
    ) -> Schedule:
        """Add a schedule or change it. Raises NotFoundError, UsageError or ForbiddenError."""
        found = self._startable(step)
        self._schedules.install()
        checked = found.checked(inputs or {})
        return self._schedules.put(name, step, cron, zone, checked, by=self._acting.principal.name, active=active)

    def switch(self, name: str, *, on: bool) -> Schedule:
        """Switch a schedule on, or off; what is on is done by the scheduler, so it takes the step's permission too."""
        self._may("runs:write")
        self._schedules.install()
        if on:
            self._startable(self._schedules.get(name).step)
        return self._schedules.switch(name, on=on, by=self._acting.principal.name)

    def remove(self, name: str) -> None:
        """Remove a schedule; its runs stay, and a built-in one does not come back. Raises NotFoundError."""
        self._may("runs:write")
        self._schedules.install()
        self._schedules.remove(name, by=self._acting.principal.name)

    def _startable(self, name: str) -> Step:
        self._may("runs:write")
        step = one_step(name)
        self._acting.require(step.permission)
        return step

    def _may(self, permission: str) -> None:
        self._acting.require(permission)
        self._acting.principal.require_all_charges("the list of runs")
