"""The use of the demo's machines: of charged resources, while they run, and the same on every machine."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from finopsmetrics.demo import build_estate
from finopsmetrics.demo.samples import DAYS, MOST_MACHINES, machines, use_of
from finopsmetrics.observability.observability_hub import ObservabilityHub
from finopsmetrics.runtime.estate import load_demo
from finopsmetrics.runtime.workspace import Workspace

END = date(2026, 11, 20)


def test_equal_estates_have_equal_use() -> None:
    one, other = (list(use_of(build_estate(seed=7, months=3, end=END, scale=0.1, planted=True))) for _ in range(2))
    assert one == other
    assert list(use_of(build_estate(seed=8, months=3, end=END, scale=0.1, planted=True))) != one
    told = "\n".join(f"{sample.key()} {sample.value}" for sample in one)
    assert sha256(told.encode()).hexdigest()[:12] == "a905935e566f"


def test_what_is_sampled_runs_and_is_never_busier_than_it_can_be() -> None:
    estate = build_estate(seed=7, months=3, end=END, scale=3.0, planted=True)
    samples = list(use_of(estate))
    sampled = machines(estate)
    assert 1 < len(sampled) <= MOST_MACHINES
    assert len({sample.key() for sample in samples}) == len(samples)
    first = datetime.combine(END, datetime.min.time()) - timedelta(days=DAYS)
    assert all(first <= sample.at < first + timedelta(days=DAYS) for sample in samples)
    cpu = [sample.value for sample in samples if sample.measure == "cpu.utilization"]
    assert Decimal(0) < min(cpu) < max(cpu) <= Decimal(100)
    hours = Counter(sample.resource for sample in samples if sample.measure == "requests")
    for machine in sampled:
        always = machine.profile == "always" and machine.created <= first.date() and machine.retired >= END
        assert hours[machine.id] == DAYS * 24 if always else hours[machine.id] < DAYS * 24


def test_the_demo_home_holds_them_and_they_match_its_charges(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    with Workspace(tmp_path / "home", now=lambda: now) as workspace:
        load_demo(workspace, months=2, end=END, scale=0.1)
        hub = ObservabilityHub(opened=workspace.opened, now=lambda: now)
        assert [(row["measure"], row["unit"]) for row in hub.measures().to_pylist()] == [
            ("cpu.utilization", "percent"),
            ("requests", "request"),
        ]
        by = hub.samples("requests", group_by=["resource", "account"], statistic="count")
        for row in by:
            where = {"ResourceId": row["resource"], "SubAccountId": row["account"]}
            assert len(workspace.costs.get_costs(filters=where, time_range="30d", group_by="ServiceName")) >= 1, row
