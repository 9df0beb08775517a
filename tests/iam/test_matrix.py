"""Every route asked as every role: who is let in is what the routes say, and what docs/access-matrix.md prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from scripts.access_matrix import lets_in, principals

from finopsmetrics.api import attempts
from finopsmetrics.api.access import PUBLIC, SIGNED_IN, Needs, routes
from finopsmetrics.api.app import create_app
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace

ROOT = Path(__file__).parents[2]
PEOPLE = principals()
ROUTES = [(method, path, wanted) for method, path, wanted in routes(create_app(None)) if method != "WEBSOCKET"]  # type: ignore[arg-type]
PARAMETERS = {"receipt_id": "r-00", "delivery_id": "d-00", "kind": "budget", "run_id": "run-00"}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """A client for each role, and one without a proof, of one server over an empty home."""
    from finopsmetrics.api.server import BackgroundServer

    patch = pytest.MonkeyPatch()
    patch.setattr(attempts, "ALLOWED", 10**9)
    with Workspace(tmp_path_factory.mktemp("matrix")) as workspace, BackgroundServer(workspace) as server:
        tokens = IAMManager(workspace.opened).tokens
        made = {"nobody": httpx.Client(base_url=server.url, timeout=60)}
        for name in PEOPLE:
            text = tokens.create(name, roles=[name], teams=["ml"], by=OWNER)[1]
            made[name] = httpx.Client(base_url=server.url, timeout=60, headers={"Authorization": f"Bearer {text}"})
        yield made
        for client in made.values():
            client.close()
    patch.undo()


@pytest.mark.parametrize(("method", "path", "wanted"), ROUTES, ids=str)
def test_a_route_lets_in_whom_it_says(clients: dict[str, httpx.Client], method: str, path: str, wanted: Needs) -> None:
    place = re.sub(r"\{(\w+)[^}]*\}", lambda found: PARAMETERS.get(found[1], "nothing"), path)
    refused = {name: client.request(method, place, json={}).status_code for name, client in clients.items()}
    for name, status in refused.items():
        if name == "nobody":
            assert wanted.permission == PUBLIC or status == 401, (name, status)
        elif wanted.permission == SIGNED_IN:
            assert status != 403, (name, status)  # 401 where a person is wanted and a token asks
        elif wanted.permission != PUBLIC:
            assert (status == 403) == (not lets_in(PEOPLE[name], wanted)), (name, status)
            assert status not in {401, 429}
        assert status < 500 or status == 503


def test_the_page_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "access_matrix.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_permission_of_a_route_can_be_granted_and_told() -> None:
    from finopsmetrics.iam.permissions import permissions, unknown

    assert {wanted.permission for *_, wanted in ROUTES} - {PUBLIC, SIGNED_IN} <= set(permissions())
    for role in PEOPLE.values():
        assert unknown(sorted(role.permissions)) == []
