"""The kind `policy`: what must not be, and what happens where it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import People, Priority, WordFor
from finopsmetrics.core.shapes import ConditionText, Duration, Line, Tags, Word
from finopsmetrics.core.spec import Part, Spec


class AlertAction(Part):
    """Tell somebody."""

    type: Literal["alert"] = Field(description="`alert`: tell somebody.")
    recipients: People = Field(default=[], description="Who is told, besides those under `notification`.")


class ApprovalAction(Part):
    """Wait until somebody approves."""

    type: Literal["require_approval"] = Field(description="`require_approval`: wait until somebody approves.")
    approvers: People = Field(default=[], description="Who may approve.")
    workflow: Line | None = Field(default=None, description="The approval workflow that is followed.")


class PreventAction(Part):
    """Refuse the request."""

    type: Literal["prevent"] = Field(description="`prevent`: refuse the request.")
    message: Line | None = Field(default=None, description="What the requester is told.")


class RemediateAction(Part):
    """Put it right."""

    type: Literal["remediate"] = Field(description="`remediate`: put it right by an action.")
    remediation: Word = Field(description="The action that puts it right.")
    require_approval: bool = Field(default=True, description="Whether somebody must approve first.")


class TagAction(Part):
    """Tag the resource."""

    type: Literal["tag"] = Field(description="`tag`: tag the resource.")
    tags: Tags = Field(min_length=1, description="The tags that it gets.")


PolicyAction = Annotated[
    Annotated[AlertAction | ApprovalAction | PreventAction | RemediateAction | TagAction, Field(discriminator="type")],
    WordFor(),
]


class Exemption(Part):
    """What a policy leaves alone, why, and until when."""

    condition: ConditionText = Field(description="What is left alone.")
    reason: Line = Field(description="Why it is left alone.")
    until: date | None = Field(default=None, description="The last day of the exemption; it has no end, unless given.")


class Policy(Spec, kind="policy"):
    """What must not be, and what happens where it is. `approvers` beside a word of action read as the action's own."""

    example = {
        "name": "Prevent Large Instance Launches",
        "description": "Require approval for GPU instances",
        "enabled": True,
        "condition": 'resource.type == "ec2_instance" AND\nresource.instance_family IN ["p4", "p5"] AND\n'
        'requester.role NOT IN ["cto", "infrastructure_leader"]\n',
        "action": {"type": "require_approval", "approvers": ["cto@company.com", "infrastructure-lead@company.com"]},
    }

    condition: ConditionText = Field(description="What must not be: the policy is violated where this matches.")
    action: PolicyAction = Field(description="What happens then; a word such as `alert` stands for an action of that type.")
    enabled: bool = Field(default=True, description="Whether it is checked.")
    severity: Priority = Field(default="medium", description="How grave a violation is.")
    category: Word | None = Field(default=None, description="What it guards: cost, security, compliance, tagging.")
    approvers: People = Field(default=[], description="Who may approve; kept as the approvers of `require_approval`.")
    notification: People = Field(default=[], description="Who or which channel is told of a violation.")
    exception_process: Line | None = Field(default=None, description="The process by which somebody asks for an exception.")
    remediation: Word | None = Field(default=None, description="The action that puts a violation right, offered beside `action`.")
    compliance_framework: Line | None = Field(default=None, description="The framework that asks for it, such as GDPR.")
    grace: Duration | None = Field(default=None, description="How long a violation may last before the action is taken.")
    exemptions: list[Exemption] = Field(default=[], description="What is left alone, why, and until when.")

    @model_validator(mode="after")
    def _approvers(self) -> Self:
        if not isinstance(self.action, ApprovalAction):
            if self.approvers:
                raise ValueError("`approvers` go with the action require_approval; drop them or change the action")
            return self
        if self.approvers and self.action.approvers and self.approvers != self.action.approvers:
            raise ValueError("`approvers` are given twice, and differ; keep those of `action`")
        approvers = self.approvers or self.action.approvers
        if not approvers and self.action.workflow is None:
            raise ValueError("the action require_approval needs `approvers` or a `workflow`")
        action = self.action.model_copy(update={"approvers": approvers})
        return self.model_copy(update={"action": action, "approvers": []})
