"""Send notices by mail. A password goes only to the server that stands beside it in the same secret, and never unencrypted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.policy import SMTP
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.email.message import rendered
from finopsmetrics.integrations.email.smtp import Server, hand_over
from finopsmetrics.integrations.sending import ChannelError, ChannelSettings, Parcel, Proof

MOST_RECIPIENTS = 50
PORTS = {"starttls": 587, "tls": 465, "plain": 25}
Security = Literal["starttls", "tls", "plain"]


class Settings(ChannelSettings):
    """From whom mails come, and by which server; one that wants a password stands in the secret `server` instead."""

    sender: str = Field(max_length=300, description="The address that mails come from.")
    default_recipient: str | None = Field(default=None, max_length=2_000, description="Whom mails go to that name nobody.")
    host: str | None = Field(default=None, max_length=253, description="A server that wants no password.")
    port: int | None = Field(default=None, ge=1, le=65_535, description="Its port: 587, with tls 465, with plain 25.")
    security: Security = Field(default="starttls", description="starttls, tls, or plain: unencrypted, without a password.")

    @field_validator("sender", "default_recipient")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        if value is not None:
            addresses(value)
        return value


@dataclass(frozen=True)
class EmailChannel:
    """A mail server, and from whom mails come."""

    server: Server
    sender: Address
    default: str
    now: Callable[[], datetime]

    def send(self, parcel: Parcel) -> Proof:
        """Hand a mail over. The proof is its Message-ID and what the server answered."""
        wanted = parcel.recipient or self.default
        if not wanted:
            raise UsageError("The message names no recipient.", cure="Set default_recipient, or name one.")
        try:
            found = addresses(wanted)
        except ValueError as error:
            raise ChannelError(f"The recipient cannot be read: {error}", cure="Write name@example.com.") from None
        mail = rendered(parcel.notice, parcel.id, self.sender, found, self.now())
        answer = hand_over(self.server, mail, self.sender.addr_spec, [one.addr_spec for one in found])
        return Proof(str(mail["Message-ID"]), answer)


def open_channel(settings: Settings, secrets: Mapping[str, str], now: Callable[[], datetime]) -> EmailChannel:
    """A channel by the server of the secret or of the settings. Raises UsageError."""
    if "server" in secrets:
        server = _of_secret(secrets["server"])
    elif settings.host:
        server = Server(settings.host, settings.port or PORTS[settings.security], settings.security)
    else:
        cure = "Set host, or give the secret `server` as smtp://USER:PASSWORD@HOST:587."
        raise UsageError("The mail connection names no server.", cure=cure)
    return EmailChannel(server, addresses(settings.sender)[0], settings.default_recipient or "", now)


def addresses(text: str) -> list[Address]:
    """Addresses that stand in a text with commas. Raises ValueError."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("an address has no control characters.")
    try:
        header = SMTP.header_factory("To", text)
        found = list(getattr(header, "addresses", ()))
    except Exception:  # the parser of the standard library raises many sorts for what is no address
        raise ValueError("it is no e-mail address.") from None
    if header.defects or not found or len(found) > MOST_RECIPIENTS or any(not one.domain or not one.username for one in found):
        raise ValueError(f"1 to {MOST_RECIPIENTS} addresses are wanted, such as finops@example.com.")
    return found


def _of_secret(url: str) -> Server:
    """`smtp://USER:PASSWORD@HOST:PORT` (STARTTLS is demanded) or `smtps://…` (TLS from the start)."""
    cure = "Write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465, with %40 for @ in user or password."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("The secret `server` cannot be read.", cure=cure) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise UsageError("The secret `server` is no smtp:// or smtps:// address.", cure=cure)
    security: Security = "tls" if parts.scheme == "smtps" else "starttls"
    user, password = (unquote(one) if one is not None else None for one in (parts.username, parts.password))
    return Server(parts.hostname, port or PORTS[security], security, user, password)
