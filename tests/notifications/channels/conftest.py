"""A home whose keeper allows loopback, channels declared in it, and messages put into its outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.notices import Notice
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.kinds.connection import Connection
from finopsmetrics.plugins.http import PRIVATE_HOSTS
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import outbox
from finopsmetrics.store.outbox import Attempt, Message, Outgoing
from finopsmetrics.store.specs import SpecBook
from tests.collecting.fake_api import Asked, FakeApi, Reply

NOON = datetime(2026, 11, 20, 12)
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOTICE = Notice(
    "f-1",
    "compute costs 3 times what is usual",
    NOON,
    severity="high",
    sentences=("ml-training spent 120.00 USD on 2026-11-19.", "Usual are 40.00 USD."),
    facts=(("Service", "ml-training"), ("Spent", "120.00 USD"), ("Usual", "40.00 USD")),
    recommendations=("Stop the job that runs since Monday.",),
    links=(("Finding", "https://finops.example.com/findings/f-1"),),
)


class Room:
    """A home with a clock that is set by hand, and what its tests do with it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.at = workspace, NOON
        self.acting = Acting(workspace, OWNER)

    def pass_(self, **much: float) -> None:
        self.at += timedelta(**much)

    def declare(self, name: str, integration: str, settings: Any = None, secrets: Any = None, **more: Any) -> None:
        body = {"name": name, "integration": integration, "settings": settings or {}, "secrets": secrets or {}, **more}
        spec = Connection.model_validate(body).model_dump(mode="json")
        SpecBook(self.workspace.opened.database, self.workspace.opened.now).put("connection", name, spec, actor="test")

    def put(self, key: str, channel: str, notice: Notice = NOTICE, recipient: str = "", due: datetime | None = None) -> str:
        one = Outgoing(key, channel, recipient, notice, due or self.at)
        with self.workspace.opened.database.write() as connection:
            outbox.put(connection, [one], self.at)
        return one.id

    def message(self, message_id: str) -> Message:
        with self.workspace.opened.database.read() as connection:
            return outbox.get(connection, message_id)

    def tried(self, message_id: str) -> list[Attempt]:
        with self.workspace.opened.database.read() as connection:
            return outbox.attempts(connection, message_id)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv(PRIVATE_HOSTS, "127.0.0.1, ::1")
    monkeypatch.setenv("SIGNING_KEY", KEY)
    made: list[Room] = []
    with Workspace(tmp_path / "home", now=lambda: (made[0].at if made else NOON).replace(tzinfo=UTC)) as workspace:
        made.append(Room(workspace))
        yield made[0]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeApi]]:
    """Start a vendor on loopback that the server's keeper allows; each request is judged."""
    running: list[FakeApi] = []

    def start(answer: Callable[[Asked], Reply], judge: Callable[[Asked, Reply], None] = lambda *_: None) -> FakeApi:
        running.append(FakeApi(answer, judge))
        monkeypatch.setenv(ALLOWED, ",".join(one.url for one in running))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def hook(room: Room, serve: Callable[..., FakeApi]) -> FakeApi:
    """A webhook `hook` that takes everything."""
    server = serve(lambda _: Reply(b"", 204))
    room.declare("hook", "webhook", {"url": f"{server.url}/in?token=hunter2hunter2"}, {"signing_key": "env:SIGNING_KEY"})
    return server
