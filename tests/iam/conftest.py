"""A home with the charges of two teams and of nobody, and people who may see all, some or none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import charge, write_csv

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
PASSWORD = "a sentence nobody guesses"
ML, WEB = '{"team":"ml","app":"train"}', '{"team":"web"}'
ROWS = [
    charge("10.25", "Compute", period="2026-05", Tags=ML),
    charge("3.50", "Storage", period="2026-05", day=4, Tags=ML),
    charge("100.75", "Compute", period="2026-05", day=9, Tags=WEB, SubAccountId="200"),
    charge("7.00", "Secret Service", period="2026-05", day=11, Tags='{"hidden-key":"x"}'),
]


@dataclass
class Clock:
    """A clock that tests move."""

    moment: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **time: float) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    """A home with `ROWS`, and nobody who could log in."""
    with Workspace(tmp_path / "home", now=clock) as workspace:
        workspace.ingest([write_csv(tmp_path / "bill.csv", ROWS)], source="aws")
        yield workspace


@pytest.fixture
def iam(home: Workspace) -> IAMManager:
    return IAMManager(home.opened)


@contextmanager
def client_of(workspace: Workspace, token: str | None = None) -> Iterator[httpx.Client]:
    """A client of a server of its own, with a token or without a proof."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with BackgroundServer(workspace) as server, httpx.Client(base_url=server.url, timeout=30, headers=headers) as made:
        yield made


@pytest.fixture
def server(home: Workspace) -> Iterator[str]:
    """The address of a server over `home`."""
    with BackgroundServer(home) as running:
        yield running.url


Logged = Callable[..., httpx.Client]


@pytest.fixture
def logged(server: str, iam: IAMManager) -> Iterator[Logged]:
    """Add a person and log them in: `logged("ann", "cfo")`; writes carry the CSRF token."""
    opened: list[httpx.Client] = []

    def enter(name: str, *roles: str, teams: tuple[str, ...] = ()) -> httpx.Client:
        iam.users.add(name, roles=roles, teams=teams, by=OWNER, password=PASSWORD)
        client = httpx.Client(base_url=server, timeout=30)
        opened.append(client)
        answer = client.post("/api/v1/auth/login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    yield enter
    for client in opened:
        client.close()
