"""Send notices to Microsoft Teams: posted to a workflow, which puts the card into its channel or chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from finopsmetrics.integrations.posting import secret_url, send_bytes
from finopsmetrics.integrations.sending import ChannelError, ChannelSettings, Parcel, Proof, no_recipient, sender
from finopsmetrics.integrations.teams.message import encoded, rendered


class Settings(ChannelSettings):
    """Nothing: where a card goes is the workflow's business."""


class TeamsWorkflow:
    """A workflow's secret address."""

    def __init__(self, url: str) -> None:
        self._url = secret_url(url, sender("teams").hosts)

    def send(self, parcel: Parcel) -> Proof:
        """Post a card. Teams gives no reference, and knows no repeats."""
        no_recipient(parcel, "A workflow of Teams")
        answer = send_bytes(self._url, encoded(rendered(parcel.notice)), headers={"Content-Type": "application/json"})
        if "failed" in answer.text.lower():  # connectors of old answer 200 and tell of the failure in words
            raise ChannelError("Teams could not deliver the card.", cure="It is tried again.", retryable=True, wait=answer.wait)
        run = answer.headers.get("x-ms-workflow-run-id") or answer.headers.get("x-ms-request-id", "")
        return Proof(run or parcel.id, {"status": answer.status})


def open_channel(_settings: Settings, secrets: Mapping[str, str], _now: Callable[[], datetime]) -> TeamsWorkflow:
    """A channel to the workflow of the secret `url`. Raises UsageError."""
    return TeamsWorkflow(secrets["url"])
