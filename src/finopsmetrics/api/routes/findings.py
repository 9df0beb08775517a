"""Findings: what was found, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.core.findings import Severity, Sort, State
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.reviewing import Reviewing

router = APIRouter(prefix=PREFIX, tags=["findings"])
FindingId = Annotated[str, Path(description="A finding's id: f- and hexadecimal digits.", pattern="^f-[0-9a-f]{1,40}$")]


class FindingShown(BaseModel):
    """A finding as it stands. Times are UTC."""

    id: str
    sort: Sort
    key: str = Field(description="What tells it from others of its sort.")
    title: str
    severity: Severity
    state: State
    where: str | None = Field(description="The condition on the charges that it is about; null for all of them.")
    start: str | None
    end: str | None
    impact: str | None = Field(description="Exact decimal text in its currency; null where it cannot be computed.")
    currency: str | None
    body: dict[str, Any] = Field(description="What belongs to its sort.")
    receipts: list[str] = Field(description="Receipts of the figures in it.")
    source: str = Field(description="What found it.")
    owner: str | None
    version: int = Field(description="Rises with every change.")
    found_at: str
    seen_at: str = Field(description="When it was found last.")
    changed_at: str


class FindingsShown(BaseModel):
    """Findings, those that changed last first."""

    findings: list[FindingShown]


class EventShown(BaseModel):
    """Something that happened to a finding."""

    version: int
    at: str
    actor: str
    action: str = Field(description="found, changed, returned, state, owner or comment.")
    detail: dict[str, Any]


class FindingHistory(BaseModel):
    """Everything that happened to a finding, the oldest first."""

    history: list[EventShown]


class FindingChange(BaseModel):
    """What is to become of a finding; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    reason: str = Field("", max_length=4_000, description="Why the state changes.")
    owner: str | None = Field(None, max_length=200, description="Whose it is; an empty text for nobody's.")
    comment: str | None = Field(None, max_length=4_000)
    version: int | None = Field(None, ge=1, description="The version that was read; refused when it was changed since.")


@router.get("/findings", response_model=FindingsShown, responses=problems())
@needs("findings:read")
def findings(
    backing: In,
    state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
    sort: Annotated[Sort | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> JSONResponse:
    """Findings about charges that may be seen."""
    found = Reviewing(backing.acting).all(states=state or (), sort=sort, owner=owner, limit=limit, offset=offset)
    return JSONResponse({"findings": [plain_row(one.as_dict()) for one in found]})


@router.get("/findings/{finding_id}", response_model=FindingShown, responses=problems(404))
@needs("findings:read")
def finding(backing: In, finding_id: FindingId) -> JSONResponse:
    """One finding."""
    return JSONResponse(plain_row(Reviewing(backing.acting).one(finding_id).as_dict()))


@router.get("/findings/{finding_id}/history", response_model=FindingHistory, responses=problems(404))
@needs("findings:read")
def history(backing: In, finding_id: FindingId) -> JSONResponse:
    """Everything that happened to a finding."""
    events = Reviewing(backing.acting).history(finding_id)
    return JSONResponse({"history": [plain_row(vars(event)) for event in events]})


@router.patch(
    "/findings/{finding_id}",
    response_model=FindingShown,
    dependencies=[Depends(json_body)],
    responses=problems(404, 409, 413, 415),
)
@needs("findings:write")
def change(backing: In, finding_id: FindingId, sent: FindingChange) -> JSONResponse:
    """Change a finding's state or owner, or add a comment; all of it or nothing."""
    changed = Reviewing(backing.acting).change(
        finding_id, state=sent.state, reason=sent.reason, owner=sent.owner, comment=sent.comment, seen=sent.version
    )
    return JSONResponse(plain_row(changed.as_dict()))
