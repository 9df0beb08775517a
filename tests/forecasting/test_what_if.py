"""Scenarios: replays that tie to the lake, steps that add up, prices that come from charges or are given, nothing silent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.core.windows import Window
from finopsmetrics.forecasting import WhatIfAnalyzer
from finopsmetrics.runtime.workspace import Workspace
from tests.forecasting.made import total

YEAR = Window(datetime(2025, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

percents = st.integers(-100, 200).map(lambda number: f"{number:+d}%")
amounts = st.integers(-5000, 5000).map(lambda number: f"{number:+d}")
services = st.sampled_from(["ec2", "ml-training", "Support"])
dates = st.sampled_from([{}, {"start_date": "2025-11-10"}, {"end_date": "2025-07-03"}, {"start_date": "2030-01-01"}])
changes = st.one_of(
    st.builds(lambda service, change, more: {"service": service, "change": change, **more}, services, percents | amounts, dates),
    st.builds(
        lambda rate, more: {"service": "ec2", "change": "growth", "rate": rate, **more},
        st.integers(-5, 9).map("{}%".format),
        dates,
    ),
    st.builds(lambda share: {"service": "ec2", "change": "ri_conversion", "coverage": f"{share}%"}, st.integers(0, 100)),
    st.just({"condition": 'tags.team == "blue"', "change": "removal"}),
)


def charged(past: Workspace, **asked: Any) -> Decimal:
    return past.costs.get_costs(time_range=YEAR, metric="effective", **asked).total["USD"].amount


def replayed(past: Workspace, *listed: dict[str, Any], **fields: Any) -> Any:
    analyzer = WhatIfAnalyzer(past.costs)
    return analyzer.replay(analyzer.create_scenario("what", listed, **fields))


def test_a_replay_without_changes_is_the_lake(past: Workspace) -> None:
    made = WhatIfAnalyzer(past.costs).replay()
    assert made.total_cost == made.baseline == charged(past)
    assert (made.start, made.end) == (datetime(2025, 5, 1), datetime(2026, 5, 1))
    assert past.costs.verify(past.costs.receipt(made.receipts[0])).reproduced


@FEW
@given(st.lists(changes, min_size=1, max_size=4))
def test_steps_add_up_and_the_baseline_is_the_lake(past: Workspace, listed: list[dict[str, Any]]) -> None:
    made = replayed(past, *listed)
    assert made.baseline == charged(past)
    assert total(made.steps, "amount") == made.total_cost - made.baseline == -made.savings
    assert total(made.rows, "cost") == made.total_cost
    assert total(made.rows, "baseline") == made.baseline


@FEW
@given(st.lists(changes, min_size=1, max_size=3))
def test_steps_of_a_forecast_add_up(past: Workspace, listed: list[dict[str, Any]]) -> None:
    analyzer = WhatIfAnalyzer(past.costs)
    made = analyzer.forecast(analyzer.create_scenario("what", listed), horizon="6m")
    assert total(made.steps, "amount") == made.total_cost - made.baseline == -made.savings
    assert made.baseline == past.costs.forecast("6m").expected
    assert total(made.forecast.totals) == made.total_cost


def test_a_share_is_taken_from_its_first_day_on(past: Workspace) -> None:
    made = replayed(past, {"service": "ml-training", "change": "+50%", "start_date": "2026-04-10", "end_date": "2026-04-19"})
    assert made.steps[0].amount == 10 * 55 / Decimal(2)
    assert made.steps[0].rows == 20
    assert [row.cost - row.baseline for row in made.rows if row.cost != row.baseline] == [275]


def test_an_amount_counts_by_its_days(past: Workspace) -> None:
    made = replayed(past, {"service": "new thing", "change": "+3000", "start_date": "2026-04-16"})
    assert (made.steps[0].amount, made.steps[0].rows) == (1500, 0)


def test_an_amount_is_added_to_what_is_called_so(past: Workspace) -> None:
    halved = {"service": "ec2", "change": "-50%"}
    alone = replayed(past, halved)
    both = replayed(past, {"service": "ec2", "change": "+1000"}, halved)
    assert both.total_cost == alone.total_cost + 12 * 500


def test_a_conversion_costs_what_covered_use_costs(past: Workspace) -> None:
    """Half is covered at 30 % off in one region, nothing in the other: the service's coverage counts, and the SKU's price."""
    on_demand = charged(past, filters='service == "AmazonEC2" AND CommitmentDiscountStatus IS NULL AND ChargeCategory == "Usage"')
    covered = charged(past, filters='CommitmentDiscountStatus == "Used"') / Decimal("0.7")
    now = covered / (on_demand + covered)
    made = replayed(past, {"service": "ec2", "change": "ri_conversion", "coverage": 0.7})
    expected = on_demand * (Decimal("0.7") - now) / (1 - now) * Decimal("0.3")
    assert abs(made.savings - expected) < Decimal("0.000001")
    assert made.steps[0].rows == 2 * 365
    assert replayed(past, {"service": "ec2", "change": "ri_conversion", "coverage": 0.1}).savings == 0


def test_a_move_costs_what_the_other_region_costs(past: Workspace) -> None:
    moving = {"filters": {"RegionId": "us"}, "change": "region_move", "region": "eu"}
    made = replayed(past, moving)
    us = charged(past, filters={"RegionId": "us"})
    assert abs(made.total_cost - made.baseline + us / 11) < Decimal("0.000001")
    dearer = replayed(past, {**moving, "region": "mars"}, prices=[{"region": "mars", "discount": "-50%"}])
    assert abs(dearer.savings + us / 2) < Decimal("0.000001")


def test_growth_compounds_from_its_start(past: Workspace) -> None:
    made = replayed(past, {"service": "ml-training", "change": "growth", "rate": "10%", "start_date": "2026-04-01"})
    factors = sum(1.1 ** (day / (365.25 / 12)) for day in range(30)) - 30
    assert float(made.steps[0].amount) == pytest.approx(55 * factors, rel=1e-9)


def test_what_is_removed_is_gone_ahead_too(past: Workspace) -> None:
    analyzer = WhatIfAnalyzer(past.costs)
    made = analyzer.forecast(analyzer.create_scenario("x", [{"service": "ml-training", "change": "removal"}]), horizon="3m")
    alone = past.costs.forecast("3m", group_by="service")
    assert made.savings == total([row for row in alone.rows if row.group == ("ml-training",)])


def test_dates_ahead_count_ahead(past: Workspace) -> None:
    analyzer = WhatIfAnalyzer(past.costs)
    change = {"service": "ml-training", "change": "-100%", "start_date": "2026-07-01", "end_date": "2026-07-31"}
    made = analyzer.forecast(analyzer.create_scenario("x", [change]), horizon="4m")
    moved = [
        after.start.month
        for before, after in zip(made.without.totals, made.forecast.totals, strict=True)
        if before.expected != after.expected
    ]
    assert moved == [7]
    assert replayed(past, change).steps[0].why == "none of the charges lies within its dates"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"service": "nothing", "change": "+5%"}, "No charge is touched.*There are charges of AmazonEC2"),
        ({"condition": 'tags.team == "green"', "change": "-5%"}, "No charge is touched"),
        ({"service": "ec2", "change": "ri_conversion"}, "needs `coverage`"),
        ({"service": "ml-training", "change": "ri_conversion", "coverage": 0.5}, "No charge shows what.*Give prices"),
        ({"service": "Support", "change": "ri_conversion", "coverage": 0.5}, "is use on demand"),
        ({"service": "ec2", "change": "region_move", "region": "mars"}, "no price in mars for vm"),
        ({"service": "ec2", "change": "halve"}, "no change 'halve'"),
        ({"service": "ec2", "change": "-101%"}, "less than nothing"),
    ],
)
def test_nothing_is_guessed_and_nothing_passes_in_silence(past: Workspace, change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        replayed(past, change)
    analyzer = WhatIfAnalyzer(past.costs)
    with pytest.raises(UsageError, match=told):
        analyzer.forecast(analyzer.create_scenario("x", [change]), horizon="3m")


def test_a_scenario_that_is_none_is_refused(past: Workspace) -> None:
    with pytest.raises(SpecError):
        WhatIfAnalyzer(past.costs).create_scenario("x", [{"change": "+5%"}])


def test_use_without_a_committed_price_stays_and_is_told(past: Workspace) -> None:
    given = [{"sku": "other", "discount": "10%"}]
    made = replayed(past, {"condition": "ServiceName IS NOT NULL", "change": "ri_conversion", "coverage": 0.9}, prices=given)
    assert "on demand has no such price and stays" in made.steps[0].why
    assert made.savings > 0
