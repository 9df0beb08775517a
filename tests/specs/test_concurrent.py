"""Two servers on one PostgreSQL: a thousand concurrent read-modify-write edits by ETag, and none is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.runtime.workspace import Workspace

EDITS, CLIENTS = 1_000, 4
AT = "/api/v1/teams/counted"


@pytest.fixture
def servers(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
    with ExitStack() as stack:
        opened = [stack.enter_context(Workspace(tmp_path / "home")) for _ in range(2)]
        yield [stack.enter_context(BackgroundServer(workspace)).url for workspace in opened]


def edit(url: str, times: int) -> int:
    """Add one as often as asked, by what was seen last and only if it still is; how often somebody else was first."""
    beaten = 0
    with httpx.Client(base_url=url, timeout=60) as client:
        seen = client.get(AT)
        while times:
            body = seen.json() | {"budget_monthly": str(Decimal(seen.json()["budget_monthly"]) + 1)}
            put = client.put(AT, json=body, headers={"If-Match": seen.headers["etag"]})
            assert put.status_code in {200, 412}, put.text
            if put.status_code == 200:
                times, seen = times - 1, put
            else:
                beaten += 1
                time.sleep(random.random() * 0.1)
                seen = client.get(AT)
    return beaten


def test_no_edit_is_lost(servers: list[str]) -> None:
    with httpx.Client(base_url=servers[0], timeout=60) as client:
        assert client.put(AT, json={"budget_monthly": 1}, headers={"If-None-Match": "*"}).status_code == 201
        with ThreadPoolExecutor(CLIENTS) as pool:
            beaten = sum(pool.map(edit, servers * (CLIENTS // 2), [EDITS // CLIENTS] * CLIENTS))
        assert client.get(AT).json()["budget_monthly"] == str(EDITS + 1)
        assert client.get(AT).headers["etag"] == f'"{EDITS + 1}"'
        changes = client.get(f"{AT}/history").json()["changes"]
    assert [one["version"] for one in changes] == list(range(EDITS + 1, 0, -1))
    assert [one["body"]["budget_monthly"] for one in changes] == [str(number) for number in range(EDITS + 1, 0, -1)]
    assert beaten, "nobody ever met another: this proved nothing"


def test_only_one_creates(servers: list[str]) -> None:
    def create(place: int) -> int:
        answer = httpx.put(f"{servers[place % 2]}/api/v1/teams/once", json={"lead": str(place)}, headers={"If-None-Match": "*"})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(create, range(16)))
    assert sorted(codes) == [201] + [412] * 15
