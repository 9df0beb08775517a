"""The roadmap's promises in code: what exists must go on working, what is owed is named with the section that owes it.

An owed entry that comes to exist fails here until it says `runs`, and the number of owed entries may only shrink.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from finopsmetrics import CostEntry, CostObservatory
from finopsmetrics.cli.main import app

ROOT = Path(__file__).parents[2]
MOST_OWED = 154
KINDS = {"module", "name", "file", "method", "command", "call", "sample"}


@dataclass(frozen=True)
class Promise:
    """One thing that the roadmap shows."""

    section: str
    kind: str
    name: str
    status: str
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.section} {self.kind} {self.name}"


def promises() -> list[Promise]:
    entries = yaml.safe_load(Path(__file__).with_name("promises.yaml").read_text(encoding="utf-8"))
    return [Promise(**{**entry, "needs": tuple(entry.get("needs", ()))}) for entry in entries]


ALL = promises()
OWED = [promise for promise in ALL if promise.status == "owed"]
RUNS = [promise for promise in ALL if promise.status == "runs"]
VERBS: set[str] = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def is_name(path: str) -> bool:
    module, _, name = path.partition(":")
    return is_module(module) and hasattr(importlib.import_module(module), name)


EXISTS: dict[str, Callable[[str], bool]] = {
    "module": is_module,
    "name": is_name,
    "file": lambda name: (ROOT / name).exists(),
    "method": lambda name: hasattr(CostObservatory, name),
    "command": VERBS.__contains__,
}


def exists(promise: Promise) -> bool:
    """Whether a promise is kept as far as can be told without running it; a sample when all that it needs is there."""
    if promise.kind != "sample":
        return EXISTS[promise.kind](promise.name)
    assert promise.needs, f"{promise} says nothing of what it stands on"
    return all(EXISTS[kind](name) for kind, _, name in (need.partition(" ") for need in promise.needs))


def test_the_list_is_in_order() -> None:
    assert {promise.kind for promise in ALL} == KINDS
    assert {promise.status for promise in ALL} == {"runs", "owed"}
    assert len({(promise.kind, promise.name) for promise in ALL}) == len(ALL)
    assert all(promise.section.replace(".", "").isdigit() for promise in OWED), "only a section can owe"
    sections = {promise.section for promise in ALL if promise.kind == "sample"}
    # Every section of the roadmap that shows a sample; 1.4 and 5.1 are lists of words.
    counts = {1: 5, 2: 4, 3: 5, 4: 4, 5: 4, 6: 4, 7: 4, 8: 4, 9: 4, 10: 2}
    every = {f"{part}.{number}" for part, count in counts.items() for number in range(1, count + 1)}
    assert sections == every - {"1.4", "5.1"}


def test_the_list_of_what_is_owed_only_shrinks() -> None:
    assert len(OWED) <= MOST_OWED
    assert len(OWED) == MOST_OWED, f"well done: lower MOST_OWED to {len(OWED)}"


@pytest.mark.parametrize("promise", OWED, ids=str)
def test_what_is_owed_is_not_there_yet(promise: Promise) -> None:
    assert promise.kind != "call", "a call that cannot run is a method that is owed"
    assert not exists(promise), f"{promise} exists now: let its status be `runs`"


@pytest.fixture(scope="module")
def cost_obs(tmp_path_factory: pytest.TempPathFactory) -> CostObservatory:
    """The roadmap's `cost_obs`, over a home with entries of yesterday."""
    observatory = CostObservatory(tmp_path_factory.mktemp("home"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    tags = {"cost_center": "marketing", "campaign": "q1_launch"}
    observatory.add_cost_entry(CostEntry("1", yesterday, Decimal("12.34"), "ml-training", tags=tags))
    observatory.add_cost_entry(CostEntry("2", yesterday, Decimal("1"), "ec2", tags={"cost_center": "r&d"}))
    return observatory


def by_sql(answer: Any, cost_obs: CostObservatory) -> bool:
    from finopsmetrics.observability.sql import run_sql

    rows = run_sql(cost_obs._opened, answer).to_pylist()
    return {row["ServiceName"]: row["cost"] for row in rows} == {"ml-training": Decimal("12.34"), "ec2": Decimal(1)}


# What a call of the roadmap must give, beyond not failing.
GIVES: dict[str, Callable[[Any, CostObservatory], bool]] = {
    "get_costs": lambda answer, _: [row["cost"] for row in answer] == [Decimal("12.34")],
    "get_time_series": lambda answer, _: sum(row["cost"] for row in answer) == Decimal("13.34") and "period" in answer[0],
    "get_all_costs": lambda answer, _: answer.num_rows == 2 and "BilledCost" in answer.column_names,
    "get_costs_dataframe": lambda answer, _: sum(answer["cost"]) == Decimal("13.34"),
    "get_sql_export": by_sql,
}


@pytest.mark.parametrize("promise", RUNS, ids=str)
def test_what_runs_goes_on_running(promise: Promise, cost_obs: CostObservatory) -> None:
    if promise.kind != "call":
        assert exists(promise), f"{promise} is gone"
        return
    answer = eval(promise.name, {"cost_obs": cost_obs})
    method = promise.name.removeprefix("cost_obs.").partition("(")[0]
    assert GIVES[method](answer, cost_obs), f"{promise.name} gave {answer!r}"


def test_what_is_not_there_is_seen() -> None:
    assert is_name("finopsmetrics:CostObservatory")
    assert not is_name("finopsmetrics:Nothing")
    assert not is_module("finopsmetrics.nothing.at.all")
