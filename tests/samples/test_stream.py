"""The topic `samples` of the stream: how measures stand, at first and at each change, to whom they may be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.samples import Sample
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.sample_book import SampleBook

AT = datetime(2026, 5, 17, 10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def put(home: Workspace, value: int, measure: str = "requests", team: str = "ml") -> int:
    """Add a sample through a home opened by itself, as another process does."""
    with Workspace(home.home) as other:
        return SampleBook(other.opened).add([Sample(AT, measure, Decimal(value), "request", tags={"team": team})]).place


def said(socket: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(socket.recv(timeout=15)))


def silent(socket: ClientConnection) -> None:
    with pytest.raises(TimeoutError):
        socket.recv(timeout=0.8)


def told(measure: str, value: int, new: int = 1) -> dict[str, Any]:
    return {"measure": measure, "unit": "request", "at": "2026-05-17T10:00:00Z", "value": f"{value}.{'0' * 18}", "new": new}


def test_measures_are_told_at_first_and_when_they_change(home: Workspace) -> None:
    put(home, 5)
    with BackgroundServer(home) as server, connect(server.url.replace("http", "ws") + "/api/v1/stream") as socket:
        socket.send(json.dumps({"id": "s", "samples": {}}))
        assert said(socket) == {"id": "s", "samples": [told("requests", 5)], "place": 1}
        assert put(home, 3, "tokens", "web") == 2
        assert said(socket) == {"id": "s", "samples": [told("tokens", 3)], "place": 2}
        assert put(home, 3, "tokens", "web") == 2  # the same again is no change
        SampleBook(home.opened).compact()  # nor is it where it lies
        silent(socket)
        socket.send(json.dumps({"id": "r", "samples": {"measures": ["requests"]}}))
        assert said(socket) == {"id": "r", "samples": [told("requests", 5)], "place": 2}
        socket.send(json.dumps({"id": "s", "samples": None}))
        put(home, 4, "tokens", "web")
        silent(socket)
        put(home, 6)
        assert said(socket) == {"id": "r", "samples": [told("requests", 6)], "place": 4}
        # Back after a while: from the place that was reached on.
        socket.send(json.dumps({"id": "t", "samples": {"after": 2}}))
        again = said(socket)
        assert (again["place"], again["samples"]) == (4, [told("requests", 6), told("tokens", 4)])
        socket.send(json.dumps({"id": "u", "samples": {"after": 4}}))
        assert said(socket) == {"id": "u", "samples": [], "place": 4}
        for wrong in ({"measures": []}, {"after": -1}, {"every": 1}, 5):
            socket.send(json.dumps({"id": "x", "samples": wrong}))
            assert said(socket)["error"]["code"] == "invalid"


def test_a_scope_holds_and_a_permission_is_needed(home: Workspace) -> None:
    iam = IAMManager(home.opened)
    lead = iam.tokens.create("lead", roles=["team_lead"], teams=["ml"], by=OWNER)[1]
    body = {"permissions": ["costs:read"], "description": "Costs alone"}
    from finopsmetrics.runtime.acting import Acting

    Acting(home, OWNER).specs.put("role", "costs_only", body)
    blind = iam.tokens.create("blind", roles=["costs_only"], by=OWNER)[1]
    put(home, 5)
    put(home, 7, "secret", "web")
    with BackgroundServer(home) as server:
        address = server.url.replace("http", "ws") + "/api/v1/stream"
        with connect(address, additional_headers={"Authorization": f"Bearer {lead}"}) as socket:
            socket.send(json.dumps({"id": "s", "samples": {}}))
            assert said(socket) == {"id": "s", "samples": [told("requests", 5)], "place": 2}
            put(home, 8, "secret", "web")
            silent(socket)
            put(home, 9)
            assert said(socket) == {"id": "s", "samples": [told("requests", 9)], "place": 4}
        with connect(address, additional_headers={"Authorization": f"Bearer {blind}"}) as socket:
            socket.send(json.dumps({"id": "s", "samples": {}}))
            assert said(socket)["error"]["code"] == "forbidden"
            put(home, 10)
            silent(socket)
