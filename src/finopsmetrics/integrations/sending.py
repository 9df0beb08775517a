"""The words in which a channel speaks: what it is given to send, and what proves that it arrived; and how to open one.

A channel is opened from a connection's settings and secrets. It renders a notice natively, by a pure function beside it, and
sends it once. Whoever delivers decides what is sent when, and what is tried again; a channel knows of no outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.collecting import SourceSettings
from finopsmetrics.integrations.manifest import Channel as Declared
from finopsmetrics.integrations.opening import missing_package, secrets_of, settings_of
from finopsmetrics.integrations.registry import manifests

ChannelSettings = SourceSettings
"""The base of a channel's settings: frozen, and a key that is not declared is refused."""


class ChannelError(FinOpsError):
    """A channel did not take a message. `retryable` when it may the next time, `wait` are the seconds that it asks for."""

    code = "channel"
    http_status = 502

    def __init__(self, cause: str, *, cure: str = "", retryable: bool = False, wait: float | None = None) -> None:
        super().__init__(cause, cure=cure, retryable=retryable)
        self.wait = wait


@dataclass(frozen=True)
class Parcel:
    """A message to send: its id, by which a receiver can tell that it came twice; whom it is for; what it says."""

    id: str
    recipient: str
    notice: Notice


@dataclass(frozen=True)
class Proof:
    """That a message arrived: the channel's own reference for it, and what else it answered. Never a secret."""

    reference: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"reference": self.reference, **self.detail}


class Channel(Protocol):
    """A way to somebody, with one connection's settings and secrets."""

    def send(self, parcel: Parcel) -> Proof:
        """Send a message, once. Raises ChannelError, and PluginError when nobody answers."""


class ChannelModule(Protocol):
    """What a module that sends holds: its settings, and how to open a channel."""

    Settings: type[ChannelSettings]

    def open_channel(self, settings: Any, secrets: Mapping[str, str], now: Callable[[], datetime]) -> Channel:
        """A channel with these settings; secrets by the names that the manifest declares; `now` is UTC without zone."""


def senders() -> dict[str, Declared]:
    """The integrations that send messages, by name; no vendor's code is imported."""
    found = {name: manifest.capabilities.channel for name, manifest in manifests().items()}
    return {name: channel for name, channel in found.items() if channel is not None}


def sender(vendor: str) -> Declared:
    """How an integration sends. Raises UsageError for one that does not."""
    known = senders()
    if vendor not in known:
        raise UsageError(f"The integration {vendor!r} sends no messages.", cure=f"These do: {', '.join(known)}.")
    return known[vendor]


def open_channel(vendor: str, settings: Mapping[str, Any], secrets: Mapping[str, str], now: Callable[[], datetime]) -> Channel:
    """A channel of an integration. Raises UsageError that names what is wrong with the settings or secrets."""
    declared = sender(vendor)
    module = cast(ChannelModule, import_module(f"finopsmetrics.integrations.{vendor}.{declared.module}"))
    secrets_of(vendor, declared, secrets)
    try:
        return module.open_channel(settings_of(vendor, module.Settings, settings), secrets, now)
    except ModuleNotFoundError as error:
        raise missing_package(vendor, declared, error) from error


def no_recipient(parcel: Parcel, what: str) -> None:
    """Raise ChannelError when a message is for somebody whom a channel with one destination cannot choose."""
    if parcel.recipient:
        cause = f"{what} reaches one place only, and the message is for {parcel.recipient[:80]!r}."
        raise ChannelError(cause, cure="Send it without a recipient, or by a channel that can choose.")
