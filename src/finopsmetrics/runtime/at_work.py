"""AtWork: one run being done in a thread of its own, watched by the worker that holds its lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.jobs import JobBook, StepFailedError
from finopsmetrics.runtime.steps import STEPS, Outcome, StoppedError, perform
from finopsmetrics.store.run_rows import Run

log = logging.getLogger("finopsmetrics.jobs")


class HungError(FinOpsError):
    """A step that gave no sign of life for too long."""

    code = "hung"

    def __init__(self, step: str, silence: timedelta) -> None:
        cause = f"{step} gave no sign of life for {silence.total_seconds():g} seconds."
        super().__init__(
            cause, cure="The next attempt starts anew; look at the server's log when it hangs again.", retryable=True
        )


class AtWork:
    """A run at work. `woken` is called when its step has ended."""

    def __init__(self, run: Run, acting: Acting, woken: Callable[[], None]) -> None:
        self.run = run
        self._acting, self._woken = acting, woken
        self._stop = threading.Event()
        self._alive_at = self._renewed_at = time.monotonic()
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self.thread = threading.Thread(target=self._do, name=f"finopsmetrics-{run.step}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Let the step end at its next beat."""
        self._stop.set()

    def settle(self, book: JobBook, lease: timedelta) -> bool:
        """Write down how the run stands; True when this worker has no more to do with it.

        Ended it is finished or failed, silent for too long it fails, and else its lease is renewed in time. Raises
        StoreError when the state does not answer; then it is still held.
        """
        if not self.thread.is_alive():
            return self._over(self._write_end(book))
        silence = STEPS[self.run.step].silence
        if time.monotonic() - self._alive_at > silence.total_seconds():
            self.stop()
            log.error("The run %s (%s) hangs and is given up.", self.run.id, self.run.step)
            return self._over(book.fail(self.run, HungError(self.run.step, silence)))
        if time.monotonic() - self._renewed_at > lease.total_seconds() / 3:
            if not book.renew(self.run, lease):
                self.stop()
                return self._over(False)
            self._renewed_at = time.monotonic()
        return False

    def give_back(self, book: JobBook) -> None:
        """Release the run of a step that is broken off."""
        self.stop()
        self._over(book.release(self.run))

    def _over(self, held: bool) -> bool:
        if not held:
            log.warning("The run %s (%s) was taken over; what this worker found is dropped.", self.run.id, self.run.step)
        return True

    def _write_end(self, book: JobBook) -> bool:
        if self._error is None:
            return book.finish(self.run, self._outcome or {})
        if isinstance(self._error, StoppedError):
            return book.release(self.run)
        outcome = self._error.outcome if isinstance(self._error, StepFailedError) else None
        return book.fail(self.run, self._error, outcome)

    def _beat(self) -> None:
        if self._stop.is_set():
            raise StoppedError(f"{self.run.step} was told to stop.")
        self._alive_at = time.monotonic()

    def _do(self) -> None:
        try:
            self._outcome = perform(self._acting, self.run, self._beat)
        except FinOpsError as error:
            self._error = error
        except BaseException as error:
            # Whatever a step raises, SystemExit too, is the end of that attempt and of nothing else.
            log.exception("The run %s (%s) met an error that nobody foresaw.", self.run.id, self.run.step)
            self._error = error
        finally:
            self._woken()
