"""Send notices by the package apprise, which speaks to more than a hundred services by a URL each.

Apprise opens its connections itself. Before that the host of the URL is looked up and must be a public one; between that and
its own look-up a name can change its mind, which is why an address of the server's own network may not be kept from it fully.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.plain_text import one_line, picture, plain_lines, shortened, stamp
from finopsmetrics.integrations.sending import ChannelError, ChannelSettings, Parcel, Proof, no_recipient
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.http import check_host

TITLE, BODY = 250, 32_000  # characters; apprise cuts to what each service takes
KINDS = {"critical": "failure", "high": "failure", "medium": "warning", "low": "info"}
# What runs a program, or reaches the machine that the server runs on, by nature.
LOCAL = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})


class Settings(ChannelSettings):
    """Nothing: the URL says it all."""


class AppriseChannel:
    """One service, by its URL."""

    def __init__(self, url: str) -> None:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log parts of the URL, which is a secret
        schema = url.partition("://")[0].strip().lower()
        if schema in LOCAL:
            raise UsageError(
                f"{schema}:// reaches the server's own machine.", cure="Use a service that is reached over a network."
            )
        made = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if made is None:
            raise UsageError("The secret `url` is no URL that apprise knows.", cure="See apprise's list of services.")
        made.redirects = False
        self._service: Any = made
        self._kinds = apprise.NotifyType
        self._guard()

    def send(self, parcel: Parcel) -> Proof:
        """Hand title, text and chart over. Apprise says whether the service took it, and nothing more."""
        no_recipient(parcel, "A URL of apprise")
        notice = parcel.notice
        body = shortened("\n".join([*plain_lines(notice), "", stamp(notice)]), BODY)
        kind = "success" if notice.stage == "resolve" else KINDS[notice.severity]
        title, sort = shortened(one_line(notice.title), TITLE), self._kinds(kind)
        if not self._service.notify(body=body, title=title, notify_type=sort, attach=self._chart(notice)):
            name = one_line(str(self._service.service_name))
            raise ChannelError(f"{name} did not take the message.", cure="Check the secret `url`.", retryable=True)
        return Proof(parcel.id, {"service": str(self._service.service_name)})

    def _chart(self, notice: Notice) -> Any:
        """The chart as a file in memory, for a service that takes files: apprise alone knows which do."""
        from apprise import AppriseAttachment
        from apprise.attachment.memory import AttachMemory

        chart = picture(notice)
        if chart is None or not self._service.attachment_support:
            return None
        file: Any = AttachMemory
        files = AppriseAttachment()
        files.add(file(content=chart, name="chart.png", mimetype="image/png"))
        return files

    def _guard(self) -> None:
        """Raise ChannelError when the URL names a host that is not public. Services without a host have their vendor's."""
        service = self._service
        if not any("{host}" in template for template in service.templates):
            return  # what apprise calls its host is a part of a token
        host, port = getattr(service, "smtp_host", None) or service.host, service.port
        try:
            check_host(str(host or ""), port if isinstance(port, int) else 443)
        except PluginError as error:
            raise ChannelError(error.cause, cure=error.cure, retryable=error.retryable) from None


def open_channel(_settings: Settings, secrets: Mapping[str, str], _now: Callable[[], datetime]) -> AppriseChannel:
    """A channel to the service of the secret `url`. Raises UsageError, and ChannelError for an address that is not public."""
    return AppriseChannel(secrets["url"])
