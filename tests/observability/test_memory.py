"""Answers that are remembered: the same as those that are made anew, bounded, and gone with a new version of the lake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.observability import memory
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.observability.memory import AnswerMemory
from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import charge


def observatory(workspace: Workspace, kept: AnswerMemory, scope: str | None = None) -> CostObservatory:
    within = Condition.parse(scope) if scope else None
    return CostObservatory(opened=workspace.opened, memory=kept, scope=within)


def test_a_question_is_answered_once_for_a_version(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("1.50"), charge("2", "Storage"))], source="a")
    costs = observatory(workspace, AnswerMemory())
    first = costs.get_costs(time_range="all", group_by="service")
    assert costs.get_costs(time_range="all", group_by="service") is first
    assert costs.get_costs(time_range="all") is not first
    assert first.receipt is not None
    assert costs.verify(first.receipt).reproduced
    version = costs.version()
    workspace.ingest([bill(charge("5.50", period="2026-06"), name="b.csv")], source="b")
    again = costs.get_costs(time_range="all", group_by="service")
    assert costs.version() > version
    assert [f"{again.total['USD']:,.2f}", f"{first.total['USD']:,.2f}"] == ["9.00 USD", "3.50 USD"]


def test_scopes_have_answers_of_their_own(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("1.50"), charge("2", "Storage"))])
    kept = AnswerMemory()
    whole = observatory(workspace, kept).get_costs(time_range="all")
    part = observatory(workspace, kept, 'service == "Storage"').get_costs(time_range="all")
    assert [f"{one.total['USD']:,.2f}" for one in (whole, part)] == ["3.50 USD", "2.00 USD"]


def test_it_is_bounded(workspace: Workspace, bill: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.ingest([bill(*(charge("1", f"s{number}") for number in range(6)))])
    monkeypatch.setattr(memory, "MOST_ROWS", 6)
    monkeypatch.setattr(memory, "MOST_TOGETHER", 8)
    costs = observatory(workspace, AnswerMemory())
    six, one = (costs.get_costs(time_range="all", group_by=group) for group in ("service", None))
    assert costs.get_costs(time_range="all", group_by="service") is six
    assert costs.get_costs(time_range="all", group_by=["service", "account"]) is not one  # six more: the oldest goes
    assert costs.get_costs(time_range="all") is not one
    monkeypatch.setattr(memory, "MOST_ROWS", 5)
    costs = observatory(workspace, AnswerMemory())
    assert costs.get_costs(time_range="all", group_by="service") is not costs.get_costs(time_range="all", group_by="service")


def test_what_is_made_is_made_once_however_many_ask() -> None:
    kept, made, gate = AnswerMemory(), list[int](), threading.Event()

    def make() -> int:
        gate.wait(5)
        made.append(1)
        return len(made)

    found = list[int]()
    threads = [threading.Thread(target=lambda: found.append(kept.result("key", make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1, 1]
    with pytest.raises(ZeroDivisionError):
        kept.result("other", lambda: 1 // 0)
    assert kept.result("other", lambda: 2) == 2
