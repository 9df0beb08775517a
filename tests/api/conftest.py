"""A real server on loopback over a small home, and a client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import filled, opened


@pytest.fixture(scope="package")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A home with three deliveries that no test changes."""
    with filled(tmp_path_factory.mktemp("held")) as workspace:
        yield workspace


@pytest.fixture(scope="package")
def client(held: Workspace) -> Iterator[httpx.Client]:
    """A client of a server over `held`."""
    with BackgroundServer(held) as server, httpx.Client(base_url=server.url, timeout=30) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a server over an empty home of its own."""
    with (
        opened(tmp_path / "home") as workspace,
        BackgroundServer(workspace) as server,
        httpx.Client(base_url=server.url, timeout=30) as made,
    ):
        yield made
