"""Runs, schedules and steps as requests and responses carry them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["waiting", "running", "done", "failed"]
InputsSent = dict[str, Any]


class RunIn(BaseModel):
    """A step that is to be run at once."""

    model_config = ConfigDict(extra="forbid")
    step: str = Field(min_length=1, max_length=80, description="The step's name; see /api/v1/steps.")
    inputs: InputsSent = Field(default_factory=dict, description="Its inputs.")


class RunShown(BaseModel):
    """One execution of a step."""

    id: str
    step: str
    schedule: str | None = Field(description="The schedule that asked for it; null when somebody started it.")
    tick: datetime | None = Field(description="The schedule's tick that it stands for.")
    inputs: dict[str, Any]
    actor: str
    state: State
    attempt: int = Field(description="Counts from 1; 0 until a worker takes it.")
    attempts: int = Field(description="How many attempts it has.")
    queued_at: datetime
    due_at: datetime = Field(description="When it is, or was, to be taken; later after a failed attempt.")
    started_at: datetime | None = Field(description="When its newest attempt began.")
    ended_at: datetime | None
    worker: str | None = Field(description="Who has it, or had it when it ended.")
    lease_until: datetime | None = Field(description="Until when its worker has it without a sign of life.")
    outcome: dict[str, Any] | None
    error: str | None = Field(description="Why its newest attempt failed.")
    hidden: bool = Field(description="Whether outcome and error are kept back, for want of the permission to see them.")


class Runs(BaseModel):
    """A page of runs, those queued last first."""

    runs: list[RunShown]
    limit: int
    offset: int
    next: str | None = Field(description="The path of the next page.")


class ScheduleIn(BaseModel):
    """When a step is to be run."""

    model_config = ConfigDict(extra="forbid")
    step: str = Field(min_length=1, max_length=80, description="The step's name; see /api/v1/steps.")
    cron: str = Field(min_length=1, max_length=120, description="Five cron fields, or six where the last is seconds.")
    zone: str = Field("UTC", min_length=1, max_length=60, description="The time zone by its IANA name.")
    inputs: InputsSent = Field(default_factory=dict, description="The step's inputs.")
    active: bool = Field(True, strict=True, description="Whether it is on.")


class ScheduleShown(BaseModel):
    """When a step is run."""

    name: str
    step: str
    cron: str
    zone: str
    inputs: dict[str, Any]
    active: bool
    since: datetime = Field(description="Ticks before it are not made up for.")
    changed_by: str
    next: datetime | None = Field(description="The next tick; null when it is off.")


class Schedules(BaseModel):
    """Every schedule, by name."""

    schedules: list[ScheduleShown]


class StepShown(BaseModel):
    """What a run can do."""

    name: str
    description: str
    permission: str = Field(description="What it takes to start it, beside runs:write.")
    inputs: dict[str, Any] = Field(description="The JSON Schema of its inputs.")


class Steps(BaseModel):
    """Every step, by name."""

    steps: list[StepShown]
