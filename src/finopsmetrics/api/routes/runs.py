"""Runs and schedules: what was done by itself and what by hand, what it came to, and when it is done again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.ids import RunId
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.costs import next_page
from finopsmetrics.api.runs import RunIn, Runs, RunShown, ScheduleIn, Schedules, ScheduleShown, State, Steps
from finopsmetrics.runtime.working import Working

router = APIRouter(prefix=PREFIX, tags=["runs"])
_BODY = [Depends(json_body)]
ScheduleName = Annotated[
    str, Path(description="The schedule's name.", min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]


@router.get("/runs", response_model=Runs, responses=problems())
@needs("runs:read", all_charges=True)
def runs(
    request: Request,
    backing: In,
    step: Annotated[str | None, Query(max_length=80, description="Only runs of this step.")] = None,
    state: Annotated[State | None, Query(description="Only runs in this state.")] = None,
    schedule: Annotated[str | None, Query(max_length=120, description="Only runs of this schedule.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """Runs, those queued last first, in pages."""
    found = Working(backing.acting).runs(step=step, state=state, schedule=schedule, limit=limit + 1, offset=offset)
    after = next_page(request, limit, offset) if len(found) > limit else None
    return {"runs": found[:limit], "limit": limit, "offset": offset, "next": after}


@router.post(
    "/runs", status_code=status.HTTP_202_ACCEPTED, response_model=RunShown, dependencies=_BODY, responses=problems(404, 413, 415)
)
@needs("runs:write", all_charges=True)
def start(backing: In, sent: RunIn) -> dict[str, Any]:
    """Let a step be run at once by the next free worker; it takes the step's own permission too."""
    working = Working(backing.acting)
    return working.started(working.queue(sent.step, sent.inputs))


@router.get("/runs/{run_id:run}", response_model=RunShown, responses=problems(404))
@needs("runs:read", all_charges=True)
def run(backing: In, run_id: RunId) -> dict[str, Any]:
    """One run with its outcome, or why it failed."""
    return Working(backing.acting).run(run_id)


@router.get("/steps", response_model=Steps, responses=problems())
@needs("runs:read", all_charges=True)
def steps(backing: In) -> dict[str, Any]:
    """What can be run and scheduled, with the schema of each step's inputs."""
    told = [
        {"name": s.name, "description": s.description, "permission": s.permission, "inputs": s.inputs.model_json_schema()}
        for s in Working(backing.acting).steps()
    ]
    return {"steps": told}


@router.get("/schedules", response_model=Schedules, responses=problems())
@needs("runs:read", all_charges=True)
def schedules(backing: In) -> dict[str, Any]:
    """Every schedule with its next tick."""
    return {"schedules": Working(backing.acting).schedules()}


@router.put("/schedules/{name}", response_model=ScheduleShown, dependencies=_BODY, responses=problems(404, 413, 415))
@needs("runs:write", all_charges=True)
def put_schedule(backing: In, name: ScheduleName, sent: ScheduleIn) -> dict[str, Any]:
    """Add a schedule or change it; it takes the step's own permission too."""
    working = Working(backing.acting)
    made = working.put(name, sent.step, sent.cron, zone=sent.zone, inputs=sent.inputs, active=sent.active)
    return working.schedule_shown(made)


@router.delete("/schedules/{name}", status_code=204, responses=problems(404))
@needs("runs:write", all_charges=True)
def remove_schedule(backing: In, name: ScheduleName) -> Response:
    """Remove a schedule; its runs stay in the history."""
    Working(backing.acting).remove(name)
    return Response(status_code=204)
