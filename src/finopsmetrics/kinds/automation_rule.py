"""The kind `automation_rule`: what is done by itself where a condition holds."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import People, WordFor
from finopsmetrics.core.shapes import ConditionText, Cron, Duration, Line, Settings, Word, Zone
from finopsmetrics.core.spec import Part, Spec


class RuleAction(Part):
    """One action and its settings."""

    type: Word = Field(description="The action: shutdown, rightsize, scale, migrate, recommend_downsize, or a plugin's.")
    settings: Settings = Field(default={}, description="The action's own settings.")


class Limits(Part):
    """How much a rule may do before a person looks."""

    per_run: int | None = Field(default=None, ge=1, le=100_000, description="The most actions of one run.")
    per_day: int | None = Field(default=None, ge=1, le=100_000, description="The most actions of one day.")


class AutomationRule(Spec, kind="automation_rule"):
    """What is done by itself where a condition holds: by which action, after whose approval, within which limits."""

    example = {
        "name": "shutdown_idle_dev_instances",
        "condition": 'resource.environment == "dev" AND\nresource.cpu_avg_7d < 5% AND\nresource.idle_hours > 48\n',
        "action": {"type": "shutdown"},
        "notification": ["engineer", "slack"],
    }

    condition: ConditionText = Field(description="Which resources it acts on.")
    action: Annotated[RuleAction, WordFor()] = Field(description="What is done; a word stands for an action of that type.")
    enabled: bool = Field(default=True, description="Whether it runs.")
    require_approval: bool = Field(default=False, description="Whether somebody must approve each action first.")
    approvers: People = Field(default=[], description="Who may approve.")
    workflow: Line | None = Field(default=None, description="The approval workflow that is followed.")
    dry_run: bool = Field(default=False, description="Whether it only says what it would do.")
    schedule: Cron | None = Field(default=None, description="When it runs; after each delivery, unless given.")
    zone: Zone | None = Field(default=None, description="The time zone of the schedule; UTC, unless given.")
    cooldown: Duration | None = Field(default=None, description="How long it leaves a resource alone after acting on it.")
    exclude: ConditionText | None = Field(default=None, description="Which resources it never acts on.")
    limits: Limits | None = Field(default=None, description="How much it may do before a person looks.")
    verify_after: Duration | None = Field(default=None, description="When it checks whether the action did what it should.")
    notification: People = Field(default=[], description="Who or which channel is told.")

    @model_validator(mode="after")
    def _approval(self) -> Self:
        if (self.approvers or self.workflow) and not self.require_approval:
            raise ValueError("`approvers` and `workflow` are read only with `require_approval: true`")
        if self.zone is not None and self.schedule is None:
            raise ValueError("`zone` is the zone of a `schedule`: give both")
        return self
