"""Send notices to a webhook: signed, with an id by which the receiver can tell that one came twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import Field

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.posting import send_bytes
from finopsmetrics.integrations.sending import ChannelSettings, Parcel, Proof
from finopsmetrics.integrations.webhook.message import rendered, signed, signing_key


class Settings(ChannelSettings):
    """Where it is, unless the secret `url` says so."""

    url: str | None = Field(default=None, max_length=2_000, description="The https:// address, where it is no secret.")


class WebhookChannel:
    """One address, and the key that it knows."""

    def __init__(self, url: str, key: bytes, now: Callable[[], datetime]) -> None:
        self._url, self._key, self._now = url, key, now

    def send(self, parcel: Parcel) -> Proof:
        """Post a notice. Any 2xx is a success; what the receiver answers is not kept."""
        body = rendered(parcel.notice, parcel.id, parcel.recipient)
        headers = signed(self._key, parcel.id, self._now(), body)
        answer = send_bytes(self._url, body, headers={"Content-Type": "application/json", **headers}, told=False)
        return Proof(parcel.id, {"status": answer.status})


def open_channel(settings: Settings, secrets: Mapping[str, str], now: Callable[[], datetime]) -> WebhookChannel:
    """A channel to the address of the settings or of the secret. Raises UsageError."""
    url = secrets.get("url") or settings.url
    if not url:
        raise UsageError("The webhook has no address.", cure="Give it as the secret `url`, or as the setting `url`.")
    return WebhookChannel(url, signing_key(secrets["signing_key"]), now)
