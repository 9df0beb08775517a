"""The kind `compliance_framework`: controls, and the checks that show that they hold."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Alert, OneOrMany, Priority, Words
from finopsmetrics.core.shapes import ConditionText, Line
from finopsmetrics.core.spec import Part, Spec

HowOften = Literal["continuous", "hourly", "daily", "weekly", "monthly", "quarterly"]


class Control(Part):
    """One control and its checks."""

    id: Line = Field(description="The control's number in the framework, such as CC6.1.")
    description: Line | None = Field(default=None, description="What it asks for.")
    checks: Words = Field(min_length=1, description="The checks that show that it holds; all must pass.")
    frequency: HowOften = Field(default="daily", description="How often it is checked.")
    severity: Priority = Field(default="medium", description="How grave it is when it does not hold.")
    owner: Line | None = Field(default=None, description="Who answers for it.")


class ComplianceFramework(Spec, kind="compliance_framework"):
    """Controls and requirements, the checks that show that they hold, and how often they are checked."""

    example = {
        "name": "soc2",
        "description": "SOC 2: trust services criteria",
        "controls": [
            {
                "id": "CC6.1",
                "description": "Logical and physical access controls",
                "checks": ["iam_mfa_enabled", "root_account_unused", "encryption_at_rest"],
                "frequency": "daily",
            }
        ],
    }

    enabled: bool = Field(default=True, description="Whether it is checked.")
    controls: list[Control] = Field(default=[], max_length=1_000, description="Its controls.")
    requirements: Words = Field(default=[], description="Checks that must pass, for a framework without numbered controls.")
    frequency: HowOften = Field(default="daily", description="How often the requirements are checked.")
    scope: ConditionText | None = Field(default=None, description="Which resources it is for; all, unless given.")
    owner: Line | None = Field(default=None, description="Who answers for it.")
    alerts: Annotated[list[Alert], OneOrMany()] = Field(default=[], description="Who hears when a check fails.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.controls and not self.requirements:
            raise ValueError("a framework asks for something: give `controls` or `requirements`")
        if len({control.id for control in self.controls}) < len(self.controls):
            raise ValueError("two controls have the same id")
        return self
