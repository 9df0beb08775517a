"""Findings: what was found, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.costs import next_page
from finopsmetrics.core.findings import Link, Severity, Sort, State, Verdict
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.reviewing import Reviewing

router = APIRouter(prefix=PREFIX, tags=["findings"])
FindingId = Annotated[str, Path(description="A finding's id: f- and hexadecimal digits.", pattern="^f-[0-9a-f]{1,40}$")]


class LinkShown(BaseModel):
    """Where more about a finding is."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2_000, description="A web address without user and password.")
    title: str = Field("", max_length=200)


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
    links: list[LinkShown]
    verdict: Verdict | None = Field(description="What somebody said of it.")
    version: int = Field(description="Rises with every change.")
    found_at: str
    seen_at: str = Field(description="When it was found last.")
    changed_at: str


class FindingsShown(BaseModel):
    """Findings, those that changed last first."""

    findings: list[FindingShown]
    next: str | None = Field(description="The path of the next page; null at the end.")


class EventShown(BaseModel):
    """Something that happened to a finding."""

    finding: str
    version: int
    at: str
    actor: str
    action: str = Field(description="found, changed, returned, state, owner, comment, link or verdict.")
    detail: dict[str, Any]
    place: int = Field(description="In the order of the events of all findings.")


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
    link: LinkShown | None = Field(None, description="A link to add; one of the same address takes its place.")
    verdict: Verdict | None = Field(None, description="expected and not_useful dismiss it, and change what is told later.")
    version: int | None = Field(None, ge=1, description="The version that was read; refused when it was changed since.")


class Snooze(BaseModel):
    """For how long nothing is to be heard of a finding."""

    model_config = ConfigDict(extra="forbid")

    time: str = Field(max_length=20, description="30m, 4h, 3d or 1w; 0m ends it.")
    everybody: bool = Field(False, description="For everybody, not only for oneself; takes findings:write.")


@router.get("/findings", response_model=FindingsShown, responses=problems())
@needs("findings:read")
def findings(
    request: Request,
    backing: In,
    state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
    severity: Annotated[list[Severity] | None, Query(description="Only these severities.")] = None,
    sort: Annotated[Sort | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> JSONResponse:
    """Findings about charges that may be seen."""
    asked = {"states": state or (), "severities": severity or (), "sort": sort, "owner": owner}
    found = Reviewing(backing.acting).all(**asked, limit=limit + 1, offset=offset)  # type: ignore[arg-type]
    after = next_page(request, limit, offset) if len(found) > limit else None
    return JSONResponse({"findings": [plain_row(one.as_dict()) for one in found[:limit]], "next": after})


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
    return JSONResponse({"history": [plain_row(event.as_dict()) for event in events]})


@router.patch(
    "/findings/{finding_id}",
    response_model=FindingShown,
    dependencies=[Depends(json_body)],
    responses=problems(404, 409, 413, 415),
)
@needs("findings:write")
def change(backing: In, finding_id: FindingId, sent: FindingChange) -> JSONResponse:
    """Change a finding's state or owner, or add a comment, a link or a verdict; all of it or nothing."""
    link = Link(sent.link.url, sent.link.title) if sent.link else None
    told = {name: getattr(sent, name) for name in ("state", "reason", "owner", "comment", "verdict")}
    changed = Reviewing(backing.acting).change(finding_id, **told, link=link, seen=sent.version)
    return JSONResponse(plain_row(changed.as_dict()))


@router.post(
    "/findings/{finding_id}/snooze",
    response_model=FindingShown,
    dependencies=[Depends(json_body)],
    responses=problems(404, 413, 415),
)
@needs("findings:read")
def snooze(backing: In, finding_id: FindingId, sent: Snooze) -> JSONResponse:
    """Let oneself, or everybody, not hear of a finding for a time."""
    found = Reviewing(backing.acting).snooze(finding_id, sent.time, everybody=sent.everybody)
    return JSONResponse(plain_row(found.as_dict()))
