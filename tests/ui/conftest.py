"""A browser, and servers that it looks at: the demo estate, and a small one with values that pages must be careful with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import filled
from tests.services.browser import chromium
from tests.ui.opening import ROOT, Opened

DEMO_NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ended before tests of other packages, which may run event loops of their own."""
    assert (ROOT / "src/finopsmetrics/api/built/index.html").is_file(), "The web app is not built: make ui."
    with chromium() as started:
        yield started


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a page that fails the test when a script of it fails, or anything breaks the Content-Security-Policy."""
    opened: list[Opened] = []

    def at(address: str, **how: object) -> Opened:
        opened.append(Opened(browser, **how))
        opened[-1].go(address)
        return opened[-1]

    yield at
    for one in opened:
        one.close()
    assert [fault for one in opened for fault in one.faults] == []


@pytest.fixture(scope="package")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three months of a small demo estate, with what is unusual in it, and one budget."""
    from finopsmetrics.iam.principal import OWNER
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.anomalies import Anomalies
    from finopsmetrics.runtime.estate import load_demo

    with Workspace(tmp_path_factory.mktemp("ui") / "home", now=lambda: DEMO_NOW) as workspace:
        load_demo(workspace, seed=7, months=3, end=DEMO_NOW.date(), scale=0.1)
        acting = Acting(workspace, OWNER)
        acting.specs.put("budget", "EC2", {"amount": 45000, "period": "monthly", "filters": {"service": "AmazonEC2"}})
        Anomalies(acting).night()
        yield workspace


@pytest.fixture(scope="package")
def demo(demo_home: Workspace) -> Iterator[str]:
    """The address of a server over the demo estate; nobody can log in yet, so whoever runs it is let in."""
    with BackgroundServer(demo_home) as server:
        yield server.url


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """A home with hostile names and two teams, of its own for each test, and its server's address."""
    workspace = filled(tmp_path)
    with workspace, BackgroundServer(workspace) as server:
        yield workspace, server.url
