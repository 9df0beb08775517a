"""Send notices to PagerDuty. What a notice is about names its incident, so that a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import Field

from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.pagerduty.message import dedup_key, rendered
from finopsmetrics.integrations.posting import send_json
from finopsmetrics.integrations.sending import ChannelSettings, Parcel, Proof, no_recipient, sender


class Settings(ChannelSettings):
    """Which of PagerDuty's service regions."""

    endpoint: str = Field(default="https://events.pagerduty.com", description="https://events.eu.pagerduty.com in Europe.")


class PagerDutyChannel:
    """One service's or orchestration's routing key."""

    def __init__(self, settings: Settings, routing_key: str) -> None:
        self._url = f"{endpoint(settings.endpoint, sender('pagerduty').hosts)}/v2/enqueue"
        self._key = routing_key

    def send(self, parcel: Parcel) -> Proof:
        """Enqueue an event. PagerDuty answers 202 with the key of the incident."""
        no_recipient(parcel, "A routing key of PagerDuty")
        answer = send_json(self._url, {"routing_key": self._key, **rendered(parcel.notice)})
        told = answer.json()
        said = told if isinstance(told, dict) else {}
        key = str(said.get("dedup_key") or dedup_key(parcel.notice))
        return Proof(key, {"status": str(said.get("status", answer.status)), "action": parcel.notice.stage})


def open_channel(settings: Settings, secrets: Mapping[str, str], _now: Callable[[], datetime]) -> PagerDutyChannel:
    """A channel to the service of the secret `routing_key`. Raises UsageError."""
    return PagerDutyChannel(settings, secrets["routing_key"])
