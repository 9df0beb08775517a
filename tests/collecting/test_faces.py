"""What people see of collecting: the verbs, HTTP, the schedule, the doctor; and the same on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finopsmetrics.cli.main import app
from finopsmetrics.core.errors import UsageError
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.jobs import StepFailedError, new_run
from finopsmetrics.runtime.steps import perform
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.doctor import examine
from tests.collecting.conftest import Hand
from tests.collecting.test_aws import BUCKET, ROOT, Delivering
from tests.integrations.cur import line

RUNNER = CliRunner()


@pytest.fixture
def aws(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Delivering:
    monkeypatch.setenv("COLUMNS", "220")
    return Delivering(s3, tmp_path / "delivered")


@pytest.fixture
def settings(s3_server: str) -> dict[str, str]:
    return {"bucket": BUCKET, "prefix": ROOT, "region": "us-east-1", "endpoint": s3_server}


@pytest.fixture
def connected(acting: Acting, settings: dict[str, str]) -> None:
    secrets = {"access_key_id": "env:KEY", "secret_access_key": "env:KEY"}
    acting.specs.put("connection", "aws", {"integration": "aws", "settings": settings, "secrets": secrets})


def told(home: Path, *words: str, code: int = 0) -> str:
    ran = RUNNER.invoke(app, ["--home", str(home), *words], catch_exceptions=False)
    assert ran.exit_code == code, ran.output
    return ran.output


def test_connect_tries_says_what_is_missing_and_keeps_what_is_whole(
    aws: Delivering, settings: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "own"
    given = [f"--set={name}={value}" for name, value in settings.items()]
    given += ["--secret", "access_key_id=env:KEY", "--secret", "secret_access_key=env:KEY"]
    said = told(home, "connect", "aws", *given, code=1)
    assert "MISSING" in said
    assert "a whole delivery" in said
    assert "There is no connection yet" in told(home, "connections")
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25"))})
    said = told(home, "connect", "aws", *given)
    assert "s3:GetObject" in said
    assert "Kept the connection aws" in said
    assert "2026-09" in told(home, "sync")
    assert "unchanged, not fetched" in told(home, "sync", "aws")
    [row] = json.loads(told(home, "connections", "--format", "json"))
    assert (row["connection"], row["batches"], row["error"]) == ("aws", 1, None)
    assert json.loads(told(home, "connect", "--check", "aws", "--format", "json"))["ok"] is True
    body = json.loads(told(home, "sync", "--format", "json"))
    assert body["synced"][0]["batches"] == {"known": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["connect", "nobody"], "collects no bills"),
        (["connect", "aws", "--set", "bucket"], "takes key=value"),
        (["connect", "aws", "--set", "bucket=b-1", "--set", "what=x"], "what"),
        (["connect", "aws", "--set", "bucket=b-1", "--secret", "token=env:X"], "does not know token"),
        (["sync", "nobody"], "There is no connection 'nobody'"),
        (["connect", "--check", "nobody"], "There is no connection 'nobody'"),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path: Path, words: list[str], said: str) -> None:
    ran = RUNNER.invoke(app, ["--home", str(tmp_path / "home"), *words])
    assert said in str(ran.exception)


def test_connect_lists_what_can_be_connected() -> None:
    rows = json.loads(told(Path("nowhere"), "connect", "--format", "json"))
    [aws] = [row for row in rows if row["integration"] == "aws"]
    assert aws["settings"].startswith("bucket, prefix?")


def test_http_tells_of_connections_and_checks_them(aws: Delivering, connected: None, workspace: Workspace) -> None:
    from tests.iam.conftest import client_of

    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25"))})
    Syncing(Acting(workspace, OWNER)).sync("aws")
    with client_of(workspace) as client:
        [one] = client.get("/api/v1/collecting").json()["connections"]
        assert (one["connection"], one["integration"], one["batches"], one["error"]) == ("aws", "aws", 1, None)
        checked = client.post("/api/v1/connections/aws/check").json()
        assert checked["ok"] is True
        assert client.post("/api/v1/connections/nobody/check").status_code == 404


def test_the_schedule_syncs_what_is_due_and_says_what_failed(
    aws: Delivering, connected: None, workspace: Workspace, acting: Acting, hand: Hand, s3: Any
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25"))})
    assert [one["connection"] for one in step(workspace)["synced"]] == ["aws"]
    assert step(workspace)["synced"] == []  # not due again
    hand.pass_(days=1)
    kept = acting.specs.get("connection", "aws")
    acting.specs.put("connection", "aws", {**kept.body, "settings": {**kept.body["settings"], "bucket": "nobody-has-this"}})
    with pytest.raises(StepFailedError, match="Not synced: aws: AWS could not list the bucket") as failed:
        step(workspace)
    assert list(failed.value.outcome["failed"]) == ["aws"]
    [check] = [one for one in examine(workspace.opened) if one["check"] == "connections"]
    assert check["status"] == "warn"
    assert "aws: AWS could not list the bucket nobody-has-this" in check["detail"]


def test_the_doctor_names_connections_that_were_not_synced_for_long(
    aws: Delivering, connected: None, workspace: Workspace, syncing: Syncing, hand: Hand
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line())})
    syncing.sync("aws")
    assert {one["status"] for one in examine(workspace.opened) if one["check"] in {"connections", "sources"}} == {"ok"}
    hand.pass_(days=4)
    told = {one["check"]: one for one in examine(workspace.opened)}
    assert "aws (last on" in told["connections"]["detail"]
    assert "aws (last on" in told["sources"]["detail"]


def step(workspace: Workspace) -> dict[str, Any]:
    now = workspace.opened.now()
    run = new_run("sync", {}, actor="scheduler", now=now, due=now)
    return perform(Acting(workspace, Principal("scheduler", "service", frozenset())), run, lambda: None)


def test_a_connection_is_due_by_its_own_schedule(acting: Acting, connected: None, syncing: Syncing, hand: Hand) -> None:
    assert syncing.due() == ["aws"]
    kept = acting.specs.get("connection", "aws")
    acting.specs.put("connection", "aws", {**kept.body, "enabled": False})
    assert syncing.due() == []
    acting.specs.put("connection", "aws", {**kept.body, "capabilities": ["channel"]})
    assert syncing.due() == []


def test_whoever_may_not_take_deliveries_in_may_not_sync(acting: Acting) -> None:
    with pytest.raises(ForbiddenError):
        Syncing(Acting(acting.workspace, Principal("ann", "person", frozenset({"costs:read", "connection:write"}))))


def test_a_secret_in_the_settings_is_refused(acting: Acting) -> None:
    with pytest.raises(Exception, match="looks like a secret"):
        acting.specs.put("connection", "x", {"integration": "aws", "settings": {"secret_access_key": "abcd"}})


def test_an_unset_secret_is_told(acting: Acting, connected: None, syncing: Syncing) -> None:
    with pytest.raises(UsageError, match="The secret 'access_key_id' is not at env:KEY"):
        syncing.sync("aws")


@pytest.fixture
def on_postgres(postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("FINOPSMETRICS_STATE_URL", postgres_database)
    with Workspace(tmp_path / "home") as workspace:
        yield workspace


def test_the_same_on_postgresql(aws: Delivering, settings: dict[str, str], on_postgres: Workspace) -> None:
    acting = Acting(on_postgres, OWNER)
    secrets = {"access_key_id": "env:KEY", "secret_access_key": "env:KEY"}
    acting.specs.put("connection", "aws", {"integration": "aws", "settings": settings, "secrets": secrets})
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25"))})
    syncing = Syncing(acting)
    assert [one.status for one in syncing.sync("aws").batches] == ["taken"]
    assert [one.status for one in syncing.sync("aws").batches] == ["known"]
    assert sum(row["cost"] for row in on_postgres.costs.get_costs(time_range="all").rows) == Decimal("1.25")
    assert syncing.states()[0]["error"] is None
