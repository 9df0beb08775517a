"""Delivering: messages of the outbox sent by their channels, each attempt noted before and after, until they are settled."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.sending import Parcel, Proof
from finopsmetrics.plugins.deadline import Crew
from finopsmetrics.plugins.errors import TimeLimitError
from finopsmetrics.runtime.channels import Channels
from finopsmetrics.runtime.picturing import pictured
from finopsmetrics.store import outbox_lease as leases
from finopsmetrics.store.outbox_lease import Held

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

LEASE = timedelta(seconds=120)
LONGEST_SEND = 60.0  # seconds that a channel may take for one message; shorter than the lease
BUDGET = 30.0  # seconds after which a delivery takes no further message
SIDE_BY_SIDE = 4  # channels
FAILURES_IN_A_ROW = 3  # after which a channel is left alone until the next delivery


@dataclass
class Delivered:
    """What a delivery came to: messages sent, put off after a failure, and dead."""

    sent: int = 0
    waiting: int = 0
    dead: int = 0

    def as_dict(self) -> dict[str, int]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Tried:
    """What a test of a channel came to: the channel's proof, or why it did not take it and what to do."""

    channel: str
    proof: dict[str, Any] | None = None
    error: str | None = None
    cure: str = ""


class Delivering:
    """Deliver messages (`notifications:write`, over all charges).

    Any number of processes may: a message is held under a lease, and one whose sender was killed is taken over after it.
    """

    def __init__(self, acting: Acting, *, lease: timedelta = LEASE, limit: float = LONGEST_SEND) -> None:
        acting.require("notifications:write")
        acting.principal.require_all_charges("sending messages")
        self._acting = acting
        self._opened, self._lease, self._limit = acting.workspace.opened, lease, limit
        self._channels = Channels(self._opened)
        self._worker = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._crew = Crew("a channel")
        self._done, self._lock, self._stopped = Delivered(), threading.Lock(), threading.Event()

    def test(self, word: str, recipient: str = "") -> list[Tried]:
        """Send a notice that says that it is a test, now, by every channel that a word stands for. Raises NotFoundError."""
        return [self.test_one(name, recipient) for name in self._channels.named(word)]

    def test_one(self, name: str, recipient: str = "") -> Tried:
        """Send a notice that says that it is a test by one channel. Raises NotFoundError."""
        if name not in self._channels.named(name):
            raise NotFoundError(f"There is no channel {name[:80]!r}.", cure="Give a connection's name.")
        sentence = f"This message was sent to see whether the channel {name} works. Nothing is to be done."
        notice = Notice("test", "A test of finopsmetrics", self._opened.now(), severity="low", sentences=(sentence,))
        try:
            proof = self._sent(name, Parcel(f"m-test-{secrets.token_hex(8)}", recipient, notice))
        except FinOpsError as error:
            return Tried(name, error=error.cause, cure=error.cure)
        return Tried(name, proof=proof.as_dict())

    def deliver(self, *, beat: Callable[[], None] = lambda: None, seconds: float = BUDGET) -> Delivered:
        """Send what is due, channels side by side, for about `seconds`. What fails is tried again later, or is dead."""
        with self._opened.database.read() as connection:
            due = leases.ready(connection, self._opened.now())
        if not due:
            return self._done
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="channel") as pool:
            waiting = {pool.submit(self._lane, channel, until) for channel in due}
            try:
                while waiting:
                    ended, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
                    beat()
                    for one in ended:
                        one.result()
            finally:
                self._stopped.set()  # when it is told to stop, lanes end after the message at hand
        return self._done

    def _lane(self, channel: str, until: float) -> None:
        """Send the messages of one channel, one after the other, until none is due, or it keeps failing."""
        failures = 0
        while time.monotonic() < until and failures < FAILURES_IN_A_ROW and not self._stopped.is_set():
            now = self._opened.now()
            with self._opened.database.change() as connection:
                held = leases.take(connection, now, self._worker, now + self._lease, channel)
            if held is None:
                return
            failed = self._deliver(held)
            failures = failures + failed if failed else 0

    def _deliver(self, held: Held) -> int:
        """Send one message and settle it; give how grave a failure of the channel is. A refusal of this message is none."""
        try:
            notice = held.notice
            if self._channels.shows_pictures(held.channel):
                notice = pictured(self._acting, notice, self._channels.most_picture_bytes(held.channel))
            proof = self._sent(held.channel, Parcel(held.id, held.recipient, notice))
        except FinOpsError as error:
            again = error.retryable or isinstance(error, (UsageError, NotFoundError))  # what is declared wrong can be mended
            pause = getattr(error, "wait", None)
            with self._opened.database.change() as connection:
                state = leases.failed(connection, held, self._opened.now(), str(error), again=again, wait=pause)
            self._count(state)
            return (1 if pause is None else FAILURES_IN_A_ROW) if again else 0
        with self._opened.database.change() as connection:
            leases.sent(connection, held, self._opened.now(), proof.as_dict())
        self._count("sent")
        return 0

    def _sent(self, name: str, parcel: Parcel) -> Proof:
        try:
            proof: Proof = self._crew.call(partial(self._channels.send, name, parcel), self._limit)
        except TimeLimitError as error:
            error.cause = f"The channel {name} did not answer within {self._limit:g} s; the message may have arrived."
            raise
        return proof

    def _count(self, state: str) -> None:
        with self._lock:
            setattr(self._done, state, getattr(self._done, state) + 1)
