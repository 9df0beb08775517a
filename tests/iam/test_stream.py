"""Live answers: told at once, told again after a delivery, and to nobody who may not ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from finopsmetrics.api.gate import Gate
from finopsmetrics.api.problems import BusyError
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from tests.iam.conftest import ML, Logged
from tests.store.bills import charge, write_csv


def address(server: str) -> str:
    return server.replace("http://", "ws://") + "/api/v1/stream"


@contextmanager
def opened(server: str, **headers: str) -> Iterator[ClientConnection]:
    with connect(address(server), additional_headers=headers) as socket:
        yield socket


def said(socket: ClientConnection) -> dict[str, object]:
    return dict(json.loads(socket.recv(timeout=15)))


def drain(socket: ClientConnection) -> None:
    """Listen until the connection is closed."""
    while True:
        said(socket)


def test_a_change_of_the_lake_is_told(server: str, home: Workspace, iam: IAMManager, tmp_path: Path) -> None:
    text = iam.tokens.create("lead", roles=["team_lead"], teams=["ml"], by=OWNER)[1]
    with opened(server, Authorization=f"Bearer {text}") as socket:
        socket.send(json.dumps({"id": "a", "costs": {"range": "all"}}))
        first = said(socket)
        assert (first["id"], first["totals"]) == ("a", {"USD": "13.750000000000000000"})
        home.ingest([write_csv(tmp_path / "june.csv", [charge("1.00", period="2026-06", Tags=ML)])], source="aws")
        again = said(socket)
        assert again["totals"] == {"USD": "14.750000000000000000"}
        assert again["lake_version"] > first["lake_version"]  # type: ignore[operator]
        assert again["receipt"] != first["receipt"]
        socket.send(json.dumps({"id": "a", "costs": None}))
        socket.send(json.dumps({"id": "b", "costs": {"group_by": ["nonsense"], "range": "all"}}))
        assert said(socket)["error"]["code"] == "query"  # type: ignore[index]
        for broken in ("{", json.dumps({"id": "c"}), json.dumps({"id": "c", "costs": {"x": 1}}), "x" * 30_000):
            socket.send(broken)
            assert said(socket)["error"]["code"] == "invalid"  # type: ignore[index]
        iam.tokens.revoke("lead", by=OWNER)
        socket.send(json.dumps({"id": "d", "costs": {"range": "all"}}))
        with pytest.raises(ConnectionClosed):
            drain(socket)


@pytest.mark.parametrize(("asked", "key"), [({"costs": {"range": "all"}}, "totals"), ({"budgets": {}}, "budgets")])
def test_what_is_too_busy_is_told_a_little_later(
    server: str, home: Workspace, iam: IAMManager, monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], key: str
) -> None:
    text = iam.tokens.create("lead", roles=["team_lead"], teams=["ml"], by=OWNER)[1]
    turn, refused = Gate.turn, []

    def busy(gate: Gate) -> AbstractContextManager[None]:
        if not refused:
            refused.append(1)
            raise BusyError("4 questions run and 24 wait; this one is one too many.")
        return turn(gate)

    monkeypatch.setattr(Gate, "turn", busy)
    monkeypatch.setattr("finopsmetrics.api.routes.stream.AGAIN", 0.2)
    with opened(server, Authorization=f"Bearer {text}") as socket:
        socket.send(json.dumps({"id": "a", **asked}))
        assert said(socket)["error"]["code"] == "busy"  # type: ignore[index]
        assert key in said(socket)


def test_strangers_are_turned_away(server: str, iam: IAMManager, logged: Logged) -> None:
    client = logged("ann", "cfo")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    wrong: list[dict[str, str]] = [{}, {"Authorization": "Bearer x"}, {"Cookie": cookie, "Origin": "https://evil.example"}]
    for headers in wrong:
        with pytest.raises((InvalidStatus, ConnectionClosed)), opened(server, **headers) as socket:
            said(socket)
    with opened(server, Cookie=cookie, Origin=server) as socket:
        socket.send(json.dumps({"id": "a", "costs": {"range": "all"}}))
        assert said(socket)["totals"]
    blind = iam.tokens.create("plugins-only", roles=["auditor"], by=OWNER, scope="false")[1]
    with opened(server, Authorization=f"Bearer {blind}") as socket:
        socket.send(json.dumps({"id": "a", "costs": {"range": "all"}}))
        assert said(socket)["totals"] == {}
