"""Kill -9 at any moment leaves the old or the new state, never something between, and nothing lies about afterwards."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.maintain import maintain
from tests.store.bills import write_big_csv
from tests.store.forge import Forge
from tests.store.homes import NOW, Costs, costs, delivered, failures, orphans

KILLS = 26
SHARDS = 4
PERIODS = ("2026-05", "2026-06")
BEGIN = datetime(2026, 7, 1)


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    process = Forge()
    yield process
    process.close()


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Costs]]:
    """Two states of the same two billing periods, and what each costs by service."""
    folder = tmp_path_factory.mktemp("bills")
    paths = [
        write_big_csv(folder / "a.csv", 20_000, PERIODS),
        write_big_csv(folder / "b.csv", 21_000, PERIODS, factor="1.5"),
    ]
    return [(path, delivered(path)) for path in paths]


@pytest.mark.parametrize("seed", range(SHARDS))
def test_a_killed_ingest_leaves_the_old_or_the_new_state(
    tmp_path: Path, forge: Forge, bills: list[tuple[Path, Costs]], seed: int
) -> None:
    home, chance, pace = tmp_path / "home", random.Random(seed), Pace()
    for moment, (path, _) in enumerate(bills):
        whole = forge.ingest(home, path, BEGIN + timedelta(seconds=moment), None, 0)
        assert whole["code"] == 0
        pace.learn(whole["marks"])
    current, kills = 1, 0
    stages: Counter[str] = Counter()
    moment = len(bills)
    while kills < KILLS:
        after, delay = pace.choose(chance)
        other = 1 - current
        told = forge.ingest(home, bills[other][0], BEGIN + timedelta(seconds=moment), after, delay)
        pace.learn(told["marks"])
        moment += 1
        kills += told["killed"]
        stages[list(told["marks"])[-1]] += told["killed"]
        found = _state(home, [bill[1] for bill in bills])
        assert found == other or (told["killed"] and "committed" not in told["marks"]), told
        current = found
    assert stages["start"] >= 3, stages
    assert stages["transaction"] + stages["publishing"] + stages["counted"] >= 3, stages
    assert stages["committed"] >= 1, stages
    last = forge.ingest(home, bills[1 - current][0], BEGIN + timedelta(seconds=moment), None, 0)
    assert last["code"] == 0
    assert _state(home, [bill[1] for bill in bills]) == 1 - current


class Pace:
    """How long an ingest takes to read and to commit, as quick as it was seen; and moments to kill at."""

    def __init__(self) -> None:
        self.reading = self.commit = 60.0

    def learn(self, marks: dict[str, float]) -> None:
        if "transaction" in marks:
            self.reading = min(self.reading, marks["transaction"] - marks["start"])
        if "committed" in marks:
            self.commit = min(self.commit, marks["committed"] - marks["transaction"])

    def choose(self, chance: random.Random) -> tuple[str, float]:
        """A mark and a delay after it: while it reads and writes, within the transaction, or right after it."""
        kind = chance.random()
        if kind < 0.4:
            return "start", chance.uniform(0, 1.1 * self.reading)
        if kind < 0.85:
            return "transaction", chance.uniform(0, 1.1 * self.commit)
        return "committed", 0


def _state(home: Path, known: list[Costs]) -> int:
    """Which of the known states a home answers with, after its doctor and its broom were in."""
    with Workspace(home) as workspace:
        answers = costs(workspace)
        assert answers in known
        assert sum(costs(workspace, "ResourceId").values()) == sum(answers.values())
        assert failures(workspace) == []
        maintain(workspace.opened, grace=NOW, keep_history=NOW)
        assert orphans(workspace) == set()
        assert failures(workspace) == []
    return known.index(answers)
