"""Forecasts from the lake: exact sums, what is learnt from and what is left out, assumptions from rows, running periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError, UsageError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.observability.month_end import projected
from finopsmetrics.observability.query import build
from finopsmetrics.observability.spans import end_of, periods
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.entries import CostEntry
from tests.forecasting.made import NOW, filled, level, row, total

FULL = {"user_growth": 0.15, "compute_efficiency": 0.05, "reserved_instance_coverage": 0.6}


def month_of_use(first: date, until: date) -> Decimal:
    """What a run of days costs by the bill's own rule, without tax."""
    cost, day = Decimal(0), first
    while day < until:
        cost += level(day) * Decimal("1.7") + 61 + (300 if day.day == 1 else 0)
        day += timedelta(days=1)
    return cost


def test_the_next_months_are_what_the_past_says(past: Workspace) -> None:
    made = past.costs.forecast("3m")
    assert (made.start, made.end, made.currency) == (datetime(2026, 5, 19), datetime(2026, 9, 1), "USD")
    taxed = month_of_use(date(2026, 6, 1), date(2026, 7, 1)) + 30 * 5
    assert abs(made.totals[1].expected - taxed) < taxed * Decimal("0.01")
    assert [one.start.month for one in made.totals] == [5, 6, 7, 8]
    assert made.quality.basis == "backtest"
    assert made.quality.wape is not None
    assert made.quality.wape < 0.05
    assert past.costs.verify(past.costs.receipt(made.receipts[0])).reproduced


def test_the_fee_comes_on_its_day(past: Workspace) -> None:
    made = past.costs.forecast("30d", filters={"ServiceName": "Support"})
    assert {one.start.day: one.expected for one in made.rows if one.expected > 1} == {1: Decimal("300.00")}


@pytest.mark.parametrize("by", [None, "service", ["service", "region"], "tags.team"])
@pytest.mark.parametrize("variables", [None, FULL])
def test_every_part_adds_up_to_the_cent(past: Workspace, by: Any, variables: Any) -> None:
    made = past.costs.forecast("12m", variables, group_by=by)
    assert total(made.rows) == total(made.totals) == total(made.steps, "amount") == made.expected
    assert made.expected.as_tuple().exponent == -2
    assert made.lower_bound is not None
    assert made.upper_bound is not None
    assert made.lower_bound < made.expected < made.upper_bound


def test_the_total_does_not_hang_on_whether_services_are_asked_for(past: Workspace) -> None:
    assert past.costs.forecast("6m").expected == past.costs.forecast("6m", group_by="service").expected


def test_what_is_handled_is_the_whole_history(past: Workspace) -> None:
    made = past.costs.forecast("3m", metric="billed")
    known = {one.kind: one.amount for one in made.handled}
    assert (known["one-time"], known["credit"]) == (5000, -77)
    window = Window(None, made.start.replace(tzinfo=UTC))
    assert sum(known.values()) == past.costs.get_costs(time_range=window, metric="billed").total["USD"].amount


def test_growth_compounds_on_use_and_efficiency_is_of_compute(past: Workspace) -> None:
    made = past.costs.forecast("12m", {"user_growth": "10%"}, filters={"ServiceName": "ml-training"})
    base, growth = made.steps[0].amount, made.steps[1].amount
    months = [(1 + 0.1) ** ((day + 0.5) / (365.25 / 12)) - 1 for day in range((made.end - made.start).days)]
    assert float(growth / base) == pytest.approx(sum(months) / len(months), rel=2e-3)
    whole = past.costs.forecast("12m", {"compute_efficiency": "20%"}, group_by="service")
    assert whole.steps[1].amount < 0
    plain = past.costs.forecast("12m", group_by="service")
    for before, after in zip(plain.rows, whole.rows, strict=True):
        assert after.expected == before.expected or before.group == ("AmazonEC2",)


def test_coverage_is_priced_as_the_charges_show(past: Workspace) -> None:
    """Half of the use is covered, at 30 % off: all of it covered makes the other half cost 30 % less."""
    made = past.costs.forecast("6m", {"reserved_instance_coverage": 1}, filters={"RegionId": "eu"})
    rate = float(made.steps[1].amount / made.steps[0].amount)
    assert rate == pytest.approx(-0.3 / 1.7, rel=2e-3)
    assert "50.0% covered, 30.0% cheaper" in made.steps[1].why
    assert past.costs.forecast("6m", {"reserved_instance_coverage": 0.3}).steps[1].amount == 0
    with pytest.raises(UsageError, match=r"No charge shows.*Give prices"):
        past.costs.forecast("6m", {"reserved_instance_coverage": 0.6}, filters={"ServiceName": "ml-training"})
    given = [{"service": "ml-training", "discount": "25%"}]
    bought = past.costs.forecast("6m", {"reserved_instance_coverage": 0.6}, filters={"ServiceName": "ml-training"}, prices=given)
    assert float(bought.steps[1].amount / bought.steps[0].amount) == pytest.approx(-0.15, rel=1e-3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"horizon": "soon"}, "no horizon"),
        ({"horizon": "90y"}, "too far"),
        ({"grain": "hour"}, "no grain 'hour'"),
        ({"confidence_interval": 95}, "not between 0 and 1"),
        ({"variables": {"users": 0.1}}, "no variable 'users'"),
        ({"variables": {"user_growth": "lots"}}, "user_growth cannot be read"),
        ({"variables": {"reserved_instance_coverage": 2}}, "within 0 and 1"),
        ({"variables": FULL, "metric": "list"}, "does not show in the list cost"),
        ({"variables": FULL, "prices": [{"discount": "9"}, {}]}, "price cannot be read|not within"),
        ({"model": "crystal"}, "no model 'crystal'"),
        ({"history": "long"}, "history cannot be read"),
        ({"history": "20d"}, "complete days"),
        ({"filters": {"ServiceName": "nothing"}}, "0 complete days"),
    ],
)
def test_what_cannot_be_told_is_refused(past: Workspace, asked: dict[str, Any], told: str) -> None:
    with pytest.raises((UsageError, QueryError), match=told):
        past.costs.forecast(**{"horizon": "3m", **asked})


