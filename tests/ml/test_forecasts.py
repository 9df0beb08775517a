"""Laws of the forecaster: causal, indifferent to scale and company, bounded; fees on their days; intervals that hold."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from benchmarks.intelligence.planted import estate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from finopsmetrics.core.errors import UsageError
from finopsmetrics.ml import Forecaster
from finopsmetrics.ml.fees import Months
from finopsmetrics.ml.hierarchy import reconciled
from finopsmetrics.ml.intervals import radius, student
from finopsmetrics.ml.reach import reach_of
from finopsmetrics.ml.sayers import guarded
from tests.ml.made import FIRST, calm, dates

FEW = settings(max_examples=8, deadline=None)
DAYS, ESTATE = estate(78, 24)
COSTS = np.stack([one.cost for one in ESTATE])[:, :260]
DATES = DAYS.dates[:260]
MADE = Forecaster().forecast_many(COSTS, DATES, 30)
rows = st.integers(0, len(COSTS) - 1)


@FEW
@given(row=rows, factor=st.floats(1e-4, 1e6))
def test_scale_does_not_matter(row: int, factor: float) -> None:
    scaled = Forecaster().forecast(COSTS[row] * factor, DATES, 30)
    level = np.abs(MADE[row].expected).max() + 1e-9
    assert_allclose(scaled.expected / factor, MADE[row].expected, rtol=1e-6, atol=1e-9 * level)
    assert_allclose(scaled.off / factor, MADE[row].off, rtol=1e-5, atol=1e-7 * level)


@FEW
@given(row=rows)
def test_no_series_knows_of_another(row: int) -> None:
    alone = Forecaster().forecast(COSTS[row], DATES, 30)
    assert_allclose(alone.expected, MADE[row].expected, rtol=1e-9, atol=1e-9)
    assert alone.models == MADE[row].models


def test_what_is_said_of_the_past_knows_nothing_of_what_came() -> None:
    """The errors of the backtest change with what came; what was said does not."""
    from finopsmetrics.ml.sayers import Daily

    start = np.zeros(len(COSTS), dtype=np.int64)
    rest = np.zeros(260, dtype=bool)
    other = COSTS.copy()
    other[:, 200:] = np.random.default_rng(1).random((len(COSTS), 60)) * 1e4
    one, two = (Daily(table, start, DATES, rest, 30).say(200, 30) for table in (COSTS, other))
    for name, said in one.items():
        assert_array_equal(said, two[name])


@FEW
@given(row=rows, one=st.floats(0.05, 0.98), more=st.floats(0.001, 0.019))
def test_a_greater_confidence_gives_no_narrower_interval(row: int, one: float, more: float) -> None:
    made = MADE[row]
    (low, high), (lower, higher) = made.bounds(one), made.bounds(one + more)
    assert (lower <= low + 1e-9).all()
    assert (higher >= high - 1e-9).all()
    (low_sum, high_sum), (lower_sum, higher_sum) = made.total_bounds(one), made.total_bounds(one + more)
    assert lower_sum <= low_sum + 1e-9
    assert higher_sum >= high_sum - 1e-9
    assert low_sum <= made.total() <= high_sum


def test_the_interval_of_a_sum_is_narrower_than_the_sum_of_intervals() -> None:
    made = Forecaster().forecast(calm(300, noise=0.1), dates(300), 30)
    low, high = made.bounds(0.95)
    low_sum, high_sum = made.total_bounds(0.95)
    assert high_sum - low_sum < 0.6 * (high - low).sum()


def test_the_weekday_and_the_level_are_kept() -> None:
    costs = calm(280, noise=0.01)
    made = Forecaster().forecast(costs, dates(280), 28)
    assert_allclose(made.expected, calm(308, noise=0.0)[280:], rtol=0.03)
    assert made.basis == "backtest"
    assert made.wape < 0.02


@pytest.mark.parametrize("day", [1, 15, "last", "first workday"])
def test_a_fee_comes_again_on_its_day(day: Any) -> None:
    run = FIRST + np.arange(330)
    months = Months.of(run)
    place = {1: 0, 15: 14, "last": 28, "first workday": 31}[day]
    fee = months.at[:, place]
    costs = calm(330, noise=0.02) + 900.0 * fee
    end = 298  # the first of the next month is a Saturday
    made = Forecaster().forecast(costs[:end], run[:end], 30)
    expected = calm(330, noise=0.0)[end:328] + 900.0 * fee[end:328]
    assert fee[end:328].any()
    assert_allclose(made.expected, expected, rtol=0.06, atol=8)


def test_a_service_that_is_only_a_fee_is_nothing_on_other_days() -> None:
    run = FIRST + np.arange(300)
    fee = Months.of(run).at[:, 4]
    made = Forecaster().forecast(500.0 * fee[:270], run[:270], 30)
    assert_allclose(made.expected, 500.0 * fee[270:], atol=1)


def test_an_incident_is_not_carried_on() -> None:
    costs = calm(280, noise=0.02)
    costs[275:278] += 2_000
    made = Forecaster().forecast(costs, dates(280), 28)
    assert made.expected.sum() < 1.1 * calm(308, noise=0.0)[280:].sum()


def test_a_level_that_lasts_is_learnt() -> None:
    costs = calm(280, noise=0.02)
    costs[240:] *= 2
    made = Forecaster().forecast(costs, dates(280), 28)
    assert_allclose(made.expected.sum(), 2 * calm(308, noise=0.0)[280:].sum(), rtol=0.1)


def test_a_model_that_runs_away_is_left_out() -> None:
    past = calm(100)[None, :]
    told = guarded({"sane": past[:, :10], "wild": past[:, :10] * 1e9, "none": np.full((1, 10), np.nan)}, past)
    assert np.isfinite(told["sane"]).all()
    assert np.isnan(told["wild"]).all()
    assert np.isnan(told["none"]).all()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(0.0), st.just(float("nan")), st.floats(-1e4, 1e7, allow_subnormal=False)), min_size=1, max_size=120
    ),
    st.integers(1, 60),
)
def test_no_history_makes_a_forecast_leave_what_was_seen_by_far(costs: list[float], horizon: int) -> None:
    made = Forecaster().forecast(costs, dates(len(costs)), horizon)
    known = np.nan_to_num(np.array(costs, dtype=float))
    most = np.abs(known).max()
    assert made.expected.shape == (horizon,)
    assert (np.abs(made.expected) <= 10 * most + 1e-6).all()
    if known.min() >= 0:
        assert (made.expected >= 0).all()
        assert not made.bounds(0.9)[0].min() < 0


def test_short_histories_say_that_they_were_not_tested() -> None:
    made = Forecaster().forecast(calm(20), dates(20), 10)
    assert made.basis == "in sample"
    assert made.models == ("mean",)
    assert made.coverage(0.95) is None
    assert reach_of(60, 30, False).back  # eight origins fit
    assert not reach_of(34, 30, False).back


def test_origins_leave_out_nothing_and_look_no_farther_than_the_end() -> None:
    for length in range(28, 800, 13):
        for horizon in (1, 7, 30, 90, 365):
            reach = reach_of(length, horizon, False)
            assert not reach.back or (len(reach.back) >= 8 and reach.back[-1] >= reach.steps and reach.back[0] < length)


def test_months_have_a_yearly_season() -> None:
    months = np.datetime64("2015-01", "M") + np.arange(72)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(84) / 12)
    made = Forecaster().forecast(100 * season[:72], months, 12)
    assert_allclose(made.expected, 100 * season[72:], rtol=0.08)
    assert str(made.dates[0]) == "2021-01"


def test_coverage_on_a_generated_estate() -> None:
    costs = np.stack([one.cost for one in ESTATE])[:, :-2]
    end = costs.shape[1] - 30
    held = []
    for row, made in enumerate(Forecaster().forecast_many(costs[:, :end], DAYS.dates[:end], 30)):
        low, high = made.bounds(0.95)
        held.append(((costs[row, end:] >= low) & (costs[row, end:] <= high)).mean())
    assert np.mean(held) > 0.88


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0.05, 0.95), st.floats(0.0, 0.04))
def test_the_radius_grows_with_confidence(off: list[float], one: float, more: float) -> None:
    errors = np.array(off)
    assert radius(errors, one + more, 4) >= radius(errors, one, 4) >= 0


@pytest.mark.parametrize(
    ("share", "degrees", "known"), [(0.95, 3, 3.1824), (0.95, 10, 2.2281), (0.8, 5, 1.4759), (0.99, 20, 2.8453)]
)
def test_student_is_the_tables(share: float, degrees: float, known: float) -> None:
    assert student(share, degrees) == pytest.approx(known, rel=2e-3)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
def test_reconciled_parts_share_the_difference_by_doubt(count: int, steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts, whole, doubts = rng.random((count, steps)), rng.random(steps), rng.random(count) + 0.1
    assert_allclose(reconciled(parts, whole, doubts, 0.0).sum(axis=0), whole)
    assert_allclose(reconciled(parts, whole, doubts, 1e18), parts)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Forecaster("nothing"), "no model 'nothing'"),
        (lambda: Forecaster("log theta").forecast(calm(60), dates(60), 5), "not for days"),
        (lambda: Forecaster().forecast(calm(60), dates(59), 5), "60 days of cost and 59 dates"),
        (lambda: Forecaster().forecast(calm(60), dates(60), 0), "horizon of 0"),
        (lambda: Forecaster().forecast(7, dates(60), 5), "no list of numbers"),
        (
            lambda: Forecaster().forecast([1.0, 2.0], np.array(["2020-01", "2020-03"], dtype="datetime64[M]"), 5),
            "one after the other",
        ),
    ],
)
def test_what_cannot_be_read_is_told(make: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        make()


@pytest.mark.parametrize(("model", "package"), [("arima", "statsforecast"), ("ets", "statsforecast"), ("prophet", "prophet")])
def test_models_of_other_packages_are_choices(model: str, package: str) -> None:
    if not find_spec(package):
        with pytest.raises(UsageError, match=f"package {package}, which is not installed"):
            Forecaster(model).forecast(calm(70), dates(70), 7)
        return
    made = Forecaster(model).forecast(calm(140, noise=0.01), dates(140), 14)
    assert_allclose(made.expected, calm(154, noise=0.0)[140:], rtol=0.1)
    assert (made.models, len(made.off), made.basis) == ((model,), 8, "backtest")
    months = Forecaster(model).forecast(np.full(40, 5.0), np.datetime64("2020-01", "M") + np.arange(40), 3)
    assert_allclose(months.expected, 5.0)
