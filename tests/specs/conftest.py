"""A server over an empty home, for the tests of declared specs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace


@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server over one home for all tests; each uses names of its own."""
    with (
        Workspace(tmp_path_factory.mktemp("specs") / "home") as workspace,
        BackgroundServer(workspace) as server,
        httpx.Client(base_url=f"{server.url}/api/v1", timeout=30) as made,
    ):
        yield made


@pytest.fixture
def owner(workspace: Workspace) -> Acting:
    """The owner of an empty home."""
    return Acting(workspace, OWNER)
