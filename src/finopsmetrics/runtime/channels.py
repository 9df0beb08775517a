"""Channels: the connections by which messages go out, by name, and one message sent by one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.integrations.plain_text import one_line, plain_lines
from finopsmetrics.integrations.registry import manifests
from finopsmetrics.integrations.secret_refs import redacted, resolve
from finopsmetrics.integrations.sending import Channel, ChannelError, Parcel, Proof, no_recipient, open_channel, senders
from finopsmetrics.kinds.connection import Connection
from finopsmetrics.plugins.base import IntegrationPlugin
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.results import Message
from finopsmetrics.store.plugin_book import plugins_of
from finopsmetrics.store.specs import SpecBook

if TYPE_CHECKING:
    from finopsmetrics.plugins.active import Active
    from finopsmetrics.store.opened import OpenedHome

_SHORTEST_PART = 8  # of a secret URL that is hidden; words such as `services` are no secret, and hidden all the same


class Channels:
    """The channels of a home. It asks for no permission: that is the business of whoever lets it send."""

    def __init__(self, opened: OpenedHome) -> None:
        self._opened = opened
        self._plugins = plugins_of(opened)

    def all(self) -> dict[str, Connection]:
        """The enabled connections by which messages can be sent, by name."""
        book, after, found = SpecBook(self._opened.database, self._opened.now), None, dict[str, Connection]()
        while True:
            page, after = book.page("connection", after=after)
            specs = [Connection.model_validate(kept.body) for kept in page]
            found |= {spec.name: spec for spec in specs if spec.enabled and self._sends(spec)}
            if after is None:
                return found

    def named(self, word: str) -> list[str]:
        """The channels that a word stands for: the connection of that name, else every one of that integration.

        Raises NotFoundError that says what to declare.
        """
        known = self.all()
        found = [word] if word in known else [name for name, spec in known.items() if spec.integration == word]
        if not found:
            raise NotFoundError(f"No channel is {word[:80]!r}.", cure=_what_to_declare(word, known))
        return found

    def takes_recipient(self, name: str) -> bool:
        """Whether messages by a channel can name whom they are for. Raises NotFoundError."""
        declared = senders().get(self._one(name).integration)
        return declared is not None and declared.recipient is not None

    def keeps_incidents(self, name: str) -> bool:
        """Whether a channel wants to hear when something is acknowledged or over. Raises NotFoundError."""
        declared = senders().get(self._one(name).integration)
        return declared is not None and declared.incidents

    def shows_pictures(self, name: str) -> bool:
        """Whether a channel shows the chart of a notice. Raises NotFoundError."""
        declared = senders().get(self._one(name).integration)
        return declared is not None and declared.pictures

    def most_picture_bytes(self, name: str) -> int | None:
        """How large a chart a channel takes; None where it does not say. Raises NotFoundError."""
        declared = senders().get(self._one(name).integration)
        return declared.most_picture_bytes if declared is not None else None

    def send(self, name: str, parcel: Parcel) -> Proof:
        """Send a message by a channel, once. Raises FinOpsError, without the connection's secrets."""
        spec = self._one(name)
        if spec.integration not in senders():
            return self._by_plugin(self._plugins.one(spec.integration), parcel)
        secrets = resolve(spec.secrets, self._opened.home.root)
        hidden = [part for secret in secrets.values() for part in _parts(secret)]
        try:
            return self._opened_channel(spec, secrets).send(parcel)
        except FinOpsError as error:
            raise _told(error, hidden) from None
        except Exception as error:
            raise _unforeseen(error, hidden) from None

    def _opened_channel(self, spec: Connection, secrets: Mapping[str, str]) -> Channel:
        return open_channel(spec.integration, spec.settings, secrets, self._opened.now)

    def _by_plugin(self, one: Active, parcel: Parcel) -> Proof:
        no_recipient(parcel, f"The plugin {one.name}")
        assert isinstance(one.plugin, IntegrationPlugin)
        message = Message(one_line(parcel.notice.title), "\n".join(plain_lines(parcel.notice)), dict(parcel.notice.facts))
        try:
            one.call("send", partial(one.plugin.send, message), self._plugins.limits.collect)
        except PluginError as error:  # it does not say whether trying again can help, so it is tried
            raise ChannelError(error.cause, cure=error.cure, retryable=True) from None
        finally:
            self._plugins.tally.settle()
        return Proof(parcel.id, {"plugin": one.name})

    def _sends(self, spec: Connection) -> bool:
        if spec.capabilities and "channel" not in spec.capabilities:
            return False
        if spec.integration in manifests():
            return spec.integration in senders()
        plugin = self._plugins.active.get(spec.integration)
        return plugin is not None and isinstance(plugin.plugin, IntegrationPlugin) and "send" in plugin.plugin.capabilities

    def _one(self, name: str) -> Connection:
        known = self.all()
        if name not in known:
            raise NotFoundError(f"There is no channel {name[:80]!r}.", cure=_what_to_declare(name, known))
        return known[name]


def channels_for(opened: OpenedHome, word: str) -> list[str]:
    """The names of the channels that a rule's word stands for; see `Channels.named`."""
    return Channels(opened).named(word)


def _what_to_declare(word: str, known: Mapping[str, Connection]) -> str:
    integration = word if word in senders() else "slack"
    cure = f"Declare a connection: {{name: {word[:80]}, integration: {integration}, …}}, see docs/notifications/channels.md."
    return f"{cure} There are: {', '.join(known)}." if known else cure


def _parts(secret: str) -> list[str]:
    """A secret, and where it is a URL what may be secret in it: a vendor may repeat a part of it in its answer."""
    if "://" not in secret:
        return [secret]
    parts = urlsplit(secret)
    within = re.split(r"[/?&=;:@]+", f"{parts.netloc.rpartition('@')[0]}/{parts.path}/{parts.query}")
    return [secret, *(part for one in within if len(one) >= _SHORTEST_PART for part in {one, unquote(one)})]


def _told(error: FinOpsError, secrets: Iterable[str]) -> FinOpsError:
    """An error without the secrets that may stand in it."""
    hidden = tuple(secrets)
    error.cause, error.cure = redacted(error.cause, hidden), redacted(error.cure, hidden)
    error.args = (error.cause,)
    error.__cause__ = error.__context__ = None  # what it came of may repeat them
    return error


def _unforeseen(error: Exception, secrets: Iterable[str]) -> ChannelError:
    told = redacted(" ".join(str(error).split()), tuple(secrets))[:200]
    cause = f"Something unforeseen happened: {type(error).__name__}{f': {told}' if told else ''}."
    return ChannelError(cause, cure="Please report it.", retryable=True)
