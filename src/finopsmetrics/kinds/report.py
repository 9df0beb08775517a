"""The kind `report`: what is written, when, for whom, in which format."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Lines, People, Words
from finopsmetrics.core.shapes import ConditionText, Cron, Currency, Filters, Line, Metric, Settings, Window, Word, Zone
from finopsmetrics.core.spec import Spec

Format = Literal["pdf", "excel", "csv", "json", "html", "markdown", "parquet", "slack_message", "email"]


class Report(Spec, kind="report"):
    """What is written, when or on which event, for whom, in which format."""

    example = {
        "name": "monthly_executive",
        "template": "executive_summary",
        "schedule": "0 9 1 * *",
        "recipients": ["cfo", "ceo", "coo"],
        "format": "pdf",
        "sections": [
            "total_spend_summary",
            "budget_vs_actual",
            "top_cost_drivers",
            "optimization_opportunities",
            "key_metrics_dashboard",
        ],
    }

    template: Word | None = Field(default=None, description="The template: executive_summary, team_chargeback, or a plugin's.")
    dashboard: Line | None = Field(default=None, description="The dashboard that is printed, in place of a template.")
    format: Format = Field(description="In which format it is written.")
    enabled: bool = Field(default=True, description="Whether it is written.")
    title: Line | None = Field(default=None, description="Its heading; the template's, unless given.")
    schedule: Cron | None = Field(default=None, description="When: five cron fields, such as `0 9 1 * *` for 9:00 on the 1st.")
    zone: Zone | None = Field(default=None, description="The time zone of the schedule; UTC, unless given.")
    trigger: Word | None = Field(
        default=None, description="The event on which it is written; with a schedule, only if it happened."
    )
    recipients: People = Field(default=[], description="Who gets it.")
    channels: Words = Field(default=[], description="How it goes out; by email or as the format says, unless given.")
    sections: Words = Field(default=[], description="Its sections, in their order; the template's, unless given.")
    breakdown: Lines = Field(default=[], description="The keys along which costs are broken down: team, project, environment.")
    time_range: Window | None = Field(default=None, description="The time it covers; as the template says, unless given.")
    metric: Metric = Field(default="billed", description="Which cost is shown.")
    currency: Currency | None = Field(default=None, description="The currency that is shown; all that there are, unless given.")
    filters: Filters = Field(default={}, description="Which charges it covers, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which charges it covers, as a condition.")
    settings: Settings = Field(default={}, description="The template's own settings.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.template is None) == (self.dashboard is None):
            raise ValueError("a report is made from a `template` or a `dashboard`: give one of them")
        if self.zone is not None and self.schedule is None:
            raise ValueError("`zone` is the zone of a `schedule`: give both")
        return self
