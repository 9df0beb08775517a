"""No face tells a scoped asker anything of a hidden charge: its answers are those of a home that never held one."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from tests.cli.console import inside
from tests.iam.conftest import NOW
from tests.store.bills import charge, write_csv

TEAMS = ["ml", "web", None]
Row = tuple[int, str, str | None, str, int]
rows_ = st.lists(
    st.tuples(
        st.integers(1, 10**9),
        st.sampled_from(["Compute", "Storage", "Secret"]),
        st.sampled_from(TEAMS),
        st.sampled_from(["100", "200"]),
        st.integers(1, 28),
    ),
    min_size=1,
    max_size=8,
)
SCOPES = [
    'tags.team == "ml"',
    'SubAccountId == "200" AND tags.team IS NULL',
    'ServiceName != "Secret" OR BilledCost < 5',
    "false",
]


def matching(rows: list[Row], scope: str) -> list[Row]:
    condition = Condition.parse(scope)
    kept = []
    for cents, service, team, account, day in rows:
        record: dict[str, Any] = {
            "ServiceName": service,
            "SubAccountId": account,
            "BilledCost": cents / 100,
            "tags": {"team": team},
        }
        if condition.matches(record):
            kept.append((cents, service, team, account, day))
    return kept


def charges(rows: list[Row]) -> list[Any]:
    made = []
    for place, (cents, service, team, account, day) in enumerate(rows):
        tags = json.dumps({"team": team, f"key-{service.lower()}": "x"}) if team else json.dumps({f"key-{account}": "x"})
        amount = f"{cents // 100}.{cents % 100:02d}"
        made.append(
            charge(amount, service, period="2026-05", day=day, Tags=tags, SubAccountId=account, ResourceId=f"{rows[place]}")
        )
    return made


def filled(folder: Path, rows: list[Row]) -> Workspace:
    """A home with the rows, and one charge of April so that it is never without its tables."""
    workspace = Workspace(folder, now=lambda: NOW)
    if rows:
        workspace.ingest([write_csv(folder.with_suffix(".csv"), charges(rows))], source="aws")
    return workspace


QUESTIONS = [
    "costs?range=all",
    "costs?range=2026-05&group_by=service,tags.team&metric=effective",
    "costs?range=2026-05&group_by=SubAccountId&grain=day",
    "costs?range=2026-05&group_by=service&top=1",
    "costs?range=2026-05&compare=true&group_by=RegionId",
    "costs?range=all&basis=cash&filter=BilledCost%20%3E%203",
    "charges?range=all&limit=100",
    "dimensions",
]
SQL = [
    "SELECT sum(BilledCost) AS s, count(*) AS n FROM focus_data_table",
    "SELECT ServiceName, max(BilledCost) AS m FROM cost_and_usage GROUP BY 1 ORDER BY 1",
]


def told(client: httpx.Client) -> Iterator[tuple[str, Any]]:
    """What a client is told by every face over HTTP, without the names of deliveries and receipts."""
    for question in QUESTIONS:
        answer = client.get(f"/api/v1/{question}")
        assert answer.status_code == 200, answer.text
        yield question, plain(answer.json())
    for form in ("csv", "arrow"):
        yield form, len(client.get(f"/api/v1/costs?range=all&group_by=service&format={form}").content)
    for sql in SQL:
        answer = client.post("/api/v1/sql", json={"sql": sql})
        yield sql, answer.json() if answer.status_code == 200 else answer.status_code
    exported = client.get("/api/v1/export?range=all&format=parquet")
    table = pq.read_table(io.BytesIO(exported.content))
    yield "export", sorted(map(str, table.select(["BilledCost", "ServiceName", "Tags"]).to_pylist()))
    text = client.get("/api/v1/export?range=all&format=csv").text
    yield "export csv", sorted(row["BilledCost"] for row in csv.DictReader(io.StringIO(text)))
    address = str(client.base_url).replace("http://", "ws://") + "/api/v1/stream"
    with connect(address, additional_headers={"Authorization": client.headers["Authorization"]}) as socket:
        socket.send(json.dumps({"id": "a", "costs": {"group_by": ["ServiceName"], "range": "all"}}))
        yield "stream", plain(json.loads(socket.recv(timeout=10)))


def plain(body: Any) -> Any:
    """An answer without what names the home it came from."""
    if isinstance(body, dict):
        own = {"receipt", "lake_version", "x_fm_delivery", "own_columns"}
        return {name: plain(value) for name, value in body.items() if name not in own}
    return [plain(entry) for entry in body] if isinstance(body, list) else body


def asked(workspace: Workspace, stack: ExitStack, **token: Any) -> httpx.Client:
    text = IAMManager(workspace.opened).tokens.create("t", roles=["auditor"], by=OWNER, **token)[1]
    server = stack.enter_context(BackgroundServer(workspace))
    return stack.enter_context(httpx.Client(base_url=server.url, timeout=60, headers={"Authorization": f"Bearer {text}"}))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(rows=rows_, scope=st.sampled_from(SCOPES))
def test_a_scoped_token_sees_a_home_without_the_rest(rows: list[Row], scope: str) -> None:
    seen = matching(rows, scope)
    if not seen:  # a home without any charge has no table to ask: told apart below
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        whole = stack.enter_context(filled(Path(folder) / "whole", rows))
        part = stack.enter_context(filled(Path(folder) / "part", seen))
        scoped, free = asked(whole, stack, scope=scope), asked(part, stack)
        assert dict(told(scoped)) == dict(told(free))


def test_who_may_see_nothing_is_told_nothing(home: Workspace) -> None:
    with ExitStack() as stack:
        client = asked(home, stack, scope="false")
        answers = dict(told(client))
        assert answers["costs?range=all"]["totals"] == {}
        assert answers["dimensions"]["tag_keys"] == []
        assert answers["export"] == []
        assert answers[SQL[0]]["rows"] == [{"s": None, "n": 0}]


def test_the_command_line_is_a_face_too(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    text = IAMManager(home.opened).tokens.create("lead", roles=["team_lead"], teams=["ml"], by=OWNER, life=None)[1]
    monkeypatch.setenv("FINOPSMETRICS_TOKEN", text)
    costs = inside("costs", "--range", "all", "--format", "json", home=home.home)
    assert [row["cost"] for row in json.loads(costs.out)] == ["13.750000000000000000"]
    counted = inside("sql", "SELECT count(*) AS n FROM focus_data_table", "--format", "json", home=home.home)
    assert json.loads(counted.out) == [{"n": 2}]
    target = home.home.parent / "out.csv"
    assert inside("export", target, "--format", "csv", home=home.home).code == 0
    assert "Secret" not in target.read_text()
    for verb in (["deliveries"], ["reconcile"], ["doctor"], ["user", "list"], ["audit", "list"], ["backup", str(target) + "2"]):
        assert inside(*verb, home=home.home).code == 4, verb


def test_receipts_of_others_tell_nothing(home: Workspace) -> None:
    receipt = home.costs.get_costs(group_by="ServiceName", time_range="all").receipt
    assert receipt is not None
    with ExitStack() as stack:
        client = asked(home, stack, scope='tags.team == "ml"')
        path = f"/api/v1/receipts/{receipt.id}"
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/verify").status_code == 404
        assert client.post("/api/v1/receipts/verify", json=receipt.as_dict()).status_code == 400
        mine = client.get("/api/v1/costs?range=all").json()["receipt"]
        assert client.post(f"/api/v1/receipts/{mine}/verify").json()["reproduced"]
        page = client.get("/").text
        assert 'tags.team == \\"ml\\"' in page
        assert "Secret" not in page
