"""JobBook: runs that wait, who works on them under which lease, and how they ended. Safe for any number of servers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.store import run_rows as rows
from finopsmetrics.store.audit import record
from finopsmetrics.store.run_rows import Run

if TYPE_CHECKING:
    from finopsmetrics.store.database import Database

ATTEMPTS = 3
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)
LONGEST_ERROR = 2_000


class StepFailedError(FinOpsError):
    """A step did its work and what it found is a failure; `outcome` tells it."""

    code = "step_failed"

    def __init__(self, cause: str, *, outcome: Mapping[str, Any], cure: str = "", retryable: bool = False) -> None:
        super().__init__(cause, cure=cure, retryable=retryable)
        self.outcome = outcome


class JobBook:
    """The runs of a home. `now` gives the time in UTC without zone; `backoff` is the pause before a second attempt."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, backoff: timedelta | None = None) -> None:
        self._database = database
        self._now = now
        self._backoff = backoff or BACKOFF

    def queue(
        self, step: str, inputs: Mapping[str, Any], *, actor: str, due: datetime | None = None, attempts: int = ATTEMPTS
    ) -> str:
        """Let a step be run, at once or when it is `due`; give the run's id. It is audited: somebody asked for it."""
        now = self._now()
        run = new_run(step, inputs, actor=actor, now=now, due=due or now, attempts=attempts)
        with self._database.write() as connection:
            rows.add(connection, run)
            record(connection, now, actor, "run.queued", run.id, {"step": step, "inputs": dict(inputs)})
        return run.id

    def get(self, run_id: str) -> Run:
        """One run. Raises NotFoundError."""
        with self._database.read() as connection:
            found = rows.find(connection, run_id)
        if found is None:
            raise NotFoundError(
                f"There is no run {run_id}.", cure="See `finopsmetrics runs`; runs that ended long ago are removed."
            )
        return found

    def history(
        self,
        *,
        step: str | None = None,
        state: str | None = None,
        schedule: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Run]:
        """Runs, those queued last first."""
        with self._database.read() as connection:
            return rows.history(connection, step=step, state=state, schedule=schedule, limit=limit, offset=offset)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many runs there are, by step and state."""
        with self._database.read() as connection:
            return rows.counts(connection)

    def claim(self, worker: str, lease: timedelta, steps: Collection[str], *, only: str | None = None) -> Run | None:
        """Take the run that is due longest, of these steps, for `lease`; None when there is none.

        A run whose worker let its lease run out is taken like one that waits, as its next attempt; with no attempt left
        it ends as failed.
        """
        now = self._now()
        with self._database.read() as connection:
            ready, lost = rows.pending(connection, now, steps)
        if lost:
            self._end_lost(now)
        if not ready:
            return None
        with self._database.change() as connection:
            return rows.take(connection, now, worker, now + lease, steps, only)

    def renew(self, run: Run, lease: timedelta) -> bool:
        """Hold a run for `lease` from now on. False when somebody else has it: its step must stop.

        A lease that has run out and that nobody took is still held.
        """
        with self._database.change() as connection:
            return rows.change(connection, run, lease_until=self._now() + lease)

    def finish(self, run: Run, outcome: Mapping[str, Any]) -> bool:
        """End a run as done. False, with nothing changed, when somebody else has it."""
        with self._database.change() as connection:
            return rows.change(connection, run, **self._ended("done", outcome, None))

    def fail(self, run: Run, error: BaseException, outcome: Mapping[str, Any] | None = None) -> bool:
        """Note that an attempt failed: the run waits for its next one, or ends as failed.

        It ends at once for an error that trying again cannot help. False, with nothing changed, when somebody else has it.
        """
        told = error_text(error)
        if run.attempt < run.attempts and _can_pass(error):
            due = self._now() + min(self._backoff * 2 ** (run.attempt - 1), LONGEST_BACKOFF)
            waiting = {"state": "waiting", "due_at": due, "worker": None, "lease_until": None, "outcome": outcome, "error": told}
            with self._database.change() as connection:
                return rows.change(connection, run, **waiting)
        with self._database.write() as connection:
            if not rows.change(connection, run, **self._ended("failed", outcome, told)):
                return False
            self._audit_failure(connection, run, told)
        return True

    def release(self, run: Run) -> bool:
        """Give a run back that was broken off; it can be taken at once, and the attempt does not count against it."""
        back = {"state": "waiting", "worker": None, "lease_until": None, "attempts": run.attempts + 1}
        with self._database.change() as connection:
            return rows.change(connection, run, **back)

    def _end_lost(self, now: datetime) -> None:
        with self._database.write() as connection:
            for run in rows.lost(connection, now):
                told = (
                    f"The worker {run.worker} let its lease run out at {run.lease_until:%Y-%m-%d %H:%M:%S} UTC, "
                    f"in attempt {run.attempt} of {run.attempts}. Look at its log: the step may end the process."
                )
                rows.change(connection, run, **self._ended("failed", None, told))
                self._audit_failure(connection, run, told)

    def _ended(self, state: str, outcome: Mapping[str, Any] | None, error: str | None) -> dict[str, Any]:
        return {"state": state, "outcome": outcome, "error": error, "ended_at": self._now(), "lease_until": None}

    def _audit_failure(self, connection: Any, run: Run, told: str) -> None:
        detail = {"step": run.step, "schedule": run.schedule, "attempt": run.attempt, "error": told}
        record(connection, self._now(), run.actor, "run.failed", run.id, detail)


def new_run(
    step: str,
    inputs: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    due: datetime,
    attempts: int = ATTEMPTS,
) -> Run:
    """A run that waits, with an id of its own."""
    return Run(f"run-{secrets.token_hex(10)}", step, None, None, dict(inputs), actor, "waiting", 0, attempts, now, due)


def error_text(error: BaseException) -> str:
    """An error as people read it in the history: cause and cure; the kind of one that nobody foresaw, without its trace."""
    told = str(error).strip()
    if not isinstance(error, FinOpsError):
        first = told.splitlines()[0] if told else ""
        told = f"Something unforeseen happened: {type(error).__name__}{': ' if first else ''}{first}"
    plain = told.encode("utf-8", "replace").decode().replace("\0", "\ufffd")  # what PostgreSQL takes as text
    return plain[:LONGEST_ERROR]


def _can_pass(error: BaseException) -> bool:
    return error.retryable if isinstance(error, FinOpsError) else True
