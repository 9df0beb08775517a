"""The steps that come along: each does what its verb does, and says what it came to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.core.money import Money
from finopsmetrics.iam.permissions import permissions
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.observability.reconcile import enter_invoice
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.jobs import JobBook, StepFailedError, new_run
from finopsmetrics.runtime.scheduler import BUILT_IN
from finopsmetrics.runtime.steps import all_steps, one_step, perform, step
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.entries import CostEntry
from tests.jobs.conftest import jobs_of
from tests.store.bills import charge

NOBODY = Principal("nobody", "person", frozenset())


def done(workspace: Workspace, name: str, **inputs: Any) -> dict[str, Any]:
    """What a step comes to; it gets its rights from itself, whoever holds the workspace."""
    now = workspace.opened.now()
    run = new_run(name, inputs, actor="ann", now=now, due=now)
    return perform(Acting(workspace, NOBODY), run, lambda: None)


def laid(folder: Path, path: Path, age: float = 100) -> Path:
    folder.mkdir(exist_ok=True)
    target = path.rename(folder / path.name)
    os.utime(target, (time.time() - age, time.time() - age))
    return target


def test_each_step_takes_a_permission_that_there_is_and_says_what_it_does() -> None:
    known = {*permissions(), "*:*"}
    assert {one.step for one in BUILT_IN} <= set(all_steps())
    for one in all_steps().values():
        assert one.permission in known
        assert one.reads is None or one.reads in known
        assert one.description.endswith(".")
        assert all(field.description for field in one.inputs.model_fields.values()) or one.name.startswith("test.")


def test_a_step_has_no_more_rights_than_it_says(workspace: Workspace) -> None:
    @step("test.greedy", description="Ask for too much.", permission="costs:read")
    def greedy(acting: Acting, _inputs: Any, _beat: Any) -> dict[str, Any]:
        acting.require("users:write")
        return {}

    with pytest.raises(ForbiddenError, match="ann lacks the permission users:write"):
        done(workspace, "test.greedy")
    with pytest.raises(ValueError, match="two steps"):
        step("test.greedy", description="Again.", permission="costs:read")(greedy)


@pytest.mark.parametrize(
    ("name", "inputs", "told"),
    [
        ("maintain", {"grace": 1}, "It takes: grace_minutes, history_days."),
        ("maintain", {"history_days": 0}, "history_days"),
        ("refresh", {"x": 1}, "It takes: none."),
        ("ingest", {}, "folder"),
    ],
)
def test_wrong_inputs_are_named(name: str, inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        one_step(name).checked(inputs)


def test_a_step_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFoundError, match=r"Steps are: anomalies, audit\.verify, budgets\.check"):
        one_step("nothing")


def test_upkeep_and_checks(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("1.00"))])
    (workspace.home / "staging" / "dead").mkdir()
    (workspace.home / "staging" / "dead" / ".owner").touch()
    assert done(workspace, "maintain")["rooms"] == 1
    assert done(workspace, "doctor")["fail"] == []
    assert done(workspace, "doctor", deep="true")["checks"] == 13
    assert done(workspace, "audit.verify")["whole"] is True
    with workspace.opened.database.change() as connection:
        connection.exec_driver_sql("UPDATE audit_events SET actor = 'mallory' WHERE sequence = 1")
    for name in ("doctor", "audit.verify"):
        with pytest.raises(StepFailedError) as failed:
            done(workspace, name)
        assert not failed.value.retryable
        assert failed.value.outcome


def test_reconciling_tells_the_lines_that_differ(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("1.00", InvoiceId="i-1"), charge("2.00", "Storage", InvoiceId="i-2"))])
    for invoice, amount in (("i-1", "1.00"), ("i-2", "2.50")):
        enter_invoice(workspace.opened, "Example Cloud", invoice, Money(Decimal(amount), "USD"))
    found = done(workspace, "reconcile")
    assert (found["ties"], found["invoices"]) == (False, {"all": 2, "differing": 1})
    [line] = found["invoices_differing"]
    assert line["invoice"] == "i-2"
    assert line["residual"].startswith("-0.5")


def test_entries_that_wait_are_brought_into_the_lake(workspace: Workspace) -> None:
    workspace.costs.add_cost_entry(CostEntry("e-1", datetime(2026, 7, 1), "16.00", "By hand"))
    before = workspace.opened.lake.snapshot().version
    assert done(workspace, "refresh")["lake_version"] > before
    assert sum(file.rows for file in workspace.opened.lake.snapshot().files["cost_and_usage"]) == 1


def test_a_watched_folder(workspace: Workspace, bill: Callable[..., Path], tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    laid(inbox, bill(charge("1.00"), name="a.csv"))
    laid(inbox, bill(charge("8.00"), name="new.csv"), age=0)
    (inbox / "README.txt").write_text("put bills here")
    (inbox / ".hidden.csv").write_text("x")
    first = done(workspace, "ingest", folder=str(inbox))
    assert ([one["rows"] for one in first["taken"]], first["known"], first["left"]) == ([1], 0, ["new.csv"])
    assert done(workspace, "ingest", folder=str(inbox)) == {"taken": [], "known": 1, "left": ["new.csv"], "refused": []}
    [record] = workspace.deliveries()
    with workspace.opened.database.read() as connection:
        actors = connection.exec_driver_sql("SELECT DISTINCT actor FROM audit_events").scalars().all()
    assert (record.rows, actors) == (1, ["ann"])
    with pytest.raises(UsageError, match="no folder"):
        done(workspace, "ingest", folder=str(tmp_path / "gone"))


@pytest.mark.parametrize("folder", ["/etc", "inbox", "{home}/lake", "{home}/inbox/../..", "{home}/inbox/link"])
def test_only_folders_that_were_given_are_watched(workspace: Workspace, folder: str) -> None:
    (workspace.home / "inbox").mkdir()
    (workspace.home / "inbox" / "link").symlink_to("/etc")
    assert done(workspace, "ingest", folder=str(workspace.home / "inbox"))["taken"] == []
    with pytest.raises(UsageError, match="not among the folders"):
        done(workspace, "ingest", folder=folder.format(home=workspace.home))


@pytest.fixture(autouse=True)
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders of tests may be watched; a home of theirs only by its inbox."""
    roots = [tmp_path / name for name in ("inbox", "gone")]
    monkeypatch.setenv("FINOPSMETRICS_INGEST_ROOTS", os.pathsep.join(map(str, roots)))


