"""Runs and schedules over HTTP and on the command line: what is shown, who may, and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.kinds.role import Role
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.scheduler import BUILT_IN
from finopsmetrics.runtime.worker import Worker
from finopsmetrics.runtime.working import Working
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.doctor import examine
from finopsmetrics.store.specs import SpecBook
from tests.cli.console import finopsmetrics, inside
from tests.jobs.conftest import jobs_of, until


@pytest.fixture
def server(workspace: Workspace) -> Iterator[str]:
    with BackgroundServer(workspace) as running:
        yield running.url


@pytest.fixture
def client(workspace: Workspace, server: str) -> Iterator[Callable[..., httpx.Client]]:
    """Make a client whose token holds certain permissions."""
    made: list[httpx.Client] = []

    def holding(*permissions: str) -> httpx.Client:
        name = f"r{len(made)}"
        role = Role.model_validate({"name": name, "permissions": ["costs:read", *permissions], "sees": "everything"}).model_dump(
            mode="json"
        )
        SpecBook(workspace.opened.database, workspace.opened.now).put("role", name, role, actor="test")
        token = IAMManager(workspace.opened).tokens.create(name, roles=[name], by=OWNER)[1]
        made.append(httpx.Client(base_url=f"{server}/api/v1", headers={"Authorization": f"Bearer {token}"}))
        return made[-1]

    yield holding
    for one in made:
        one.close()


def test_a_run_is_started_and_followed_over_http(workspace: Workspace, server: str, client: Callable[..., httpx.Client]) -> None:
    admin = client("*:*")
    begun = admin.post("/runs", json={"step": "maintain", "inputs": {"history_days": 7}})
    assert begun.status_code == 202
    body = begun.json()
    assert (body["state"], body["inputs"]) == ("waiting", {"grace_minutes": 60, "history_days": 7})
    with Worker(workspace, poll=0.05):
        until(lambda: admin.get(f"/runs/{body['id']}").json()["state"] == "done")
    ended = admin.get(f"/runs/{body['id']}").json()
    assert ended["outcome"]["rooms"] == 0
    assert datetime.fromisoformat(ended["ended_at"]).tzinfo is not None
    assert b'finopsmetrics_runs{state="done",step="maintain"} 1.0' in admin.get(f"{server}/metrics").content
    for wrong, code in (({"step": "nothing"}, 404), ({"step": "refresh", "inputs": {"x": 1}}, 400), ({"steps": "refresh"}, 422)):
        assert admin.post("/runs", json=wrong).status_code == code
    assert admin.get("/runs/run-00").status_code == 404


def test_runs_come_in_pages_and_filtered(workspace: Workspace, client: Callable[..., httpx.Client]) -> None:
    jobs, reader = jobs_of(workspace), client("runs:read")
    made = [jobs.queue("refresh" if number % 2 else "sweep", {}, actor="ann") for number in range(5)]
    seen: list[str] = []
    page = "/api/v1/runs?limit=2"
    while page:
        body = reader.get(page.removeprefix("/api/v1")).json()
        seen += [run["id"] for run in body["runs"]]
        page = body["next"]
    assert seen == made[::-1]
    assert [run["id"] for run in reader.get("/runs", params={"step": "refresh"}).json()["runs"]] == [made[3], made[1]]
    assert reader.get("/runs", params={"state": "done"}).json()["runs"] == []
    assert reader.get("/runs", params={"state": "lost"}).status_code == 422


def test_schedules_are_changed_over_http(client: Callable[..., httpx.Client]) -> None:
    admin = client("*:*")
    body = {"step": "refresh", "cron": "30 2 * * *", "zone": "Europe/Berlin"}
    made = admin.put("/schedules/mine", json=body)
    assert made.status_code == 200
    assert made.json()["changed_by"] == "r0"
    assert made.json()["next"]
    listed = {one["name"]: one for one in admin.get("/schedules").json()["schedules"]}
    assert {"mine", *(one.name for one in BUILT_IN)} == set(listed)
    assert admin.put("/schedules/mine", json={**body, "active": False}).json()["next"] is None
    for wrong in ({"cron": "soon"}, {"zone": "Mars"}, {"inputs": {"x": 1}}):
        assert admin.put("/schedules/mine", json={**body, **wrong}).status_code == 400
    assert admin.delete("/schedules/mine").status_code == 204
    assert admin.delete("/schedules/mine").status_code == 404
    steps = {one["name"]: one for one in admin.get("/steps").json()["steps"]}
    assert "history_days" in steps["maintain"]["inputs"]["properties"]


def test_it_takes_the_steps_own_permission(workspace: Workspace, client: Callable[..., httpx.Client]) -> None:
    reader, operator, taker = client("runs:read"), client("runs:*"), client("runs:*", "deliveries:write")
    ingest = {"step": "ingest", "inputs": {"folder": "/srv/bills"}}
    assert reader.post("/runs", json={"step": "sweep"}).status_code == 403
    assert operator.post("/runs", json={"step": "sweep"}).status_code == 202
    assert operator.post("/runs", json=ingest).status_code == 403
    assert operator.post("/runs", json={"step": "maintain"}).status_code == 403
    assert operator.put("/schedules/s", json={**ingest, "cron": "* * * * *"}).status_code == 403
    assert operator.put("/schedules/maintain", json={"step": "sweep", "cron": "* * * * *"}).status_code == 200
    assert taker.post("/runs", json=ingest).status_code == 202
    assert client("budget:read").get("/runs").status_code == 403
    working = Working(Acting(workspace, Principal("op", "person", frozenset({"runs:write"}))))
    working.switch("collect", on=False)
    with pytest.raises(ForbiddenError, match="plugins:write"):
        working.switch("collect", on=True)


def test_what_a_step_read_is_kept_from_who_may_not_read_it(workspace: Workspace, client: Callable[..., httpx.Client]) -> None:
    jobs = jobs_of(workspace)
    run_id = jobs.queue("reconcile", {}, actor="ann")
    with Worker(workspace, poll=0.05):
        until(lambda: jobs.get(run_id).ended)
    hidden = client("runs:read").get(f"/runs/{run_id}").json()
    assert (hidden["hidden"], hidden["outcome"]) == (True, None)
    shown = client("runs:read", "reconciliation:read").get(f"/runs/{run_id}").json()
    assert (shown["hidden"], shown["outcome"]["ties"]) == (False, True)


def test_who_sees_only_some_charges_sees_no_runs(workspace: Workspace) -> None:
    scoped = Principal("ann", "person", frozenset({"*:*"}), scope=Condition.parse('ServiceName == "Compute"'))
    working = Working(Acting(workspace, scoped))
    for act in (working.runs, working.schedules, working.steps, lambda: working.queue("sweep", {}), lambda: working.remove("x")):
        with pytest.raises(ForbiddenError, match="only some charges"):
            act()


def test_doctor_tells_what_failed_and_what_is_overdue(workspace: Workspace) -> None:
    def check() -> dict[str, str]:
        return next(one for one in examine(workspace.opened) if one["check"] == "runs")

    jobs, now = jobs_of(workspace), workspace.opened.now()
    assert check()["status"] == "ok"
    run_id = jobs.queue("test.error", {"kind": "hopeless"}, actor="ann")
    with Worker(workspace, poll=0.05):
        until(lambda: jobs.get(run_id).ended)
    assert (check()["status"], run_id in check()["detail"]) == ("warn", True)
    again = jobs.queue("test.error", {}, actor="ann")
    run = jobs.claim("w", timedelta(minutes=1), {"test.error"})
    assert run is not None
    assert run.id == again
    assert jobs.finish(run, {})
    assert check()["status"] == "ok"
    JobBook(workspace.opened.database, lambda: now - timedelta(hours=1)).queue("refresh", {}, actor="ann")
    assert "1 runs are overdue: refresh since" in check()["detail"]


def test_the_command_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert inside("schedules", home=home).text.count("scheduler") == len(BUILT_IN)
    assert inside("schedule", "off", "maintain", home=home).code == 0
    words = ("schedule", "set", "mine", "--step", "maintain", "--cron", "0 4 * * *", "--zone", "Europe/Berlin", "--input")
    assert inside(*words, "history_days=7", home=home).code == 0
    listed = {one["name"]: one for one in inside("schedules", "--format", "json", home=home).json}
    assert (listed["maintain"]["active"], listed["maintain"]["next"]) == (False, None)
    assert listed["mine"]["inputs"] == {"grace_minutes": 60, "history_days": 7}
    assert inside("schedule", "remove", "mine", home=home).code == 0
    assert inside("schedule", "on", "maintain", home=home).code == 0
    for wrong, code in (
        (("schedule", "on", "mine"), 1),
        (("schedule", "set", "x", "--step", "nothing", "--cron", "* * * * *"), 1),
        (("schedule", "set", "x", "--step", "sweep", "--cron", "never"), 2),
        (("run", "sweep", "--input", "days"), 2),
        (("run", "sweep", "--input", "days=3"), 2),
        (("runs", "--state", "lost"), 2),
        (("runs", "show", "run-00"), 1),
    ):
        said = inside(*wrong, home=home)
        assert (said.code, said.err.startswith("Error: ")) == (code, True), wrong


def test_a_step_is_run_here_when_no_server_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finopsmetrics.cli.verbs.runs.TAKEN_WITHIN", 0.1)
    home = tmp_path / "home"
    said = inside("run", "test.note", "--input", f"file={tmp_path / 'f'}", home=home)
    assert (said.code, said.json["state"], said.json["actor"]) == (0, "done", "owner")
    failed = inside("run", "test.error", "--input", "kind=hopeless", "--wait", home=home)
    assert (failed.code, failed.json["error"]) == (1, "It cannot be done. Do something else.")
    plain, listed = (inside(*words, "--format", "json", home=home).json for words in (("runs",), ("runs", "list")))
    assert plain == listed
    assert [run["step"] for run in plain] == ["test.error", "test.note"]
    assert inside("runs", "--state", "done", "--limit", "1", "--format", "json", home=home).json == plain[1:]
    assert inside("runs", "show", plain[1]["id"], home=home).json == plain[1]
    assert "It cannot be done" in inside("runs", home=home).text
    assert "history_days" in inside("runs", "steps", home=home).text


def test_a_worker_alone_takes_what_the_command_queues_and_stops_when_told(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "f"
    command = [sys.executable, "-m", "tests.jobs.extra_steps", "--home", str(home), "work"]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert worker.stderr is not None
        assert "works for" in worker.stderr.readline()
        said = inside("run", "test.note", "--input", f"file={file}", "--input", "seconds=0.3", "--wait", home=home)
        assert (said.code, said.json["state"]) == (0, "done")
        assert f":{worker.pid}:" in said.json["worker"]
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


def test_a_token_may_do_on_the_command_line_what_it_holds(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Workspace(home) as workspace:
        token = IAMManager(workspace.opened).tokens.create("t", roles=["engineer"], by=OWNER)[1]
    said = finopsmetrics("run", "maintain", home=home, FINOPSMETRICS_TOKEN=token)
    assert (said.code, "lacks the permission" in said.err) == (4, True)
    with Workspace(home) as workspace:
        assert jobs_of(workspace).history() == []
        assert json.dumps(Working(Acting(workspace, OWNER)).schedules())
