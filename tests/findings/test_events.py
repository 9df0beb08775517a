"""Links, verdicts and the events of findings: told in one order, to those who may see them, from any place on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from websockets.sync.client import ClientConnection, connect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.findings import Finding, Link
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.reviewing import Reviewing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.database import Database
from tests.cli.console import inside
from tests.findings.test_findings import SPIKE, book_of
from tests.iam.conftest import client_of

OTHER = Finding("insight", "storage", "storage grows", where='tags.team == "web"')


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def test_links_and_a_verdict_are_kept(home: Workspace) -> None:
    book_of(home).keep([SPIKE, OTHER])
    with client_of(home) as client:
        url = f"/api/v1/findings/{SPIKE.id}"
        sent = {"link": {"url": "https://tickets.example/1", "title": "old"}}
        assert client.patch(url, json=sent).status_code == 200
        told = client.patch(url, json={"link": {"url": "https://tickets.example/1", "title": "FIN-1"}}).json()
        assert told["links"] == [{"url": "https://tickets.example/1", "title": "FIN-1"}]
        wrong = client.patch(url, json={"link": {"url": "javascript:alert(1)"}, "state": "done"})
        assert (wrong.status_code, client.get(url).json()["state"]) == (400, "open")
        told = client.patch(url, json={"verdict": "expected"}).json()
        assert (told["verdict"], told["state"]) == ("expected", "dismissed")
        assert client.patch(url, json={"verdict": "right"}).json()["state"] == "dismissed"
        assert client.patch(url, json={"verdict": "odd"}).status_code == 422
    assert inside("findings", "link", OTHER.id, "https://pages.example/x", home=home.home).code == 0
    assert "dismissed" in inside("findings", "feedback", OTHER.id, "not_useful", home=home.home).err
    assert inside("findings", "feedback", OTHER.id, "great", home=home.home).code == 2
    shown = inside("findings", "show", OTHER.id, home=home.home).json
    assert (shown["verdict"], [event["action"] for event in shown["history"]]) == (
        "not_useful",
        ["found", "link", "state", "verdict"],
    )
    for url in ("ftp://a/b", "https://", "https://u:p@a/b", "https://a/b c", "https://a/" + "x" * 2000):
        with pytest.raises(UsageError):
            Link(url)


def test_events_have_one_order(home: Workspace) -> None:
    book = book_of(home)
    book.keep([SPIKE, OTHER])
    book.change(SPIKE.id, actor="ann", state="acknowledged", comment="looking")
    book.change(OTHER.id, actor="bob", owner="bob")
    found = book.events(0)
    assert [event.place for event, _ in found] == [1, 2, 3, 4, 5] == list(range(1, book.last_place() + 1))
    assert [event.action for event, _ in found] == ["found", "found", "state", "comment", "owner"]
    assert [one.state for _, one in found[:1]] == ["acknowledged"]  # as it stands now
    assert book.events(3) == found[3:]
    assert book.events(0, limit=2) == found[:2]


def test_events_of_before_are_numbered_by_an_upgrade(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.db'}")
    database.upgrade("0004")
    row = "'anomaly', 'k', 't', 'low', 'open', '{}', '[]', '', 2, '2026-01-01', '2026-01-01', '2026-01-01'"
    names = "id, sort, key, title, severity, state, body, receipts, source, version, found_at, seen_at, changed_at"
    with database.write() as connection:
        connection.execute(text(f"INSERT INTO findings ({names}) VALUES ('f-1', {row})"))
        for version, day in ((2, 3), (1, 2)):
            connection.execute(
                text(f"INSERT INTO finding_events VALUES ('f-1', {version}, '2026-01-0{day}', 'x', 'found', '{{}}')")
            )
    database.upgrade()
    with database.read() as connection:
        assert connection.execute(text("SELECT version, place FROM finding_events ORDER BY place")).all() == [(1, 1), (2, 2)]
    database.close()


def said(socket: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(socket.recv(timeout=15)))


def test_the_stream_tells_events_from_any_place_on_to_those_who_may_see_them(home: Workspace) -> None:
    book = book_of(home)
    book.keep([SPIKE])
    iam = IAMManager(home.opened)
    web = iam.tokens.create("web", roles=["admin"], by=OWNER, scope='tags.team == "web"')[1]
    alls = iam.tokens.create("all", roles=["admin"], by=OWNER)[1]
    with BackgroundServer(home) as server:
        url = server.url.replace("http://", "ws://") + "/api/v1/stream"

        def opened(proof: str) -> ClientConnection:
            return connect(url, additional_headers={"Authorization": f"Bearer {proof}"})

        with opened(alls) as everyone, opened(web) as narrow:
            everyone.send(json.dumps({"id": "a", "findings": {"after": 0}}))
            assert said(everyone) == {"id": "a", "events": [], "place": 0}
            first = said(everyone)
            assert [event["finding"] for event in first["events"]] == [SPIKE.id]
            assert (first["place"], first["events"][0]["now"]["impact"]) == (1, "120.000000000000000001")
            narrow.send(json.dumps({"id": "n", "findings": {}}))
            assert said(narrow) == {"id": "n", "events": [], "place": 1}
            book.change(SPIKE.id, actor="ann", comment="not for web")
            book.keep([OTHER])
            told = [event["finding"] for event in said(narrow)["events"]]
            assert told == [OTHER.id]
            seen: list[int] = []
            while seen[-1:] != [3]:
                seen += [event["place"] for event in said(everyone)["events"]]
            assert seen == [2, 3]
            everyone.send(json.dumps({"id": "a", "findings": {"after": 2}}))  # as one that lost the connection would
            assert said(everyone)["place"] == 2
            assert [event["place"] for event in said(everyone)["events"]] == [3]
            for broken in ({"id": "b"}, {"id": "b", "costs": {}, "findings": {}}, {"id": "b", "findings": {"after": -1}}):
                everyone.send(json.dumps(broken))
                assert said(everyone)["error"]["code"] == "invalid"


def test_the_reviewer_pages_past_what_may_not_be_seen(home: Workspace) -> None:
    book = book_of(home)
    book.keep([SPIKE, OTHER])
    reviewing = Reviewing(Acting(home, OWNER))
    assert reviewing.last_place() == 2
    assert [event.finding for event, _ in reviewing.events(0)[0]] == [SPIKE.id, OTHER.id]
