"""Connections: whether they can be used, and what was collected from them when."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.runtime.syncing import Syncing

router = APIRouter(prefix=PREFIX, tags=["connections"])


class CollectedShown(BaseModel):
    """A connection that bills are collected from. Times are UTC."""

    connection: str
    integration: str
    source: str = Field(description="Whose bill it is, as deliveries name it.")
    began_at: datetime | None = Field(description="When its last sync began; null before the first.")
    ended_at: datetime | None = Field(description="When it ended; null while it runs, or when it was killed.")
    succeeded_at: datetime | None = Field(description="When one last went well.")
    error: str | None = Field(description="Why the last one did not go well.")
    batches: int = Field(description="How many deliveries, or months, are known.")
    fetched_at: datetime | None = Field(description="When something was fetched last.")


class Collecting(BaseModel):
    """Every connection that bills are collected from, by name."""

    connections: list[CollectedShown]


class CheckShown(BaseModel):
    """One thing that was tried at the source."""

    what: str = Field(description="The permission or thing that is needed.")
    ok: bool
    detail: str
    cure: str = Field(description="What to do when it is missing.")


class ConnectionChecked(BaseModel):
    """What a connection's source allows."""

    ok: bool = Field(description="Whether nothing is missing.")
    checks: list[CheckShown]


@router.get("/collecting", responses=problems())
@needs("deliveries:write", all_charges=True)
def collecting(backing: In) -> Collecting:
    """Connections that bills are collected from, and how their last sync went. To sync one, start a run of the step `sync`."""
    return Collecting(connections=[CollectedShown(**one) for one in Syncing(backing.acting).states()])


@router.post("/connections/{name}/check", responses=problems(404, 502))
@needs("deliveries:write", all_charges=True)
def check(backing: In, name: SpecName) -> ConnectionChecked:
    """Try each permission that a sync of a connection needs, at its source; nothing is changed there or here."""
    syncing = Syncing(backing.acting)
    found = syncing.check(syncing.connection(name))
    return ConnectionChecked(ok=all(one.ok for one in found), checks=[CheckShown(**vars(one)) for one in found])
