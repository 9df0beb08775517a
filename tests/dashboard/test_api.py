"""Widgets, layouts and links over HTTP: a real server on loopback, people with roles, and a link in a page of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.iam.links import origin
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import HIDDEN, MARKUP, filled

ASKED = {
    "widgets": [
        {"id": "a", "type": "cost_trend", "config": {"group_by": "service"}},
        {"id": "b", "type": "nonsense"},
        {"id": "c", "type": "reconciliation"},
    ],
    "time_range": "2026-06",
    "currency": "USD",
}
LINES = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with filled(tmp_path_factory.mktemp("api")) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def server(home: Workspace) -> Iterator[str]:
    with BackgroundServer(home) as running:
        yield running.url


@pytest.fixture(scope="module")
def people(home: Workspace, server: str) -> Iterator[dict[str, httpx.Client]]:
    """A client for each of some roles, by a user's token, and one without a proof."""
    iam, made = IAMManager(home.opened), {"nobody": httpx.Client(base_url=server, timeout=30)}
    for role, teams in (("cfo", ()), ("team_lead", ("ml",)), ("admin", ()), ("business_lead", ())):
        user = iam.users.add(role, roles=[role], teams=list(teams), by=OWNER)
        by = iam.of_user(user)
        text = iam.tokens.create(f"{role}-token", roles=[role], by=by, user_id=user.id)[1]
        made[role] = httpx.Client(base_url=server, timeout=30, headers={"Authorization": f"Bearer {text}"})
    yield made
    for client in made.values():
        client.close()


def test_widgets_are_listed_with_what_they_take(people: dict[str, httpx.Client]) -> None:
    found = {one["name"]: one for one in people["team_lead"].get("/api/v1/widgets").json()["widgets"]}
    assert found["reconciliation"]["allowed"] is False
    assert found["cost_trend"]["allowed"] is True
    assert found["cost_trend"]["config_schema"]["properties"]["group_by"]["description"]
    assert people["nobody"].get("/api/v1/widgets").status_code == 401


def test_widgets_come_at_once_or_line_by_line(people: dict[str, httpx.Client]) -> None:
    whole = people["cfo"].post("/api/v1/widgets/show", json=ASKED)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/json")
    body = {one["id"]: one for one in whole.json()["widgets"]}
    assert list(body) == ["a", "b", "c"]
    assert [one["state"] for one in body.values()] == ["ok", "failed", "ok"]
    assert body["a"]["chart"]["title"] == body["a"]["title"]
    assert body["a"]["chart"]["sentence"] == body["a"]["sentence"]
    assert people["cfo"].get(f"/api/v1/receipts/{body['a']['receipts'][0]}").status_code == 200
    with people["cfo"].stream("POST", "/api/v1/widgets/show", json=ASKED, headers=LINES) as streamed:
        assert streamed.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in streamed.iter_lines()]
    assert {one["id"]: one for one in lines} == body