def test_what_is_refused_holds_up_nothing_and_fails_the_run(
    workspace: Workspace, bill: Callable[..., Path], tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    (tmp_path / "bad.csv").write_text("not,a,bill\n1,2,3\n")
    laid(inbox, tmp_path / "bad.csv")
    laid(inbox, bill(charge("1.00"), name="c.csv"))
    laid(inbox, bill(charge("2.00"), name="d.csv"))  # the same bill, at the same time: parts, or a mistake
    with pytest.raises(StepFailedError, match=r"bad\.csv") as failed:
        done(workspace, "ingest", folder=str(inbox), source="acme")
    assert [one["name"] for one in failed.value.outcome["refused"]] == ["bad.csv", "d.csv"]
    assert [one["source"] for one in failed.value.outcome["taken"]] == ["acme"]
    totals = workspace.costs.get_costs(time_range="all").table.to_pylist()
    assert [f"{row['cost']:.2f}" for row in totals] == ["1.00"]


def test_what_is_over_is_swept(workspace: Workspace) -> None:
    jobs = jobs_of(workspace)
    database, now = workspace.opened.database, workspace.opened.now()
    old = JobBook(database, lambda: now - timedelta(days=91))
    gone = old.queue("refresh", {}, actor="ann")
    run = old.claim("w", timedelta(minutes=1), {"refresh"})
    assert run is not None
    assert old.finish(run, {})
    waits = old.queue("refresh", {}, actor="ann")
    assert done(workspace, "sweep", keep_runs_days=92)["runs"] == 0
    assert done(workspace, "sweep")["runs"] == 1
    assert jobs.get(waits).state == "waiting"
    with pytest.raises(FinOpsError, match="no run"):
        jobs.get(gone)
