"""The kind `notification_rule`: who hears of what, how, and how often."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from finopsmetrics.core.parts import Frequency, OneOrMany, People, Priority, Words
from finopsmetrics.core.shapes import ConditionText, Cron, Duration, Threshold, Word, Zone
from finopsmetrics.core.spec import Part, Spec


class EscalationLevel(Part):
    """Who hears of a grave finding that nobody acknowledged in time."""

    after: Duration = Field(description="How long after it was found, or came back, such as 30m or 4h.")
    channels: Words = Field(min_length=1, description="By which channels.")
    recipients: People = Field(default=[], description="To whom; to those of the channels themselves, unless given.")


class NotificationRule(Spec, kind="notification_rule"):
    """Who hears of what, by which channels, how often, and in which form."""

    engine = "notifications.engine"
    example = {
        "name": "cfo",
        "persona": "cfo",
        "channels": ["email", "slack"],
        "frequency": "daily_digest",
        "alerts": ["budget_exceeded", "forecast_variance", "anomaly_detection"],
        "format": "executive_summary",
        "escalate": [{"after": "4h", "channels": ["pagerduty"]}],
    }

    blocks = {"escalate": "escalate"}

    persona: Word | None = Field(default=None, description="The role whose holders hear of it; `recipients` alone, unless given.")
    recipients: People = Field(default=[], description="Who else hears of it.")
    channels: Words = Field(min_length=1, description="By which channels: email, slack, teams, pagerduty, webhook.")
    frequency: Frequency = Field(default="real_time", description="At once, or gathered over an hour, a day, a week, a month.")
    schedule: Cron | None = Field(default=None, description="When a digest goes out; at the end of its span, unless given.")
    zone: Zone | None = Field(default=None, description="The time zone of the schedule; UTC, unless given.")
    alerts: Words = Field(min_length=1, description="Of what they hear: budget_exceeded, cost_spike, resource_idle, and so on.")
    min_severity: Priority = Field(default="low", description="How grave a finding must be.")
    condition: ConditionText | None = Field(default=None, description="Of which findings they hear; all, unless given.")
    format: Word | None = Field(default=None, description="The template: executive_summary, technical_details.")
    again: Threshold = Field(
        default=Decimal("0.2"), description="By which share the impact must move for the same finding to be told again: 20%."
    )
    escalate: Annotated[list[EscalationLevel], Field(max_length=20), OneOrMany()] = Field(
        default=[], description="Who hears of a high or critical finding that is not acknowledged in time."
    )
    enabled: bool = Field(default=True, description="Whether it is applied.")
