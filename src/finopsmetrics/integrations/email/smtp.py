"""Hand a mail over to a server: to the address that was checked, encrypted, with the server's certificate verified."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Literal

from finopsmetrics.integrations.plain_text import one_line
from finopsmetrics.integrations.sending import ChannelError
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.http import check_host

SECONDS = 15.0  # for each step


@dataclass(frozen=True)
class Server:
    """A mail server. With `starttls` and `tls` nothing goes to it unencrypted."""

    host: str
    port: int
    security: Literal["starttls", "tls", "plain"]
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def hand_over(server: Server, mail: EmailMessage, sender: str, recipients: Sequence[str]) -> dict[str, Any]:
    """What the server answered to the mail, and recipients that it refused. Raises ChannelError when it took none."""
    try:
        client = _connected(server, sender.rpartition("@")[2])
    except PluginError as error:
        raise ChannelError(error.cause, cure=error.cure, retryable=error.retryable) from None
    except ssl.SSLError as error:
        cause = f"{server.host} cannot be trusted: {one_line(str(error.reason or error))[:120]}."
        raise ChannelError(cause, cure="Check the host's name and its certificate, and `security`.", retryable=True) from None
    except smtplib.SMTPException as error:
        raise _refusal(server.host, error) from None
    except OSError as error:
        raise ChannelError(f"{server.host} did not answer: {type(error).__name__}.", retryable=True) from None
    try:
        return _sent(client, mail, sender, recipients)
    except smtplib.SMTPException as error:
        raise _refusal(server.host, error) from None
    except OSError as error:
        cause = f"{server.host} broke off: {type(error).__name__}; the mail may have arrived."
        raise ChannelError(cause, retryable=True) from None
    finally:
        with suppress(smtplib.SMTPException, OSError):
            client.quit()
        client.close()


def _connected(server: Server, own_name: str) -> _Pinned:
    address = check_host(server.host, server.port)
    context = ssl.create_default_context()
    tls = server.security == "tls"
    client = _PinnedTls(address, server, own_name, context) if tls else _Pinned(address, server, own_name)
    try:
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=context)
        if server.user is not None and server.password is not None:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _sent(client: _Pinned, mail: EmailMessage, sender: str, recipients: Sequence[str]) -> dict[str, Any]:
    refused = client.send_message(mail, sender, list(recipients))
    code, text = client.told
    answer = {"answer": f"{code} {one_line(text.decode('utf-8', 'replace'))[:200]}"}
    return {**answer, **({"refused": sorted(refused)} if refused else {})}


class _Pinned(smtplib.SMTP):
    """Connects to the address that was checked; the name is only for the certificate.

    It greets by the domain that mails come from: this machine's own name is nobody's business, and slow to look up.
    """

    def __init__(self, address: str, server: Server, own_name: str) -> None:
        self._address = address
        self.told: tuple[int, bytes] = (0, b"")
        greeting = own_name if own_name.isascii() else "localhost"
        super().__init__(server.host, server.port, local_hostname=greeting, timeout=SECONDS)

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the mail's text, and keep what the server answered."""
        self.told = super().data(msg)
        return self.told


class _PinnedTls(_Pinned):
    """The same with TLS from the start."""

    def __init__(self, address: str, server: Server, own_name: str, context: ssl.SSLContext) -> None:
        self._context, self._name = context, server.host
        super().__init__(address, server, own_name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=self._name)


def _refusal(host: str, error: smtplib.SMTPException) -> ChannelError:
    """A refusal for now (4xx, or a connection that ended) can pass; one for good (5xx) cannot."""
    codes = [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    if isinstance(error, smtplib.SMTPNotSupportedError):
        cause = f"{host} does not offer what is needed: STARTTLS, a log-in, or addresses beyond ASCII."
        return ChannelError(cause, cure="Set `security` to tls, or use another server.", retryable=False)
    for_good = bool(codes) and all(code >= 500 for code in codes)
    told = f" {codes[0]}" if codes else ""
    cures = {534: "Check the user and password.", 535: "Check the user and password.", 550: "Check the recipient's address."}
    cure = cures.get(codes[0], "Check the connection.") if for_good else "It is tried again."
    return ChannelError(f"{host} refused the mail:{told} {type(error).__name__}.", cure=cure, retryable=not for_good)
