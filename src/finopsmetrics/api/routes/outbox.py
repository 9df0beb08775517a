"""The outbox: messages on their way out, what became of them, and a test of a channel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.costs import next_page
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.store.outbox import State

router = APIRouter(prefix=PREFIX, tags=["notifications"])
MessageId = Annotated[str, Path(description="A message's id: m- and hexadecimal digits.", pattern="^m-[0-9a-f]{1,40}$")]


class MessageShown(BaseModel):
    """A message as it stands. Times are UTC."""

    id: str
    key: str = Field(description="What tells it from others: the same key is the same message.")
    channel: str = Field(description="The connection by which it goes.")
    recipient: str = Field(description="Whom it is for; empty for whom the connection names.")
    notice: dict[str, Any] = Field(description="What it says, without its picture.")
    state: State
    due: str = Field(description="When it is tried next.")
    since: str = Field(description="When it was to go out first, or was put back by hand.")
    attempts: int
    proof: dict[str, Any] | None = Field(description="The channel's reference for it; null until it was sent.")
    error: str | None = Field(description="Why the last attempt failed, and what to do.")
    created_at: str
    changed_at: str


class MessagesShown(BaseModel):
    """Messages, those put last first."""

    messages: list[MessageShown]
    next: str | None = Field(description="The path of the next page; null at the end.")


class AttemptShown(BaseModel):
    """One attempt to deliver a message."""

    number: int
    at: str
    outcome: str = Field(description="begun, sent, failed or refused; one that stays begun was broken off and may have arrived.")
    detail: dict[str, Any]


class MessageWithAttempts(MessageShown):
    """A message with every attempt to deliver it."""

    tried: list[AttemptShown]


class TestMessage(BaseModel):
    """Whom a test message is for."""

    model_config = ConfigDict(extra="forbid")

    recipient: str = Field("", max_length=300, description="As the channel understands it; empty for whom the connection names.")


class TestSent(BaseModel):
    """What a test message came to."""

    channel: str
    ok: bool
    proof: dict[str, Any] | None = Field(description="The channel's reference for it.")
    error: str | None
    cure: str = Field(description="What to do about the error.")


@router.get("/outbox", response_model=MessagesShown, responses=problems())
@needs("notifications:read", all_charges=True)
def messages(
    request: Request,
    backing: In,
    state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
    channel: Annotated[str | None, Query(max_length=120, description="Only those by this connection.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> JSONResponse:
    """Messages that go out, and what became of them."""
    found = Outbox(backing.acting).all(states=state or (), channel=channel, limit=limit + 1, offset=offset)
    after = next_page(request, limit, offset) if len(found) > limit else None
    return JSONResponse({"messages": [plain_row(one.as_dict()) for one in found[:limit]], "next": after})


@router.get("/outbox/{message_id}", response_model=MessageWithAttempts, responses=problems(404))
@needs("notifications:read", all_charges=True)
def message(backing: In, message_id: MessageId) -> JSONResponse:
    """One message with every attempt to deliver it."""
    one, tried = Outbox(backing.acting).one(message_id)
    return JSONResponse({**plain_row(one.as_dict()), "tried": [plain_row(vars(attempt)) for attempt in tried]})


@router.post("/outbox/{message_id}/retry", response_model=MessageShown, responses=problems(404, 409))
@needs("notifications:write", all_charges=True)
def retry(backing: In, message_id: MessageId) -> JSONResponse:
    """Let a message that waits, is dead or was dropped go out at the next delivery, with all its attempts before it again."""
    return JSONResponse(plain_row(Outbox(backing.acting).retry(message_id).as_dict()))


@router.post("/outbox/{message_id}/drop", response_model=MessageShown, responses=problems(404, 409))
@needs("notifications:write", all_charges=True)
def drop(backing: In, message_id: MessageId) -> JSONResponse:
    """Let a message not go out."""
    return JSONResponse(plain_row(Outbox(backing.acting).drop(message_id).as_dict()))


@router.post(
    "/connections/{name}/test-message",
    dependencies=[Depends(json_body)],
    responses=problems(404, 413, 415),
)
@needs("notifications:write", all_charges=True)
def test_message(backing: In, name: SpecName, sent: TestMessage) -> TestSent:
    """Send a message that says that it is a test by a channel, now; nothing of it is kept in the outbox."""
    tried = Delivering(backing.acting).test_one(name, sent.recipient)
    return TestSent(ok=tried.error is None, **vars(tried))
