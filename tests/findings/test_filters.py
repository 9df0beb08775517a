"""Findings by severity: chosen by the store, so that pages stay right under a filter, by API and command line alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from finopsmetrics.core.findings import SEVERITIES, Finding
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.findings import FindingBook
from tests.cli.console import inside
from tests.iam.conftest import client_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Forty findings: each severity ten times, every other of them about the team ml."""
    with Workspace(tmp_path_factory.mktemp("filters") / "home") as workspace:
        one = Finding("anomaly", "x", "Something", source="test")
        found = [
            replace(one, key=f"{number}", severity=SEVERITIES[number % 4], where='tags.team == "ml"' if number % 8 < 4 else None)
            for number in range(40)
        ]
        FindingBook(workspace.opened.database, workspace.opened.now).keep(found)
        yield workspace


def test_a_filter_reaches_beyond_the_first_page(home: Workspace) -> None:
    with client_of(home) as client:
        path: str | None = "/api/v1/findings?severity=critical&severity=low&limit=7"
        pages = []
        while path:
            answer = client.get(path).json()
            pages.append([(one["id"], one["severity"]) for one in answer["findings"]])
            path = answer["next"]
        assert [len(page) for page in pages] == [7, 7, 6]
        assert {severity for page in pages for _, severity in page} == {"critical", "low"}
        assert len({finding for page in pages for finding, _ in page}) == 20
        whole = client.get("/api/v1/findings", params={"severity": "high", "limit": 10}).json()
        assert (len(whole["findings"]), whole["next"]) == (10, None)
        assert client.get("/api/v1/findings", params={"severity": "grave"}).status_code == 422


def test_pages_are_full_also_for_who_sees_only_some(home: Workspace) -> None:
    scoped = IAMManager(home.opened).tokens.create("ml", roles=["admin"], by=OWNER, scope='tags.team == "ml"')[1]
    with client_of(home, scoped) as client:
        first = client.get("/api/v1/findings", params={"severity": "medium", "limit": 3}).json()
        rest = client.get(first["next"]).json()
        assert [len(one["findings"]) for one in (first, rest)] == [3, 2]
        assert {one["where"] for one in [*first["findings"], *rest["findings"]]} == {'tags.team == "ml"'}
        assert rest["next"] is None


def test_the_command_line_asks_the_same(home: Workspace) -> None:
    found = inside("findings", "--severity", "critical", "--severity", "high", "--format", "json", home=Path(home.home)).json
    assert {one["severity"] for one in found} == {"critical", "high"}
    assert len(found) == 20
    wrong = inside("findings", "--severity", "grave", home=Path(home.home))
    assert (wrong.code, "There is no severity 'grave'" in wrong.err) == (2, True)
    lines = inside("audit", "list", "--action", "token.", "--find", "ML", "--format", "json", home=Path(home.home)).json
    assert [line["subject"] for line in lines] == ["ml"]