def test_a_team_lead_never_receives_a_hidden_row(people: dict[str, httpx.Client]) -> None:
    lead = people["team_lead"]
    names = [one["name"] for one in lead.get("/api/v1/widgets").json()["widgets"]]
    asked = {"widgets": [{"id": name, "type": name} for name in names], "time_range": "2026-06"}
    told = lead.post("/api/v1/widgets/show", json=asked, headers=LINES).text
    assert HIDDEN not in told
    assert MARKUP not in told
    assert HIDDEN in people["admin"].post("/api/v1/widgets/show", json=asked, headers=LINES).text
    assert HIDDEN not in lead.post("/api/v1/widgets/show", json=asked, headers=LINES).text


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"time_range": "sometime"}, 400, "window"),
        ({"filters": "ServiceName =="}, 400, "condition"),
        ({"filters": {"a b": {}}}, 400, "condition"),
        ({"filters": [1]}, 422, "invalid"),
        ({"widgets": []}, 422, "invalid"),
        ({"widgets": [{"id": "a", "type": "kpi"}, {"id": "a", "type": "kpi"}]}, 400, "usage"),
        ({"more": 1}, 422, "invalid"),
        ({"currency": "usd"}, 422, "invalid"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(people: dict[str, httpx.Client], change: dict[str, Any], status: int, code: str) -> None:
    for headers in ({}, LINES):
        answer = people["cfo"].post("/api/v1/widgets/show", json={**ASKED, **change}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_setting_that_no_text_can_hold_is_told_back(people: dict[str, httpx.Client]) -> None:
    body = '{"widgets": [{"id": "a", "type": "kpi", "config": {"filters": {"service": "\\ud800"}}}]}'
    for headers in ({}, LINES):
        sent = {"Content-Type": "application/json", **headers}
        answer = people["cfo"].post("/api/v1/widgets/show", content=body, headers=sent)
        assert answer.status_code == 200
        assert '"state": "failed"' in answer.text


def test_each_has_a_home_and_sees_layouts(people: dict[str, httpx.Client]) -> None:
    for role, name in (("cfo", "cfo_default"), ("team_lead", "team_lead_default"), ("admin", "infrastructure_leader_default")):
        found = people[role].get("/api/v1/layouts/home").json()
        assert (found["name"], found["built_in"], found["columns"]) == (name, True, 3)
        assert all(one["position"] and one["size"] for one in found["widgets"])
        assert found == people[role].get(f"/api/v1/layouts/{name}").json()
    assert people["cfo"].get("/api/v1/layouts/nothing").status_code == 404
    body = {"widgets": [{"type": "kpi"}], "role": "cfo", "shared_with": ["cfo"]}
    assert people["admin"].put("/api/v1/dashboards/Board", json=body).status_code == 201
    assert people["cfo"].get("/api/v1/layouts/home").json()["name"] == "Board"
    assert people["business_lead"].get("/api/v1/layouts/Board").status_code == 404
    assert people["admin"].delete("/api/v1/dashboards/Board").status_code == 204


def link(client: httpx.Client, name: str, **body: Any) -> dict[str, Any]:
    made = client.post(f"/api/v1/layouts/{name}/links", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def test_a_link_shows_what_its_maker_sees_and_nothing_else(people: dict[str, httpx.Client], home: Workspace) -> None:
    lead, nobody = people["team_lead"], people["nobody"]
    made = link(lead, "team_lead_default", expires="30d", frame_ancestors=["https://wiki.example"])
    text = made["url"].removeprefix("/embed/")
    assert made["frame_ancestors"] == ["https://wiki.example"]
    assert set(made["permissions"]) == {"costs:read", "budget:read", "findings:read"}
    shown = nobody.get(f"/api/v1/embed/{text}").json()
    assert (shown["name"], shown["editable"], shown["frame_ancestors"]) == ("team_lead_default", False, ["https://wiki.example"])
    drawn = nobody.post(f"/api/v1/embed/{text}/show", json={}, headers=LINES)
    assert drawn.status_code == 200
    assert {one["id"] for one in map(json.loads, drawn.text.splitlines())} == {one["id"] for one in shown["widgets"]}
    assert HIDDEN not in drawn.text
    assert [one["id"] for one in nobody.post(f"/api/v1/embed/{text}/show", json={"ids": ["w2"]}).json()["widgets"]] == ["w2"]
    # nothing else can be asked through it, and it is no token
    assert nobody.post(f"/api/v1/embed/{text}/show", json={"widgets": [{"id": "x", "type": "kpi"}]}).status_code == 422
    assert nobody.post(f"/api/v1/embed/{text}/show", json={"ids": ["x"]}).status_code == 404
    assert nobody.get("/api/v1/costs", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    secret = text.partition(".")[2]
    with home.opened.database.read() as connection:
        dumped = "".join(str(row) for table in ("embed_links", "audit_events") for row in _rows(connection, table))
    assert secret not in dumped
    assert "link.created" in dumped


def _rows(connection: Any, table: str) -> list[Any]:
    from finopsmetrics.store.tables import metadata

    return list(connection.execute(metadata.tables[table].select()))


def test_links_are_listed_and_taken_back_by_whoever_made_them(people: dict[str, httpx.Client]) -> None:
    made = link(people["cfo"], "cfo_default")
    text, nobody = made["url"].removeprefix("/embed/"), people["nobody"]
    ids = {
        role: {one["id"] for one in people[role].get("/api/v1/links").json()["links"]}
        for role in ("cfo", "business_lead", "admin")
    }
    assert made["id"] in ids["cfo"] & ids["admin"]
    assert made["id"] not in ids["business_lead"]
    assert "url" not in people["cfo"].get("/api/v1/links").json()["links"][0]
    assert people["business_lead"].delete(f"/api/v1/links/{made['id']}").status_code == 404
    assert nobody.get(f"/api/v1/embed/{text}").status_code == 200
    assert people["cfo"].delete(f"/api/v1/links/{made['id']}").status_code == 204
    assert people["cfo"].delete(f"/api/v1/links/{made['id']}").status_code == 204
    for wrong in (text, text[:-1] + "x", "x", f"{made['id']}.{'a' * 43}"):
        assert nobody.get(f"/api/v1/embed/{wrong}").status_code == 404
        assert nobody.post(f"/api/v1/embed/{wrong}/show", json={}).status_code == 404


def test_a_link_ends_with_its_time_and_with_its_maker(people: dict[str, httpx.Client], home: Workspace) -> None:
    iam, nobody = IAMManager(home.opened), people["nobody"]
    user = iam.users.add("leaver", roles=["cfo"], by=OWNER)
    by = iam.of_user(user)
    short = iam.links.create("cfo_default", needs=["costs:read"], by=by, life=timedelta(days=1))[1]
    assert nobody.get(f"/api/v1/embed/{short}").status_code == 200
    iam.links._now = lambda: home.opened.now() + timedelta(days=2)
    assert iam.links.find(short) is None
    iam.users.change("leaver", roles=["business_lead"], by=OWNER)
    stands = nobody.post(f"/api/v1/embed/{short}/show", json={"ids": ["w1"]}).json()["widgets"]
    assert [one["state"] for one in stands] == ["forbidden"]  # the role that let them see it is gone
    iam.users.change("leaver", active=False, by=OWNER)
    assert nobody.get(f"/api/v1/embed/{short}").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/x",
        "javascript:alert(1)",
        "https://a.example; script-src *",
        "http://a.example",
        "'none'",
        "*",
        "",
        "https://",
    ],
)
def test_only_origins_may_frame(people: dict[str, httpx.Client], text: str) -> None:
    answer = people["cfo"].post("/api/v1/layouts/cfo_default/links", json={"frame_ancestors": [text]})
    assert (answer.status_code, answer.json()["code"]) == (400, "usage")
    assert origin("https://*.wiki.example:8443/") == "https://*.wiki.example:8443"


def test_a_link_needs_a_life_and_a_dashboard(people: dict[str, httpx.Client]) -> None:
    for expires in ("0d", "500d", "soon"):
        assert people["cfo"].post("/api/v1/layouts/cfo_default/links", json={"expires": expires}).status_code == 400
    assert people["cfo"].post("/api/v1/layouts/nothing/links", json={}).status_code == 404
