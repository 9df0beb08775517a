"""Laws of deliveries, on small random histories: the state is what a naive model says, at every moment of knowledge."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.maintain import maintain
from tests.store.bills import bad_charge, charge, write_csv
from tests.store.homes import NOW, Costs, costs, failures, orphans

BEGIN = datetime(2026, 7, 1)
PERIODS = ("2026-05", "2026-06")
SERVICES = ("Compute", "Storage")
# A failing example is told as it is: to shrink it would take minutes.
MANY = settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Delivered:
    """One delivery of the one source: when, its good charges (period, service, cost), and how many rows are beyond repair."""

    day: int
    charges: tuple[tuple[str, str, Decimal], ...]
    bad: int

    @property
    def moment(self) -> datetime:
        return BEGIN + timedelta(days=self.day)

    def write(self, path: Path) -> Path:
        rows = [charge(f"{cost:f}", service, period, day) for day, (period, service, cost) in enumerate(self.charges, start=1)]
        return write_csv(path, [*rows, *(bad_charge(day=day + 20) for day in range(self.bad))])


amounts = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=18)
charges = st.tuples(st.sampled_from(PERIODS), st.sampled_from(SERVICES), amounts)


@st.composite
def histories(draw: st.DrawFn) -> list[Delivered]:
    """Deliveries in the order in which they are taken in, which need not be the order in which they were delivered."""
    days = draw(st.lists(st.integers(0, 30), min_size=2, max_size=3, unique=True))
    parts = st.lists(charges, min_size=1, max_size=5)
    return [Delivered(day, tuple(draw(parts)), draw(st.sampled_from([0, 0, 2]))) for day in days]


def model(history: Sequence[Delivered], at: datetime | None = None) -> Costs:
    """For each billing period the charges of the latest delivery that has any, among those known at a moment."""
    latest: dict[str, Delivered] = {}
    for one in sorted(history, key=lambda delivery: delivery.moment):
        if at is None or one.moment <= at:
            latest.update({period: one for period, _, _ in one.charges})
    standing = [(own, cost) for period, one in latest.items() for p, own, cost in one.charges if p == period]
    sums: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for service, cost in standing:
        sums[service] += cost
    return dict(sums)


@MANY
@given(histories())
def test_the_latest_delivery_of_each_period_stands(history: list[Delivered]) -> None:
    with tempfile.TemporaryDirectory() as folder, Workspace(Path(folder, "home")) as workspace:
        for one in history:
            path = one.write(Path(folder, f"{one.day}.csv"))
            report = workspace.ingest([path], delivered_at=one.moment)[0]
            assert (report.accepted, report.quarantined) == (len(one.charges), one.bad)
            assert report.rows == report.accepted + report.quarantined
            assert Decimal(report.totals["USD"]["billed"]) == sum(cost for _, _, cost in one.charges)
        assert costs(workspace) == model(history)
        for one in history:
            assert costs(workspace, as_of=one.moment) == model(history, one.moment), (one.day, history)
        assert failures(workspace, deep=True) == []
        # The same again changes nothing; the past can be had again when its data files are gone.
        before = workspace.opened.lake.snapshot().version
        again = workspace.ingest([Path(folder, f"{history[0].day}.csv")], delivered_at=history[0].moment)[0]
        assert (again.status, workspace.opened.lake.snapshot().version) == ("unchanged", before)
        maintain(workspace.opened, grace=NOW, keep_history=NOW)
        for one in history:
            assert costs(workspace, as_of=one.moment) == model(history, one.moment), (one.day, history)
        assert costs(workspace) == model(history)
        assert failures(workspace, deep=True) == []
        assert orphans(workspace) == set()


def test_rows_that_vanish_from_a_bill_vanish(workspace: Workspace, tmp_path: Path) -> None:
    both = write_csv(tmp_path / "a.csv", [charge("1"), charge("2", "Storage"), charge("4", period="2026-06")])
    one = write_csv(tmp_path / "b.csv", [charge("1")])
    workspace.ingest([both], delivered_at=BEGIN)
    assert costs(workspace) == {"Compute": Decimal(5), "Storage": Decimal(2)}
    workspace.ingest([one], delivered_at=BEGIN + timedelta(days=1))
    assert costs(workspace) == {"Compute": Decimal(5)}


def test_a_late_delivery_of_the_past_is_history(workspace: Workspace, tmp_path: Path) -> None:
    workspace.ingest([write_csv(tmp_path / "new.csv", [charge("2")])], delivered_at=BEGIN + timedelta(days=1))
    report = workspace.ingest([write_csv(tmp_path / "old.csv", [charge("1")])], delivered_at=BEGIN)[0]
    assert report.status == "history"
    assert costs(workspace) == {"Compute": Decimal(2)}
    assert costs(workspace, as_of=BEGIN) == {"Compute": Decimal(1)}
