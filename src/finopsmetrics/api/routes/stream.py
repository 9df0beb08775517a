"""Live answers: a WebSocket on which costs, findings, deliveries, budgets and samples are told again whenever they change."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from finopsmetrics.api import topics
from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, Context
from finopsmetrics.api.pulse import Pulse
from finopsmetrics.api.topics import Following, Message, Question, Sampling
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.iam.principal import ForbiddenError
from finopsmetrics.runtime.acting import Acting

router = APIRouter(prefix=PREFIX)
MOST_QUESTIONS, MOST_TEXT = 50, 20_000
AGAIN = 2.0  # seconds until what could not be told for now is tried again
REFUSED = 1008  # RFC 6455: a policy was not kept


@dataclass
class _Live:
    """One connection: its questions by id, up to where each was told, and the event that wakes it."""

    socket: WebSocket
    pulse: Pulse
    woken: asyncio.Event
    questions: dict[str, Message] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        found: Context = self.socket.app.state.context
        return found

    async def send(self, body: dict[str, Any]) -> None:
        """Send; waits while the client does not read, so that what changes meanwhile is told once, as it then stands."""
        await self.socket.send_text(json.dumps(body, ensure_ascii=False))


@router.websocket("/stream")
@needs("costs:read")
async def stream(socket: WebSocket) -> None:
    """Answer questions now and after every change, within what the asker may see at that moment."""
    pulse: Pulse = socket.app.state.pulse
    try:
        await _acting(socket, pulse)
    except FinOpsError as error:
        await socket.close(REFUSED, reason=str(error)[:120])
        return
    await socket.accept()
    async with pulse.heard() as woken:
        live = _Live(socket, pulse, woken)
        tasks = [asyncio.create_task(_hear(live)), asyncio.create_task(_tell_on(live))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (WebSocketDisconnect, RuntimeError):  # gone, perhaps while an answer was on its way
            return
        except FinOpsError as error:
            await socket.close(REFUSED, reason=str(error)[:120])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _hear(live: _Live) -> None:
    """Take questions until the client goes."""
    while True:
        text = await live.socket.receive_text()
        try:
            message = Message.model_validate_json(text if len(text) <= MOST_TEXT else "")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/".join(str(step) for step in first["loc"])
            await live.send({"error": {"code": "invalid", "detail": f"{where}: {first['msg']}"}})
            continue
        live.told.pop(message.id, None)
        if message.asked is None:
            live.questions.pop(message.id, None)
        elif len(live.questions) < MOST_QUESTIONS or message.id in live.questions:
            live.questions[message.id] = message
            live.woken.set()
        else:
            await live.send({"id": message.id, "error": {"code": "too_many", "detail": f"At most {MOST_QUESTIONS} questions."}})


async def _tell_on(live: _Live) -> None:
    """Tell what changed each time that something did, or was asked."""
    while True:
        await live.woken.wait()
        live.woken.clear()
        if not live.questions:
            continue
        acting = await _acting(live.socket, live.pulse)
        for name, message in list(live.questions.items()):
            try:
                await _tell(live, acting, name, message)
            except ForbiddenError as error:
                live.questions.pop(name, None)
                await live.send({"id": name, **topics.fault(error)})
            except FinOpsError as error:
                if not error.retryable:
                    raise
                await live.send({"id": name, **topics.fault(error)})
                asyncio.get_running_loop().call_later(AGAIN, live.woken.set)


async def _tell(live: _Live, acting: Acting, name: str, message: Message) -> None:
    """Tell one question's news, if there are any."""
    state, asked = live.pulse.state, message.asked
    if isinstance(asked, Following):
        await _follow(live, acting, name, message)
    elif isinstance(asked, Question):
        if live.told.get(name) != state.lake:
            compute = partial(topics.costs, live.context, acting, asked)
            answer = await live.pulse.shared((asked, _seen(acting)), compute)
            if live.questions.get(name) is not message:
                return  # asked anew in between
            live.told[name] = state.lake
            await live.send({"id": name, "lake_version": state.lake, **answer})
    elif isinstance(asked, Sampling):
        await _samples(live, acting, name, message)
    elif message.topic == "lake":
        if live.told.get(name) != state.lake:
            live.told[name] = state.lake
            await live.send({"id": name, "lake_version": state.lake})
    else:
        await _budgets(live, acting, name)


async def _follow(live: _Live, acting: Acting, name: str, message: Message) -> None:
    """Tell what came since the last time; the first answer says from which place on."""
    asked, topic = message.asked, message.topic
    assert isinstance(asked, Following)
    key = "events" if topic == "findings" else topic
    place: int | None = live.told.get(name)
    if place is None:
        newest = await run_in_threadpool(topics.last_of, acting, topic)  # also says whether one may ask
        live.told[name] = place = newest if asked.after is None else asked.after
        await live.send({"id": name, key: [], "place": place})
    while True:
        new, reached = await live.pulse.shared((topic, place, _seen(acting)), partial(topics.after, acting, topic, place))
        if reached == place or live.told.get(name) != place or live.questions.get(name) is not message:
            return  # nothing new, or asked anew in between
        live.told[name] = place = reached
        if new:
            await live.send({"id": name, key: new, "place": reached})


async def _samples(live: _Live, acting: Acting, name: str, message: Message) -> None:
    """Tell how measures stand: at first each one there is, or those that changed after a place; then each that changed."""
    asked = message.asked
    assert isinstance(asked, Sampling)
    place: int | None = live.told.get(name)
    if place is not None and place >= live.pulse.state.samples:
        return
    since = asked.after if place is None else place
    key = ("samples", asked.measures, since, _seen(acting))
    told, reached = await live.pulse.shared(key, partial(topics.samples, acting, asked, since))
    if live.questions.get(name) is not message:
        return  # asked anew in between
    live.told[name] = reached
    if told or place is None:
        await live.send({"id": name, "samples": told, "place": reached})


async def _budgets(live: _Live, acting: Acting, name: str) -> None:
    """Tell how budgets stand: all of them at first, then those that stand otherwise, and the names of those that are gone."""
    state = (live.pulse.state.lake, live.pulse.state.specs)
    before, then = live.told.get(name, (None, {}))
    if before == state:
        return
    found = await live.pulse.shared(("budgets", _seen(acting)), partial(topics.budgets, live.context, acting))
    now = {str(one["budget"]): one for one in found}
    live.told[name] = (state, now)
    changed = [one for key, one in now.items() if then.get(key) != one]
    gone = [key for key in then if key not in now]
    if before is None or changed or gone:
        await live.send({"id": name, "budgets": changed, "gone": gone})


def _seen(acting: Acting) -> tuple[str, tuple[str, ...]]:
    """What tells one asker's answers from another's: the charges that they see, and what they may do."""
    principal = acting.principal
    return str(principal.scope), tuple(sorted(principal.permissions))


async def _acting(socket: WebSocket, pulse: Pulse) -> Acting:
    asker = await pulse.asker(socket)
    asker.principal.require("costs:read")
    context: Context = socket.app.state.context
    return Acting(context.workspace, asker.principal)
