"""The kind `approval_workflow`: who approves what, in which order, and how long they have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from finopsmetrics.core.parts import People, Words
from finopsmetrics.core.shapes import Amount, ConditionText, Currency, Duration, Line, LongText, Word
from finopsmetrics.core.spec import Part, Spec

_BREACH = re.compile(r"sla_breach_([1-9][0-9]*(?:mo|[mhdwy]))")


class Stage(Part):
    """One step: all stages must be passed, in their order."""

    stage: Word = Field(description="The name of the stage.")
    approvers: People = Field(min_length=1, description="Who may approve.")
    needed: int = Field(default=1, ge=1, le=100, description="How many of them must approve.")
    sla_hours: int | None = Field(default=None, ge=1, le=8_760, description="How many hours they have.")
    condition: ConditionText | None = Field(default=None, description="When the stage is asked at all; always, unless given.")


class Escalation(Part):
    """What happens when a stage is late. `sla_breach_24h: notify_manager` is short for it."""

    after: Duration = Field(description="How long after the stage's time has run out.")
    action: Word = Field(description="What happens: notify_manager, auto_approve, auto_reject.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, body: Any) -> Any:
        if isinstance(body, Mapping) and len(body) == 1:
            (key, action), *_rest = body.items()
            found = _BREACH.fullmatch(key) if isinstance(key, str) else None
            return {"after": found[1], "action": action} if found else body
        return body

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The fields, or the short form."""
        told = handler.resolve_ref_schema(handler(schema))
        short = {
            "type": "object",
            "patternProperties": {f"^{_BREACH.pattern}$": {"type": "string"}},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
        return {"title": told.get("title", "Escalation"), "anyOf": [told, short]}


class Ask(Part):
    """How the approvers are asked."""

    via: Literal["slack", "teams", "email", "jira", "servicenow", "webhook"] = Field(description="By which channel.")
    channel: Line | None = Field(default=None, description="Where: a channel such as #finops-approvals, a project, an address.")
    message_template: LongText | None = Field(default=None, description="The message, with {names} for what the request holds.")


class ApprovalWorkflow(Spec, kind="approval_workflow"):
    """Who approves what, in which order, how long they have, and how they are asked."""

    example = {
        "name": "reserved_instance_purchase",
        "stages": [
            {"stage": "manager_approval", "approvers": ["team_lead"], "sla_hours": 24},
            {"stage": "finance_approval", "approvers": ["finance_analyst", "cfo"], "sla_hours": 48},
            {"stage": "final_approval", "approvers": ["cto"], "sla_hours": 24},
        ],
        "escalation": [{"after": "24h", "action": "notify_manager"}, {"after": "48h", "action": "auto_approve"}],
        "asks": [{"via": "slack", "channel": "#finops-approvals"}],
    }

    enabled: bool = Field(default=True, description="Whether it is followed.")
    applies_to: Words = Field(default=[], description="The actions that need it; those of its own name, unless given.")
    condition: ConditionText | None = Field(default=None, description="Which requests need it; all, unless given.")
    above: Amount | None = Field(default=None, description="From which cost on a request needs it; any, unless given.")
    currency: Currency | None = Field(default=None, description="The currency of `above`.")
    stages: list[Stage] = Field(default=[], max_length=50, description="The stages, in their order.")
    escalation: list[Escalation] = Field(default=[], max_length=50, description="What happens when a stage is late.")
    asks: list[Ask] = Field(default=[], max_length=50, description="How the approvers are asked.")
    self_approval: bool = Field(default=False, description="Whether the requester may approve.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.stages and not self.asks:
            raise ValueError("a workflow says who is asked: give `stages` or `asks`")
        names = [stage.stage for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("two stages have the same name")
        if self.above is not None and self.currency is None:
            raise ValueError("`above` needs a `currency`")
        return self
