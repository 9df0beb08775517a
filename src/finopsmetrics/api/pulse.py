"""The pulse: one look a beat at what changed, for all connections of a server; several servers meet in the state database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import WebSocket
from fastapi.concurrency import run_in_threadpool

from finopsmetrics.api.access import COOKIE, Asker, who
from finopsmetrics.api.context import Context
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.store import audit
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.store.sample_book import place_of
from finopsmetrics.store.specs import SpecBook

EVERY = 0.25  # seconds between looks
KNOWN = 1.0  # seconds for which who asks is not looked up again


@dataclass(frozen=True)
class State:
    """How far everything is: the lake's version, the last event of findings, the last change of what is declared, the last line
    of the audit trail (a session that was ended, a role that was taken away: who listens is then asked anew who they are), the
    newest batch of samples."""

    lake: int = -1
    event: int = -1
    specs: int = -1
    audit: int = -1
    samples: int = -1


class Pulse:
    """Wakes its listeners when something changed, and shares what they ask alike. For one event loop.

    It looks only while somebody listens. An answer that several ask at one state is computed once.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waking: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._shared: dict[Any, asyncio.Task[Any]] = {}
        self._askers: dict[tuple[str, str], tuple[float, asyncio.Task[Asker | None]]] = {}
        self.state = State()

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set at each change for as long as one listens."""
        woken = asyncio.Event()
        if not self._waking:
            await self._look()
            self._task = asyncio.create_task(self._beat())
        self._waking.add(woken)
        try:
            yield woken
        finally:
            self._waking.discard(woken)
            if not self._waking and self._task is not None:
                self._task.cancel()
                self._task = None
                self._forget()

    async def shared(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What `compute` gives in a thread, once for all who ask with the same key at the same state. What fails is forgotten."""
        wanted = (self.state, key)
        if wanted not in self._shared:
            self._shared[wanted] = _begun(compute)
        asked = self._shared[wanted]
        try:
            return await asyncio.shield(asked)
        except Exception:
            if self._shared.get(wanted) is asked:
                del self._shared[wanted]
            raise

    async def asker(self, socket: WebSocket) -> Asker:
        """Who a connection comes from, looked up again when that was not done within a second. Raises UnknownAskerError."""
        proof = (socket.headers.get("authorization", ""), socket.cookies.get(COOKIE, ""))
        held = self._askers.get(proof) if any(proof) else None
        if held is None or time.monotonic() - held[0] >= KNOWN:
            held = (time.monotonic(), _begun(partial(who, socket)))
            if any(proof):
                self._askers[proof] = held
        found = await asyncio.shield(held[1])
        if found is None:
            raise UnknownAskerError
        return found

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            with contextlib.suppress(Exception):  # a look that fails is repeated; who asks is told of it by their answer
                await self._look()

    async def _look(self) -> None:
        found = await run_in_threadpool(self._now)
        if found == self.state:
            return
        self.state = found
        self._forget()
        for woken in self._waking:
            woken.set()

    def _now(self) -> State:
        workspace = self._context.workspace
        workspace.costs.refresh()
        opened = workspace.opened
        event = FindingBook(opened.database, opened.now).last_place()
        specs = SpecBook(opened.database, opened.now).changes()
        with opened.database.read() as connection:
            return State(opened.lake.snapshot().version, event, specs, audit.last(connection), place_of(connection))

    def _forget(self) -> None:
        self._shared = {key: task for key, task in self._shared.items() if not task.done()}
        self._askers.clear()


def _begun(work: Callable[[], Any]) -> asyncio.Task[Any]:
    """Work in a thread. Where nobody waits for it any more, how it failed is nobody's concern."""
    task = asyncio.create_task(run_in_threadpool(work))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
