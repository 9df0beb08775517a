"""Mails through a server on loopback: encrypted or not at all, to whom they are for, tried again when that can help."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.sending import ChannelError, Parcel, open_channel
from tests.notifications.channels.conftest import NOON, NOTICE, Room
from tests.notifications.channels.made import PNG

PARCEL = Parcel("m-0a1b", "ann@example.com", NOTICE)
SENDER = {"sender": "FinOps <finops@example.com>"}


class Box:
    """Takes mails and notes them; answers to the next one as it is told to."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []
        self.refuse: set[str] = set()

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802
        if address in self.refuse:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 2.0.0 queued as 4F2A"

    async def handle_exception(self, error: Exception) -> str:
        return f"451 {type(error).__name__}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    made = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(file)
    return made, file


Start = Callable[..., tuple[Box, int]]


@pytest.fixture
def start(authority: tuple[trustme.CA, Path], room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a mail server: with STARTTLS, with TLS from the start, or plain; with a certificate for a name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    running: list[Controller] = []

    def begin(security: str = "starttls", *, name: str = "127.0.0.1", log_in: bool = False) -> tuple[Box, int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority[0].issue_cert(name).configure_cert(context)
        box = Box()

        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
            known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"finops", b"hunter2@")
            return AuthResult(success=known, handled=False)

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        asked: dict[str, Any] = {"hostname": "127.0.0.1", "port": port, "ready_timeout": 10}
        if security == "starttls":
            asked |= {"tls_context": context, "require_starttls": True}
        if log_in:
            asked |= {"authenticator": check, "auth_required": True, "auth_require_tls": security == "starttls"}
        if security == "tls":
            asked["ssl_context"] = context
        running.append(Controller(box, **asked))
        running[-1].start()
        return box, port

    yield begin
    for one in running:
        one.stop(no_assert=True)


def mailer(port: int, **settings: Any) -> Any:
    return open_channel("email", {**SENDER, "host": "127.0.0.1", "port": port, **settings}, {}, lambda: NOON)


def by_secret(url: str, **settings: Any) -> Any:
    return open_channel("email", {**SENDER, **settings}, {"server": url}, lambda: NOON)


def test_a_mail_by_starttls(start: Start) -> None:
    box, port = start()
    proof = mailer(port).send(replace(PARCEL, notice=replace(NOTICE, chart=PNG)))
    assert (proof.reference, proof.detail) == ("<m-0a1b@example.com>", {"answer": "250 2.0.0 queued as 4F2A"})
    [mail] = box.mails
    assert (mail.mail_from, mail.rcpt_tos, box.encrypted) == ("finops@example.com", ["ann@example.com"], [True])
    assert isinstance(mail.content, bytes)
    read = message_from_bytes(mail.content, policy=POLICY)
    assert (read["Subject"], str(read["From"])) == (NOTICE.title, "FinOps <finops@example.com>")
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip


def test_a_mail_by_tls_with_a_password(start: Start) -> None:
    box, port = start("tls", log_in=True)
    by_secret(f"smtps://finops:hunter2%40@127.0.0.1:{port}").send(PARCEL)
    assert box.encrypted == [True]
    with pytest.raises(ChannelError, match="Check the user and password") as refused:
        by_secret(f"smtps://finops:wrong-hunter2@127.0.0.1:{port}").send(PARCEL)
    assert not refused.value.retryable
    assert "hunter2" not in str(refused.value)


def test_nothing_goes_out_unencrypted_unless_it_is_asked_for(start: Start) -> None:
    box, port = start("plain")
    with pytest.raises(ChannelError, match="STARTTLS"):
        mailer(port).send(PARCEL)
    with pytest.raises(ChannelError, match="STARTTLS"):
        by_secret(f"smtp://finops:hunter2@127.0.0.1:{port}").send(PARCEL)
    assert box.mails == []
    mailer(port, security="plain").send(PARCEL)
    assert box.encrypted == [False]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_is_somebody_else_gets_nothing(start: Start, security: str) -> None:
    box, port = start(security, name="elsewhere.example")
    with pytest.raises(ChannelError, match="cannot be trusted"):
        mailer(port, security=security).send(PARCEL)
    assert box.mails == []


def test_what_a_server_refuses(start: Start) -> None:
    box, port = start()
    box.answers = ["451 try later", "554 no spam"]
    for retryable in (True, False):
        with pytest.raises(ChannelError, match="refused the mail") as refused:
            mailer(port).send(PARCEL)
        assert refused.value.retryable is retryable
    box.refuse = {"bob@example.com"}
    with pytest.raises(ChannelError, match="550") as refused:
        mailer(port).send(replace(PARCEL, recipient="bob@example.com"))
    assert not refused.value.retryable
    proof = mailer(port).send(replace(PARCEL, recipient="Ann <ann@example.com>, bob@example.com"))
    assert proof.detail["refused"] == ["bob@example.com"]


def test_nobody_there(room: Room) -> None:
    with pytest.raises(ChannelError, match="did not answer") as refused:
        mailer(1).send(PARCEL)
    assert refused.value.retryable


def test_a_private_server_is_the_keepers_business(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    box, port = start()
    monkeypatch.delenv("FINOPSMETRICS_PRIVATE_HOSTS")
    with pytest.raises(ChannelError, match="FINOPSMETRICS_PRIVATE_HOSTS"):
        mailer(port).send(PARCEL)
    assert box.mails == []


@pytest.mark.parametrize(
    "recipient",
    [
        *(
            "nobody",
            "a@",
            "@b",
            "a@example.com\r\nBcc: all@example.com",
            "a@example.com\nX: y",
            ",",
            "<>",
            "a b@c@d",
            "x" * 3_000,
        ),
        ", ".join(f"a{number}@example.com" for number in range(51)),
    ],
)
def test_what_is_no_recipient(recipient: str) -> None:
    with pytest.raises(ChannelError, match="recipient cannot be read"):
        mailer(25).send(replace(PARCEL, recipient=recipient))


def test_what_is_no_connection() -> None:
    for settings in ({}, {"sender": "x\r\nBcc: y@example.com"}, {"sender": "nobody"}):
        with pytest.raises(UsageError):
            open_channel("email", settings, {}, lambda: NOON)
    with pytest.raises(UsageError, match="names no server"):
        open_channel("email", SENDER, {}, lambda: NOON)
    for url in ("http://x", "smtp://", "hunter2", "smtp://user:hunter2@host:notaport"):
        with pytest.raises(UsageError) as refused:
            by_secret(url)
        assert "hunter2" not in str(refused.value)
    with pytest.raises(UsageError, match="names no recipient"):
        mailer(25).send(replace(PARCEL, recipient=""))
    assert "hunter2" not in repr(by_secret("smtp://u:hunter2@mail.example.com"))
