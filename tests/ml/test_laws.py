"""Laws of the detector: causal, indifferent to scale and order, the same alone and in a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.intelligence.planted import estate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from finopsmetrics.ml import AnomalyDetector
from tests.ml.made import dates

MANY = settings(max_examples=25, deadline=None)
DAYS, ESTATE = estate(77, 60)
COSTS = np.stack([one.cost for one in ESTATE])
PLANS: list[Any] = [one.planned for one in ESTATE]
DETECTOR = AnomalyDetector()
JUDGED = DETECTOR.judge_many(COSTS, DAYS.dates, DAYS.holiday, PLANS)

figures = st.one_of(
    st.just(0.0), st.sampled_from([1.0, 2.0, 5.0, 100.0, -3.0, float("nan")]), st.floats(-1e3, 1e6, allow_subnormal=False)
)
wild = st.lists(figures, min_size=1, max_size=90)
rows = st.integers(0, len(ESTATE) - 1)


def same(one: Any, other: Any) -> None:
    assert_array_equal(one.score, other.score)
    assert_array_equal(one.expected, other.expected)


@MANY
@given(row=rows, cut=st.integers(1, 400))
@pytest.mark.parametrize("model", ["robust", "ecod"])
def test_the_future_changes_nothing(model: str, row: int, cut: int) -> None:
    detector = AnomalyDetector(model=model)
    whole = detector.judge(COSTS[row], DAYS.dates, DAYS.holiday, PLANS[row])
    part = detector.judge(COSTS[row][:cut], DAYS.dates[:cut], DAYS.holiday[:cut], PLANS[row])
    assert_array_equal(whole.score[:cut], part.score)
    assert_array_equal(whole.expected[:cut], part.expected)


@MANY
@given(costs=wild, cut=st.integers(1, 90), drops=st.booleans())
def test_the_future_of_a_wild_series_changes_nothing(costs: list[float], cut: int, drops: bool) -> None:
    detector = AnomalyDetector(drops=drops)
    whole, part = (detector.judge(some, dates(len(some))) for some in (costs, costs[:cut]))
    assert_array_equal(whole.score[:cut], part.score)


@MANY
@given(row=rows, factor=st.floats(1e-6, 1e9))
def test_scale_does_not_matter(row: int, factor: float) -> None:
    scaled = DETECTOR.judge(COSTS[row] * factor, DAYS.dates, DAYS.holiday, PLANS[row])
    assert_allclose(scaled.score, JUDGED[row].score, rtol=1e-6, atol=1e-9)
    assert_allclose(scaled.expected, JUDGED[row].expected * factor, rtol=1e-6, atol=1e-9 * factor)


@MANY
@given(costs=wild, power=st.integers(-20, 30))
def test_scale_does_not_matter_to_a_wild_series(costs: list[float], power: int) -> None:
    here, there = (DETECTOR.judge(np.array(costs) * factor, dates(len(costs))) for factor in (1.0, 2.0**power))
    assert_array_equal(here.score, there.score)


@pytest.mark.parametrize("row", range(0, len(ESTATE), 7))
def test_a_batch_equals_its_series(row: int) -> None:
    same(DETECTOR.judge(COSTS[row], DAYS.dates, DAYS.holiday, PLANS[row]), JUDGED[row])


@MANY
@given(table=st.integers(15, 60).flatmap(lambda n: st.lists(st.lists(figures, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_a_batch_of_wild_series_equals_them(table: list[list[float]]) -> None:
    for detector in (DETECTOR, AnomalyDetector("ecod")):
        together = detector.judge_many(table, dates(len(table[0])))
        for costs, one in zip(table, together, strict=True):
            same(detector.judge(costs, dates(len(costs))), one)


def test_the_order_of_series_does_not_matter() -> None:
    order = np.random.default_rng(3).permutation(len(COSTS))
    shuffled = DETECTOR.judge_many(COSTS[order], DAYS.dates, DAYS.holiday, [PLANS[row] for row in order])
    same(shuffled, JUDGED[:].__class__(JUDGED.day, JUDGED.expected[order], JUDGED.score[order], JUDGED.judged[order]))


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finopsmetrics.ml.anomaly_detection.CHUNK", 7)
    same(DETECTOR.judge_many(COSTS, DAYS.dates, DAYS.holiday, PLANS), JUDGED)


@MANY
@given(level=st.one_of(st.just(0.0), st.floats(1e-9, 1e12)), count=st.integers(1, 100), credit=st.booleans())
def test_a_constant_series_never_alerts(level: float, count: int, credit: bool) -> None:
    costs = np.full(count, -level if credit else level)
    assert (AnomalyDetector(drops=True).judge(costs, dates(count)).score < 1).all()


@MANY
@given(row=rows, start=st.integers(20, 390), length=st.integers(1, 60), times=st.floats(1, 50))
def test_a_planned_change_never_alerts(row: int, start: int, length: int, times: float) -> None:
    costs = COSTS[row].copy()
    costs[start : start + length] *= times
    first = DAYS.dates[0] + start
    plan = (first - 5, first, first + length, "a load test")
    judged = DETECTOR.judge(costs, DAYS.dates, DAYS.holiday, [plan])
    assert (judged.score[start : start + length] == 0).all()
    assert not judged.judged[start : start + length].any()


@MANY
@given(row=rows)
def test_a_plan_counts_from_its_announcement(row: int) -> None:
    start, known = 200, 204
    costs = COSTS[row].copy()
    costs[start : start + 10] *= 30
    day = DAYS.dates[0]
    late = [(day + known, day + start, day + start + 10, "told too late")]
    with_plan, without = (DETECTOR.judge(costs, DAYS.dates, DAYS.holiday, plans) for plans in (late, None))
    assert_array_equal(with_plan.score[:known], without.score[:known])
    assert (with_plan.score[known : start + 10] == 0).all()


def test_it_is_determined() -> None:
    same(DETECTOR.judge_many(COSTS, DAYS.dates, DAYS.holiday, PLANS), JUDGED)


def test_a_greater_sensitivity_tells_more() -> None:
    counts = [
        int((AnomalyDetector(sensitivity=one).judge_many(COSTS, DAYS.dates).score >= 1).sum())
        for one in (0.5, "90%", 0.95, 0.99, 1)
    ]
    assert counts == sorted(counts)
    assert len(set(counts)) == 5


def test_a_sensitivity_of_0_never_alerts() -> None:
    assert (AnomalyDetector(sensitivity=0).judge_many(COSTS, DAYS.dates).score == 0).all()
