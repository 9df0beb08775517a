"""Send notices to Slack: by a bot's token to any channel or person, or by an incoming webhook to its own channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.plain_text import one_line, picture
from finopsmetrics.integrations.posting import secret_url, send_bytes, send_json
from finopsmetrics.integrations.sending import ChannelError, ChannelSettings, Parcel, Proof, no_recipient, sender
from finopsmetrics.integrations.slack.message import by_webhook, rendered

PASSING = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"})
CURES = {
    "not_in_channel": "Invite the bot: /invite @its-name in that channel.",
    "channel_not_found": "Check the channel's name; invite the bot to a private one.",
    "is_archived": "Name a channel that is not archived.",
    "invalid_auth": "Check the secret `token`: it is a bot's token, which begins with xoxb-.",
    "not_authed": "Check the secret `token`: it is a bot's token, which begins with xoxb-.",
    "token_revoked": "Install the app again and keep its new token.",
    "account_inactive": "Install the app again and keep its new token.",
    "missing_scope": "Give the app the scopes chat:write, for charts files:write, for people by e-mail users:read.email.",
    "users_not_found": "No person of this workspace has that e-mail address.",
}


class Settings(ChannelSettings):
    """Where messages go that name nobody."""

    default_channel: str | None = Field(default=None, max_length=200, description="A #channel or an id.")
    endpoint: str = Field(default="https://slack.com", description="Slack's address, or GovSlack's.")


class SlackBot:
    """A bot with a token of a workspace."""

    def __init__(self, settings: Settings, token: str) -> None:
        self._hosts = sender("slack").hosts
        self._base = endpoint(settings.endpoint, self._hosts)
        self._default, self._token = settings.default_channel, token

    def send(self, parcel: Parcel) -> Proof:
        """Post a message; its chart follows in its thread. A chart that Slack does not take is told in the proof."""
        channel = self._whom(parcel.recipient or self._default or "")
        told = self._call("chat.postMessage", {"channel": channel, **rendered(parcel.notice, parcel.id)})
        place = {"channel": str(told.get("channel", "")), "ts": str(told.get("ts", ""))}
        chart = picture(parcel.notice)
        if chart is not None:
            try:
                place["chart"] = self._upload(chart, parcel, place)
            except FinOpsError as error:  # the message is there: sending it again would say everything twice
                place["chart"] = f"not sent: {error.cause}"
        return Proof(place["ts"], place)

    def _whom(self, recipient: str) -> str:
        """The channel's or person's id or name; a person is found by e-mail address."""
        if not recipient:
            raise UsageError("The message names no channel.", cure="Set default_channel, or name a recipient.")
        if "@" not in recipient.lstrip("@"):
            return recipient
        found = self._call("users.lookupByEmail", form={"email": recipient})
        return str((found.get("user") or {}).get("id", ""))

    def _upload(self, chart: bytes, parcel: Parcel, place: Mapping[str, str]) -> str:
        name = f"{parcel.id}.png"
        room = self._call("files.getUploadURLExternal", form={"filename": name, "length": str(len(chart))})
        url = secret_url(str(room.get("upload_url", "")), self._hosts)
        send_bytes(url, chart, headers={"Content-Type": "application/octet-stream"}, told=False)
        files = [{"id": room.get("file_id"), "title": one_line(parcel.notice.title)[:200]}]
        where = {"channel_id": place["channel"], "thread_ts": place["ts"]}
        self._call("files.completeUploadExternal", {"files": files, **where})
        return str(room.get("file_id"))

    def _call(
        self, method: str, body: Mapping[str, Any] | None = None, *, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A method of the Web API; Slack says in the body whether it went well."""
        url, headers = f"{self._base}/api/{method}", {"Authorization": f"Bearer {self._token}"}
        if form is not None:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = send_bytes(url, urlencode(form).encode(), headers={**headers, **kind})
        else:
            answer = send_json(url, body, headers=headers)
        told = answer.json()
        if not isinstance(told, dict):
            raise ChannelError("Slack answered with what is no JSON object.", cure="It is tried again.", retryable=True)
        if told.get("ok") is True:
            return told
        error = one_line(str(told.get("error", "no reason")))[:80]
        passing = error in PASSING
        cure = CURES.get(error, "See Slack's reference of that method for the error.")
        raise ChannelError(f"Slack refused {method}: {error}.", cure=cure, retryable=passing, wait=answer.wait)


class SlackWebhook:
    """An incoming webhook: a secret address that belongs to one channel."""

    def __init__(self, url: str) -> None:
        self._url = secret_url(url, sender("slack").hosts)

    def send(self, parcel: Parcel) -> Proof:
        """Post a message, without its chart: a webhook takes no files."""
        no_recipient(parcel, "An incoming webhook of Slack")
        answer = send_json(self._url, by_webhook(parcel.notice))
        return Proof(parcel.id, {"status": answer.status, "answer": one_line(answer.text)[:80]})


def open_channel(settings: Settings, secrets: Mapping[str, str], _now: Callable[[], datetime]) -> SlackBot | SlackWebhook:
    """A bot where there is a token, else a webhook. Raises UsageError."""
    if "token" in secrets:
        return SlackBot(settings, secrets["token"])
    if "webhook" in secrets:
        return SlackWebhook(secrets["webhook"])
    raise UsageError("The Slack connection has no secret.", cure="Give it `token` (a bot's) or `webhook` (an address).")
