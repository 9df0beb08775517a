"""Findings: one envelope, one life, kept once each however often they are seen, shown to those who may see their charges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.core.findings import ENDED, LIFE, STATES, Finding, next_state
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.reviewing import Reviewing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.backup import backup, restore
from finopsmetrics.store.database import Database
from finopsmetrics.store.findings import FindingBook

BEGIN = datetime(2026, 5, 1)
SPIKE = Finding(
    "anomaly",
    "ServiceName=compute",
    "compute costs 3 times what is usual",
    severity="high",
    where='tags.team == "ml"',
    start=BEGIN,
    end=BEGIN + timedelta(days=2),
    impact=Decimal("120.000000000000000001"),
    currency="USD",
    body={"expected": "60"},
    receipts=("r-1",),
    source="robust",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def book_of(workspace: Workspace) -> FindingBook:
    return FindingBook(workspace.opened.database, workspace.opened.now)


def test_what_is_seen_again_is_kept_once(home: Workspace) -> None:
    book = book_of(home)
    [first] = book.keep([SPIKE])
    assert (first.state, first.version, first.finding) == ("open", 1, SPIKE)
    assert book.keep([SPIKE]) == []
    assert book.get(SPIKE.id).version == 1
    assert book.keep([replace(SPIKE, impact=Decimal(200))]) == []
    assert (book.get(SPIKE.id).finding.impact, book.get(SPIKE.id).version) == (Decimal(200), 2)
    assert [event.action for event in book.history(SPIKE.id)] == ["found", "changed"]


def test_a_finding_has_one_life(home: Workspace) -> None:
    book = book_of(home)
    book.keep([SPIKE])
    book.change(SPIKE.id, actor="ann", state="acknowledged", owner="ann", comment="I look at it")
    with pytest.raises(ConflictError):
        book.change(SPIKE.id, actor="bob", state="done", seen=1)
    book.change(SPIKE.id, actor="ann", state="done", reason="the job was stopped", seen=4)
    with pytest.raises(UsageError, match="that is done cannot become acknowledged"):
        book.change(SPIKE.id, actor="ann", state="acknowledged")
    told = [(event.actor, event.action) for event in book.history(SPIKE.id)]
    assert told == [("finopsmetrics", "found"), ("ann", "state"), ("ann", "owner"), ("ann", "comment"), ("ann", "state")]
    assert book.keep([SPIKE]) == []  # the same incident, seen once more
    assert book.get(SPIKE.id).state == "done"
    later = replace(SPIKE, start=datetime(2999, 1, 1), end=None)
    assert [one.state for one in book.keep([later])] == ["open"]
    assert book.history(SPIKE.id)[-1].action == "returned"


def test_what_was_dismissed_stays_so(home: Workspace) -> None:
    book = book_of(home)
    book.keep([SPIKE])
    book.change(SPIKE.id, actor="ann", state="dismissed", reason="expected")
    assert book.keep([replace(SPIKE, start=datetime(2999, 1, 1), end=None)]) == []
    assert book.get(SPIKE.id).state == "dismissed"


@pytest.mark.parametrize(
    "change", [{"comment": " "}, {"comment": "x" * 4_001}, {"state": "approve"}, {"state": "open", "reason": " "}]
)
def test_a_wrong_change_changes_nothing(home: Workspace, change: dict[str, Any]) -> None:
    book = book_of(home)
    book.keep([SPIKE])
    with pytest.raises(UsageError):
        book.change(SPIKE.id, actor="ann", **{"owner": "ann", **change})
    assert (book.get(SPIKE.id).owner, book.get(SPIKE.id).version) == (None, 1)


def test_every_state_can_be_left_and_reached() -> None:
    assert set(LIFE) == set(STATES)
    assert {state for after in LIFE.values() for state in after} == set(STATES)
    for state in STATES:
        assert next_state(state, state) == state
        assert LIFE[state]
    assert all(LIFE[state] == {"open"} for state in ENDED)


class Lives(RuleBasedStateMachine):
    """Whatever happens, the history tells all of it, and versions rise by one."""

    @initialize()
    def made(self) -> None:
        self.room = TemporaryDirectory()
        self.clock = [BEGIN]
        database = Database(f"sqlite:///{self.room.name}/state.db")
        database.upgrade()
        self.database, self.book = database, FindingBook(database, lambda: self.clock[0])
        self.book.keep([SPIKE])

    @rule(days=st.integers(0, 3), impact=st.integers(1, 3))
    def seen_again(self, days: int, impact: int) -> None:
        self.clock[0] += timedelta(hours=1)
        before = self.book.get(SPIKE.id)
        start = self.clock[0] + timedelta(days=days) if days else SPIKE.start
        self.book.keep([replace(SPIKE, start=start, end=None, impact=Decimal(impact))])
        after = self.book.get(SPIKE.id)
        if before.state == "dismissed":
            assert after.state == "dismissed"
        elif before.state == "done":
            assert after.state == ("open" if days else "done")
        else:
            assert after.state == before.state

    @precondition(lambda self: hasattr(self, "book"))
    @rule(state=st.sampled_from(STATES))
    def moved(self, state: str) -> None:
        self.clock[0] += timedelta(hours=1)
        before = self.book.get(SPIKE.id)
        allowed = state == before.state or state in LIFE[before.state]
        try:
            self.book.change(SPIKE.id, actor="ann", state=state)
        except UsageError:
            assert not allowed
        else:
            assert allowed

    @invariant()
    def told(self) -> None:
        if hasattr(self, "book"):
            events = self.book.history(SPIKE.id)
            assert [event.version for event in events] == list(range(1, len(events) + 1))
            assert self.book.get(SPIKE.id).version == len(events)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.room.cleanup()


Lives.TestCase.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
TestLives = Lives.TestCase


def test_only_those_who_may_see_the_charges_see_a_finding(home: Workspace) -> None:
    book_of(home).keep([SPIKE, replace(SPIKE, key="all", where=None), replace(SPIKE, key="web", where='tags.team == "web"')])
    lead = Principal("lead", "person", frozenset({"findings:*"}), Condition.from_dict({"tags.team": "ml"}))
    mine = Reviewing(Acting(home, lead))
    assert [one.finding.key for one in mine.all()] == ["ServiceName=compute"]
    assert mine.change(SPIKE.id, state="acknowledged").state == "acknowledged"
    for hidden in (replace(SPIKE, key="all").id, replace(SPIKE, key="web").id):
        for ask in (mine.one, mine.history, lambda one: mine.change(one, comment="x")):
            with pytest.raises(NotFoundError):
                ask(hidden)
    everybody = Reviewing(Acting(home, OWNER))
    assert len(everybody.all()) == 3
    assert [one.finding.key for one in everybody.all(states=["acknowledged"])] == ["ServiceName=compute"]
    reader = Reviewing(Acting(home, Principal("r", "person", frozenset({"findings:read"}))))
    with pytest.raises(ForbiddenError):
        reader.change(SPIKE.id, state="done")


def test_the_api_and_the_verbs_tell_the_same(home: Workspace) -> None:
    from tests.cli.console import inside
    from tests.iam.conftest import client_of

    book_of(home).keep([SPIKE])
    with client_of(home) as client:
        [found] = client.get("/api/v1/findings").json()["findings"]
        assert (found["impact"], found["receipts"], found["state"]) == ("120.000000000000000001", ["r-1"], "open")
        done = client.patch(f"/api/v1/findings/{SPIKE.id}", json={"state": "acknowledged", "owner": "ann", "version": 1})
        assert (done.status_code, done.json()["owner"]) == (200, "ann")
        assert client.patch(f"/api/v1/findings/{SPIKE.id}", json={"state": "done", "version": 1}).status_code == 409
        assert client.patch(f"/api/v1/findings/{SPIKE.id}", json={"state": "odd"}).status_code == 422
        assert client.get("/api/v1/findings?state=open").json()["findings"] == []
        assert len(client.get("/api/v1/findings?state=open&state=acknowledged").json()["findings"]) == 1
        assert client.get("/api/v1/findings?owner=ann&owner=bob").status_code == 422
        assert client.get("/api/v1/findings/f-00").status_code == 404
        assert len(client.get(f"/api/v1/findings/{SPIKE.id}/history").json()["history"]) == 3
    assert "is done: compute costs" in inside("findings", "done", SPIKE.id, "--reason", "fixed", home=home.home).text
    assert inside("findings", "show", SPIKE.id, home=home.home).json["history"][-1]["detail"]["reason"] == "fixed"
    assert inside("findings", "--state", "done", "--format", "json", home=home.home).json[0]["id"] == SPIKE.id
    assert inside("findings", "comment", SPIKE.id, "thanks", home=home.home).code == 0
    assert inside("findings", "assign", SPIKE.id, home=home.home).code == 0


def test_findings_are_in_a_backup(
    home: Workspace, tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_of(home).keep([SPIKE])
    backup(home.opened, tmp_path / "backup")
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
    restore(tmp_path / "backup", tmp_path / "other")
    with Workspace(tmp_path / "other") as other:
        assert book_of(other).get(SPIKE.id).finding == SPIKE
        assert book_of(other).change(SPIKE.id, actor="ann", state="done").version == 2
