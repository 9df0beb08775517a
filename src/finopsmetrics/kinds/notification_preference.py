"""The kind `notification_preference`: how one person wants to hear."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from finopsmetrics.core.form import Label
from finopsmetrics.core.messages import text
from finopsmetrics.core.parts import Frequency, Priority, Words
from finopsmetrics.core.shapes import Line, Word, Zone
from finopsmetrics.core.spec import Part, Spec

Clock = Annotated[
    str, Label("time of day"), text(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day is written as 08:30 or 22:00, in quotes")
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class QuietHours(Part):
    """When nothing but what is critical goes out. A span may pass midnight."""

    start: Clock = Field(description="When quiet begins, such as 22:00.")
    end: Clock = Field(description="When it ends, such as 07:00.")
    days: list[Weekday] = Field(default=[], description="On which days it begins; on all, unless given.")


class NotificationPreference(Spec, kind="notification_preference"):
    """How one person wants to hear: by what, how often, when not, of what not. It narrows the rules, and never widens them."""

    engine = "notifications.preferences"
    example = {
        "name": "maya",
        "user": "maya@company.com",
        "channels": ["slack"],
        "frequency": "daily_digest",
        "quiet_hours": {"start": "22:00", "end": "07:00"},
        "zone": "Europe/Berlin",
        "mute": ["resource_idle"],
    }

    user: Line = Field(description="Whose preference it is: a user's name or e-mail address.")
    enabled: bool = Field(default=True, description="Whether it is applied.")
    channels: Words = Field(default=[], description="By which channels; by those of the rule, unless given.")
    frequency: Frequency | None = Field(default=None, description="How often; as the rule says, unless given.")
    min_severity: Priority = Field(default="low", description="How grave a finding must be.")
    quiet_hours: QuietHours | None = Field(default=None, description="When only critical messages go out.")
    zone: Zone | None = Field(default=None, description="The time zone of the quiet hours; UTC, unless given.")
    mute: Words = Field(default=[], description="Of what not to hear: kinds of alerts.")
    language: Word | None = Field(default=None, description="The language of messages, such as en or de.")
