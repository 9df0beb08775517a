"""Live answers: a WebSocket on which costs are told again whenever the lake changes, and what happens to findings as it does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import APIRouter, WebSocket
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.websockets import WebSocketDisconnect

from finopsmetrics.api.access import needs, who
from finopsmetrics.api.context import PREFIX, Context
from finopsmetrics.core.errors import FinOpsError, QueryError
from finopsmetrics.core.windows import Window
from finopsmetrics.iam.principal import ForbiddenError
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.observability.query import MOST_DIMENSIONS, MOST_TOP, build
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.reviewing import Reviewing

router = APIRouter(prefix=PREFIX)
EVERY = 1.0  # seconds between looks at the lake's version
MOST_QUESTIONS, MOST_TEXT = 50, 20_000
REFUSED = 1008  # RFC 6455: a policy was not kept


class Question(BaseModel):
    """A cost question, as /api/v1/costs takes it. The same id again replaces the question; a null question ends it."""

    model_config = ConfigDict(extra="forbid")
    metric: str = "billed"
    group_by: list[Annotated[str, Field(max_length=300)]] = Field(default=[], max_length=MOST_DIMENSIONS)
    range: str = Field(default="30d", max_length=80)
    filter: str | None = Field(default=None, max_length=10_000)
    basis: str = "accrual"
    grain: str | None = None
    compare: bool = False
    top: int | None = Field(default=None, ge=1, le=MOST_TOP)


class Following(BaseModel):
    """From which event of findings on: those after a place in their order; only what happens from now on, unless given."""

    model_config = ConfigDict(extra="forbid")
    after: int | None = Field(default=None, ge=0, le=2**62)


class Message(BaseModel):
    """What a client sends: `{"id": "a", "costs": {"group_by": ["ServiceName"]}}` or `{"id": "b", "findings": {"after": 12}}`."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=80)
    costs: Question | None = None
    findings: Following | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set - {"id"}) != 1:
            raise ValueError("give costs or findings")
        return self


@dataclass
class _Live:
    """One connection: its questions, and the version of the lake (of findings: the event) up to which each was answered."""

    socket: WebSocket
    questions: dict[str, Question | Following]
    told: dict[str, int]


@router.websocket("/stream")
@needs("costs:read")
async def stream(socket: WebSocket) -> None:
    """Answer questions now and after every change of the lake, within what the asker may see at that moment."""
    try:
        await run_in_threadpool(_acting, socket)
    except FinOpsError as error:
        await socket.close(REFUSED, reason=str(error)[:120])
        return
    await socket.accept()
    live = _Live(socket, {}, {})
    hearing = asyncio.create_task(_hear(live))
    try:
        while not hearing.done():
            await _tell(live)
            await asyncio.wait({hearing}, timeout=EVERY)
        hearing.result()
    except (WebSocketDisconnect, RuntimeError):  # gone, perhaps while an answer was on its way
        return
    except FinOpsError as error:
        await socket.close(REFUSED, reason=str(error)[:120])
    finally:
        hearing.cancel()


async def _hear(live: _Live) -> None:
    """Take questions until the client goes."""
    while True:
        text = await live.socket.receive_text()
        try:
            message = Message.model_validate_json(text if len(text) <= MOST_TEXT else "")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/".join(str(step) for step in first["loc"])
            await _send(live, {"error": {"code": "invalid", "detail": f"{where}: {first['msg']}"}})
            continue
        live.told.pop(message.id, None)
        question = message.costs or message.findings
        if question is None:
            live.questions.pop(message.id, None)
        elif len(live.questions) < MOST_QUESTIONS or message.id in live.questions:
            live.questions[message.id] = question
            await _tell(live)
        else:
            await _send(live, {"id": message.id, "error": {"code": "too_many", "detail": f"At most {MOST_QUESTIONS} questions."}})


async def _tell(live: _Live) -> None:
    """Answer what was not answered at the lake's present version. Who asks is looked up again each time."""
    if not live.questions:
        return
    acting = await run_in_threadpool(_acting, live.socket)
    version = await run_in_threadpool(_version, acting)
    for name, question in list(live.questions.items()):
        if isinstance(question, Following):
            await _follow(live, acting, name, question)
        elif live.told.get(name) != version:
            live.told[name] = version
            answer = await run_in_threadpool(_answer, live.socket, acting, question)
            await _send(live, {"id": name, "lake_version": version, **answer})


async def _follow(live: _Live, acting: Acting, name: str, asked: Following) -> None:
    """Tell what happened to findings since the last time; the first answer says from which place on."""
    try:
        reviewing = Reviewing(acting)
        place = live.told.get(name)
        if place is None:
            place = asked.after if asked.after is not None else await run_in_threadpool(reviewing.last_place)
            live.told[name] = place
            await _send(live, {"id": name, "events": [], "place": place})
        found, reached = await run_in_threadpool(reviewing.events, place)
    except ForbiddenError as error:
        live.questions.pop(name, None)
        await _send(live, {"id": name, "error": {"code": error.code, "detail": error.cause, "cure": error.cure}})
        return
    if reached == place or live.told.get(name) != place:  # nothing new, or asked anew in between
        return
    live.told[name] = reached
    if found:
        told = [{**plain_row(event.as_dict()), "now": plain_row(one.as_dict())} for event, one in found]
        await _send(live, {"id": name, "events": told, "place": reached})


async def _send(live: _Live, body: dict[str, Any]) -> None:
    await live.socket.send_text(json.dumps(body, ensure_ascii=False))


def _acting(socket: WebSocket) -> Acting:
    asker = who(socket)
    assert asker is not None
    asker.principal.require("costs:read")
    context: Context = socket.app.state.context
    return Acting(context.workspace, asker.principal)


def _version(acting: Acting) -> int:
    acting.costs.refresh()
    return acting.workspace.opened.lake.snapshot().version


def _answer(socket: WebSocket, acting: Acting, asked: Question) -> dict[str, Any]:
    context: Context = socket.app.state.context
    try:
        window = Window.parse(asked.range, now=acting.workspace.now())
        told = asked.model_dump(exclude={"range", "filter"})
        query = build(window=window, filters=asked.filter, **told)
        with context.gate.turn():
            answer = acting.costs.ask(query)
    except FinOpsError as error:
        return {"error": {"code": error.code, "detail": error.cause, "cure": error.cure}}
    if answer.receipt is None:
        raise QueryError("The answer has no receipt.")
    totals = answer.receipt.body["answer"]["totals"]
    return {"rows": [plain_row(row) for row in answer], "totals": totals, "receipt": answer.receipt.id}
