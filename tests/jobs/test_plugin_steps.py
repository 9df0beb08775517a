"""Steps that call plugins: collecting, and budgets that reached a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from finopsmetrics.plugins import TelemetryPlugin, plugin
from finopsmetrics.plugins.registry import Registry, isolated
from finopsmetrics.runtime.jobs import StepFailedError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.entries import CostEntry
from finopsmetrics.store.specs import SpecBook
from tests.jobs.test_built_in_steps import done


@pytest.fixture(autouse=True)
def registry() -> Iterator[Registry]:
    with isolated() as made:
        yield made


def test_every_plugin_that_gives_charges_collects(workspace: Workspace) -> None:
    yesterday = workspace.opened.now() - timedelta(days=1)

    @plugin(name="meter", version="1.0")
    class Meter(TelemetryPlugin):
        def collect(self) -> Iterable[CostEntry]:
            return [CostEntry("m-1", yesterday, "3.00", "Meter")]

    found = done(workspace, "collect")["collected"]
    assert [(one["source"], one["status"], one["new"]) for one in found] == [("meter", "done", 1)]

    @plugin(name="broken", version="1.0")
    class Broken(TelemetryPlugin):
        def collect(self) -> Iterable[CostEntry]:
            raise RuntimeError("no meter")

    with pytest.raises(StepFailedError, match="broken: ") as failed:
        done(workspace, "collect")
    assert failed.value.retryable
    told: list[dict[str, Any]] = failed.value.outcome["collected"]
    assert {one["source"]: (one["status"], one["new"]) for one in told} == {"broken": ("failed", 0), "meter": ("done", 0)}


def test_a_budget_that_reached_a_threshold_is_told_once(workspace: Workspace) -> None:
    from finopsmetrics.kinds.budget import Budget

    book = SpecBook(workspace.opened.database, workspace.opened.now)
    body = {"name": "all", "amount": "10", "currency": "USD", "period": "monthly", "alerts": [{"threshold": "50%"}]}
    book.put("budget", "all", Budget.model_validate(body).model_dump(mode="json"), actor="ann")
    workspace.costs.add_cost_entry(CostEntry("e-1", workspace.opened.now().replace(day=1, hour=0), "6.00", "By hand"))
    first = done(workspace, "budgets.check")
    assert first["budgets"] == 1
    assert first["unwatched"] == []
    assert [(one["budget"], one["told"]) for one in first["told"]] == [("all", ["0.5"])]
    assert done(workspace, "budgets.check")["told"] == []