def test_several_currencies_are_named(tmp_path: Path) -> None:
    rows = [
        row(date(2026, 1, 1) + timedelta(days=day), "s", "1", BillingCurrency=one) for day in range(60) for one in ("USD", "EUR")
    ]
    with filled(tmp_path, rows, datetime(2026, 3, 1, tzinfo=UTC)) as home:
        with pytest.raises(UsageError, match="EUR, USD"):
            home.costs.forecast("30d")
        assert home.costs.forecast("30d", filters={"BillingCurrency": "EUR"}).currency == "EUR"


def test_too_little_history_says_what_is_needed(tmp_path: Path) -> None:
    with Workspace(tmp_path / "home", now=lambda: NOW) as home:
        with pytest.raises(UsageError, match="no charges"):
            home.costs.forecast("30d")
        home.costs.add_cost_entries([CostEntry(str(n), datetime(2026, 5, 1) + timedelta(days=n), 5, "x") for n in range(15)])
        with pytest.raises(UsageError, match=r"14 complete days.*30 days need 28"):
            home.costs.forecast("30d")


def test_a_scope_sees_only_its_own(past: Workspace) -> None:
    scope = Condition.parse('tags.team == "blue"')
    narrow = CostObservatory(opened=past.opened, scope=scope, now=lambda: NOW)
    made = narrow.forecast("1mo")
    assert abs(made.expected - 11 * (made.end - made.start).days) < Decimal("0.5")
    assert made.expected == past.costs.forecast("1mo", filters=scope).expected


@settings(max_examples=30, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 24), st.sampled_from(["day", "week", "month"]))
def test_periods_lie_side_by_side(day: date, count: int, grain: str) -> None:
    start = datetime(day.year, day.month, day.day)
    end = end_of(start, f"{count}m")
    assert end.day == 1
    assert abs((end - start).days - count * 30.44) < 18
    spans = periods(start, end, grain)
    assert (spans[0][0], spans[-1][1]) == (start, end)
    assert all(one[1] == other[0] for one, other in pairwise(spans))


def test_a_running_month_is_what_was_and_what_will_be(past: Workspace) -> None:
    question = build(metric="effective")
    start, end = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    made = projected(past.costs, question, start, end, NOW)
    so_far = past.costs.get_costs(time_range=Window(start, datetime(2026, 5, 19, tzinfo=UTC)), metric="effective")
    assert made.actual_to_date == so_far.total["USD"].amount
    assert made.complete_until == datetime(2026, 5, 19)
    assert made.expected == made.actual_to_date + made.rest
    whole = month_of_use(date(2026, 5, 1), date(2026, 6, 1)) + 31 * 5
    assert abs(made.expected - whole) < whole * Decimal("0.01")
    assert made.lower is not None
    assert made.upper is not None
    assert made.actual_to_date < made.lower <= made.expected <= made.upper


def test_a_period_that_is_over_is_exact_and_one_to_come_is_all_forecast(past: Workspace) -> None:
    question = build(metric="billed")
    over = projected(past.costs, question, datetime(2026, 2, 1), datetime(2026, 3, 1), NOW)
    known = past.costs.get_costs(time_range="2026-02", metric="billed").total["USD"].amount
    assert over.expected == over.lower == over.upper == over.actual_to_date == known
    assert (over.rest, over.coverage) == (0, 1.0)
    ahead = projected(past.costs, question, datetime(2026, 7, 1), datetime(2026, 8, 1), NOW)
    assert (ahead.actual_to_date, ahead.coverage) == (0, 0.0)
    july = past.costs.forecast("3m", metric="billed").totals[2]
    assert abs(ahead.expected - july.expected) < july.expected * Decimal("0.02")


def test_open_days_count_no_less_than_is_charged_already(tmp_path: Path) -> None:
    rows = [row(date(2026, 1, 1) + timedelta(days=day), "s", "10") for day in range(59)]
    rows.append(row(date(2026, 2, 28), "s", "990"))
    with filled(tmp_path, rows, datetime(2026, 3, 1, 2, tzinfo=UTC)) as home:
        made = projected(home.costs, build(), datetime(2026, 2, 1), datetime(2026, 3, 1), home.now())
        assert made.rest == 1000
        assert made.expected == 27 * 10 + 1000


def test_without_bounds_and_by_tables(past: Workspace) -> None:
    made = past.costs.forecast("30d", confidence_interval=None, group_by="service", grain="week")
    assert made.lower_bound is None
    table = made.to_arrow()
    assert table.column_names == ["start", "end", "service", "currency", "expected", "lower", "upper"]
    assert sum(table.column("expected").to_pylist()) == made.expected
    assert len(made.to_pandas()) == table.num_rows
