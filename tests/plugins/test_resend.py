"""An entry that is sent again is known by what was sent, whatever plugins made, make or will make of it."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics import CostEntry
from finopsmetrics.core.errors import ConflictError
from finopsmetrics.plugins import hook
from finopsmetrics.plugins.registry import isolated
from finopsmetrics.runtime.workspace import Workspace
from tests.plugins.kept import ENTRY, billed, stored


def test_a_plugin_that_changes_between_sends_makes_no_conflict(workspace: Workspace) -> None:
    factor = [2]
    calls: list[str] = []

    @hook("cost_entry_received")
    def times(entry: CostEntry) -> CostEntry:
        calls.append(entry.id)
        return replace(entry, cost=Decimal(entry.cost) * factor[0])

    first = replace(ENTRY, cost=1)
    assert workspace.costs.add_cost_entry(first) is True
    factor[0] = 3
    assert workspace.costs.add_cost_entry(first) is False
    workspace.costs.refresh()
    assert workspace.costs.add_cost_entry(first) is False
    assert calls == ["e-1"]  # what is known passes no plugin again
    assert billed(workspace) == {"USD": Decimal(2)}
    with pytest.raises(ConflictError):
        workspace.costs.add_cost_entry(replace(first, cost=2))  # also when it is what the plugin once made
    assert billed(workspace) == {"USD": Decimal(2)}


def test_what_was_sent_without_a_plugin_is_known_with_one_and_the_other_way(workspace: Workspace) -> None:
    workspace.costs.add_cost_entry(replace(ENTRY, id="before"))

    @hook("cost_entry_received")
    def listen(entry: CostEntry) -> CostEntry:
        return replace(entry, category="Usage", cost=5)

    unfit = replace(ENTRY, id="unfit", category="Nonsense")
    assert workspace.costs.add_cost_entries([replace(ENTRY, id="before"), replace(ENTRY, id="after"), unfit]) == 2
    with isolated():
        sent = [replace(ENTRY, id="before"), replace(ENTRY, id="after"), unfit]
        assert workspace.costs.add_cost_entries(sent) == 0
    assert {name: row["BilledCost"] for name, row in stored(workspace).items()} == {
        "before": Decimal("12.000000000000000001"),
        "after": Decimal(5),
        "unfit": Decimal(5),
    }


def test_a_conflict_in_a_batch_adds_none_and_calls_no_plugin_twice(workspace: Workspace) -> None:
    calls: list[str] = []

    @hook("cost_entry_received")
    def listen(entry: CostEntry) -> None:
        calls.append(entry.id)

    twice = [ENTRY, replace(ENTRY, id="e-2"), ENTRY]
    assert workspace.costs.add_cost_entries(twice) == 2
    assert calls == ["e-1", "e-2"]
    with pytest.raises(ConflictError):
        workspace.costs.add_cost_entries([replace(ENTRY, id="e-3"), replace(ENTRY, cost=1)])
    with pytest.raises(ConflictError):
        workspace.costs.add_cost_entries([replace(ENTRY, id="e-4"), replace(ENTRY, id="e-4", cost=1)])
    assert set(stored(workspace)) == {"e-1", "e-2"}


def test_who_sends_the_same_at_the_same_time_adds_it_once(workspace: Workspace) -> None:
    @hook("cost_entry_received")
    def listen(entry: CostEntry) -> CostEntry:
        return replace(entry, service="seen")

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda _: workspace.costs.add_cost_entry(ENTRY), range(8)))
    assert sum(added) == 1
    assert billed(workspace) == {"USD": Decimal("12.000000000000000001")}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["double", "raise", "wrong", "none", "off"])), max_size=10))
def test_each_id_counts_once_as_its_first_sending_was_treated(sends: list[tuple[int, str]]) -> None:
    """Whatever a plugin does at each sending, the total is the sum of the first treatments."""
    mode = ["none"]
    expected: dict[int, Decimal] = {}

    def treat(entry: CostEntry) -> object:
        if mode[0] == "raise":
            raise RuntimeError
        treated = {"double": replace(entry, cost=Decimal(entry.cost) * 2), "wrong": replace(entry, id="x"), "none": None}
        return treated[mode[0]]

    with isolated(), tempfile.TemporaryDirectory() as folder, Workspace(folder) as workspace:
        for number, how in sends:
            mode[0] = how
            entry = replace(ENTRY, id=str(number), cost=number + 1)
            with isolated() as registry:
                if how != "off":
                    hook("cost_entry_received")(treat)
                assert len(registry.functions) == (how != "off")
                assert workspace.costs.add_cost_entry(entry) is (number not in expected)
            expected.setdefault(number, Decimal(number + 1) * (2 if how == "double" else 1))
        assert sum(billed(workspace).values()) == sum(expected.values())
