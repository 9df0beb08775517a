"""Worker: makes the runs of due schedules, takes runs, does them in threads, and holds their leases meanwhile."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from types import TracebackType

from finopsmetrics.core.errors import StoreError
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.at_work import AtWork
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import ScheduleBook
from finopsmetrics.runtime.steps import all_steps
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.run_rows import Run

LEASE = timedelta(seconds=60)
POLL = 1.0  # seconds
GRACE = 10.0  # seconds that steps get to end when the worker is stopped
LONGEST_PAUSE = 30.0
MOST_HANGING = 3  # threads of a step that hang in this process before it takes no more of its runs
log = logging.getLogger("finopsmetrics.jobs")


class Worker:
    """Does the runs of a workspace, `slots` at a time; the workspace stays the caller's to close, after `stop`.

    Nothing ends it but `stop`: a step that raises fails its run, and a state that does not answer is asked again later.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        *,
        slots: int = 2,
        lease: timedelta | None = None,
        poll: float = POLL,
        grace: float = GRACE,
    ) -> None:
        self.name = name or f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(3)}"
        self._acting = Acting(workspace, OWNER)
        self._jobs = JobBook(workspace.opened.database, workspace.opened.now)
        self._schedules = ScheduleBook(workspace.opened.database, workspace.opened.now)
        self._slots, self._lease, self._poll, self._grace = slots, lease or LEASE, poll, grace
        self._at_work: list[AtWork] = []
        self._hanging: list[AtWork] = []
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self.work, name="finopsmetrics-worker", daemon=True)

    def start(self) -> Worker:
        """Work in a thread from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more runs; wait a little for those at work, and give back what does not end. A second call does nothing."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(self._grace + 15)

    def __enter__(self) -> Worker:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def work(self) -> None:
        """Work in this thread until it is stopped."""
        failures, installed = 0, False
        while not self._stopping.is_set():
            try:
                if not installed:
                    self._schedules.install()
                    installed = True
                self._turn()
                failures = 0
            except Exception as error:
                # The state may be gone for a while; leases and retries are made for that.
                failures += 1
                log.warning("The worker %s tries again: %s", self.name, error)
            self._wake.wait(min(self._poll * 2**failures, LONGEST_PAUSE) if failures < 10 else LONGEST_PAUSE)
            self._wake.clear()
        self._wind_down()

    def work_on(self, run_id: str) -> bool:
        """Do one run's attempt in this thread's time, if it can be taken; False when it cannot."""
        run = self._jobs.claim(self.name, self._lease, all_steps(), only=run_id)
        if run is None:
            return False
        self._begin(run)
        try:
            while self._at_work:
                self._wake.wait(self._poll)
                self._wake.clear()
                with suppress(StoreError):  # its end is written when the state answers again
                    self._settle()
        finally:
            self._grace = 0.0 if self._at_work else self._grace
            self._wind_down()
        return True

    def _turn(self) -> None:
        self._settle()
        self._schedules.tick()
        while len(self._at_work) < self._slots and not self._stopping.is_set():
            run = self._jobs.claim(self.name, self._lease, self._steps())
            if run is None:
                return
            self._begin(run)

    def _steps(self) -> set[str]:
        """The steps that this process knows, without those that hang in it already."""
        self._hanging = [one for one in self._hanging if one.thread.is_alive()]
        number = Counter(one.run.step for one in self._hanging)
        return {name for name in all_steps() if number[name] < MOST_HANGING}

    def _begin(self, run: Run) -> None:
        self._at_work.append(AtWork(run, self._acting, self._wake.set))

    def _settle(self) -> None:
        for one in list(self._at_work):
            if one.settle(self._jobs, self._lease):
                self._at_work.remove(one)
                if one.thread.is_alive():
                    self._hanging.append(one)

    def _wind_down(self) -> None:
        """Wait for the steps at work, asking them to stop halfway; give back what goes on."""
        began = time.monotonic()
        try:
            while self._at_work and time.monotonic() - began < self._grace:
                if time.monotonic() - began > self._grace / 2:
                    for one in self._at_work:
                        one.stop()
                self._wake.wait(0.1)
                self._wake.clear()
                self._settle()
            for one in self._at_work:
                one.give_back(self._jobs)
        except Exception as error:
            log.warning("The worker %s leaves runs to their leases: %s", self.name, error)
        self._at_work.clear()
