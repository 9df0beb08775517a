"""A real server on loopback over a small home, and a client that talks to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import filled, opened


@pytest.fixture(scope="package")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home with three deliveries, closed; copies of it are homes too."""
    folder = tmp_path_factory.mktemp("estate")
    filled(folder).close()
    return folder / "home"


@pytest.fixture(scope="package")
def held(estate: Path) -> Iterator[Workspace]:
    """The home of `estate`, open; no test changes it."""
    with opened(estate) as workspace:
        yield workspace


@pytest.fixture
def copied(estate: Path, tmp_path: Path) -> Path:
    """A copy of `estate`."""
    return Path(shutil.copytree(estate, tmp_path / "copy"))


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
