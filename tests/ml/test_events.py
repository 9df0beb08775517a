"""One example of each kind of event: what is told, once and when, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from finopsmetrics.ml import AnomalyDetector
from tests.ml.made import FIRST, begins, calm, dates

START = 84  # a Monday
DETECTOR = AnomalyDetector()


def first_of_months(count: int) -> NDArray[np.bool_]:
    days = dates(count)
    return days == days.astype("datetime64[M]").astype("datetime64[D]")


def told(costs: Any, **more: Any) -> list[int]:
    return begins(DETECTOR.judge(costs, dates(len(costs)), **more))


def changed(start: int, end: int | None, times: Any, count: int = 140) -> NDArray[np.float64]:
    costs = calm(count)
    costs[start:end] *= times
    return costs


def test_calm_days_are_calm() -> None:
    assert [told(calm(400, seed=seed)) for seed in range(5)] == [[]] * 5


def test_a_spike_is_one_incident_on_its_day() -> None:
    assert told(changed(START, START + 2, 2.0)) == [START]


def test_a_spike_leaves_no_echo() -> None:
    costs = changed(START, START + 2, 30.0, 200)
    assert told(costs) == [START]


def test_a_level_that_lasts_is_one_incident_that_ends() -> None:
    costs = changed(START, None, 1.8, 200)
    judged = DETECTOR.judge(costs, dates(200))
    assert begins(judged) == [START]
    alerts = np.flatnonzero(judged.score >= 1)
    assert 5 <= len(alerts) <= 10
    assert judged.expected[-14:] == pytest.approx(costs[-14:], rel=0.15)


def test_a_level_that_ends_again_is_no_second_incident() -> None:
    assert told(changed(START, START + 30, 1.8, 200)) == [START]


def test_a_ramp_is_told_within_a_week_and_once() -> None:
    costs = calm()
    costs[START : START + 14] *= 1 + np.minimum(np.arange(1, 15), 7) * 0.2
    [day] = told(costs)
    assert START <= day <= START + 3


def test_a_slow_leak_is_told() -> None:
    costs = calm()
    costs[START : START + 40] *= 1 + 0.04 * np.arange(1, 41)
    assert START < told(costs)[0] <= START + 7


def test_a_small_step_is_told_by_the_days_together() -> None:
    [day] = told(changed(START, None, 1.12))
    assert START <= day <= START + 7


def test_a_machine_left_on_at_weekends_is_one_incident() -> None:
    costs = calm(weekend=0.3)
    days = np.arange(140)
    on = (days % 7 >= 5) & (days >= START) & (days < START + 28)
    costs[on] = 100
    assert told(costs) == [START + 5]


def test_growth_is_no_incident() -> None:
    assert told(calm(365) * np.exp(np.arange(365) * np.log(2) / 365)) == []


def test_fees_of_the_first_of_the_month_are_known_after_the_first_of_them() -> None:
    costs = calm(300)
    costs[first_of_months(300)] += 400
    assert told(costs) == []


def test_a_fee_in_the_middle_of_the_month_is_told_once_at_most() -> None:
    costs = calm(300)
    costs[(dates(300) - dates(300).astype("datetime64[M]").astype("datetime64[D]")).astype(int) == 16] += 300
    assert len(told(costs)) <= 1


def test_the_close_of_the_month_is_no_incident_once_it_was_seen() -> None:
    costs = calm(300)
    after = first_of_months(302)
    costs[after[1:301] | after[2:302]] *= 3
    assert [day for day in told(costs) if day > 60] == []


def test_a_purchase_that_recurs_yearly_is_told_once() -> None:
    costs = calm(500)
    costs[100] += 3000
    costs[465] += 3100
    assert told(costs) == [100]


def test_a_fall_is_told_only_when_asked_and_not_in_the_first_two_days() -> None:
    costs = changed(START, None, 0.3)
    assert told(costs) == []
    drops = AnomalyDetector(drops=True)
    assert begins(drops.judge(costs, dates(140))) == [START + 2]
    assert begins(drops.judge(costs[: START + 2], dates(START + 2))) == []


def test_a_late_booking_is_no_incident() -> None:
    costs = calm()
    late = costs[START] * 0.9
    costs[START] -= late
    costs[START + 1] += late
    assert told(costs) == []


def test_partial_days_at_the_end_do_not_alert() -> None:
    costs = calm()
    costs[-2:] *= [0.8, 0.1]
    assert told(costs) == []
    assert begins(AnomalyDetector(drops=True).judge(costs, dates(140))) == []


def test_credits_are_no_incident_and_leave_none() -> None:
    costs = calm()
    costs[START] = -250
    assert told(costs) == []


def test_holidays_lower_the_expectation_and_are_no_incident() -> None:
    costs = calm(200, weekend=0.3)
    holidays = np.zeros(200, dtype=bool)
    holidays[START : START + 4] = True
    costs[holidays] *= 0.3
    assert told(costs, holidays=holidays) == []


def test_a_launch_is_one_incident() -> None:
    costs = calm()
    costs[:START] = 0
    assert told(costs) == [START]


def test_what_runs_for_days_where_nothing_was_is_one_incident_as_long_as_it_runs() -> None:
    costs = np.zeros(140)
    costs[START : START + 5] = [50, 100, 100, 90, 60]
    judged = DETECTOR.judge(costs, dates(140))
    assert list(np.flatnonzero(judged.score >= 1)) == list(range(START, START + 5))


def test_an_announced_change_that_stays_is_expected_for_good() -> None:
    costs = changed(START, None, 1.6, 250)
    plan = (str(FIRST + START - 10), str(FIRST + START), None, "the vendor raises its prices")
    assert told(costs, planned=[plan]) == []


def test_what_follows_an_announced_change_is_judged() -> None:
    costs = changed(START, START + 20, 2.0)
    plan = (str(FIRST + START - 10), str(FIRST + START), str(FIRST + START + 2), "a load test of two days")
    assert told(costs, planned=[plan]) == [START + 2]


def test_the_return_from_a_pause_that_no_calendar_knows_is_no_incident() -> None:
    costs = calm(200)
    costs[START : START + 8] *= 0.3
    assert told(costs) == []
    assert told(costs * np.where(np.arange(200) >= START + 8, 1.8, 1)) == [START + 8]


def test_a_second_rise_after_the_end_of_the_first_is_told_again() -> None:
    costs = changed(START, START + 12, 2.0, 200)
    costs[START + 35 :] *= 2.0
    assert told(costs) == [START, START + 35]


def test_a_sparse_service_is_compared_with_its_own_days() -> None:
    rng = np.random.default_rng(5)
    costs = np.where(rng.random(300) < 0.2, 100 * np.exp(rng.normal(0, 0.3, 300)), 0.0)
    quiet = told(costs)
    costs[250] = 3000
    assert quiet == []
    assert told(costs) == [250]


def test_unknown_days_are_not_judged_and_change_little() -> None:
    costs = calm()
    costs[60:65] = np.nan
    judged = DETECTOR.judge(costs, dates(140))
    assert not judged.judged[60:65].any()
    assert begins(judged) == []
    assert np.isfinite(judged.expected[60:]).all()


@pytest.mark.parametrize("count", [1, 2, 13, 14])
def test_a_short_history_is_not_judged(count: int) -> None:
    costs = calm(count)
    costs[-1] *= 100
    judged = DETECTOR.judge(costs, dates(count))
    assert (judged.score == 0).all()
    assert not judged.judged.any()
    assert np.isnan(judged.expected[0])


def test_days_that_are_not_known_at_all_are_not_judged() -> None:
    judged = DETECTOR.judge([None] * 40, dates(40))
    assert (judged.score == 0).all()
    assert not judged.judged.any()


def test_a_wider_window_follows_more_slowly() -> None:
    costs = calm(noise=0.02)
    costs[START:] *= 1.05
    near, far = (AnomalyDetector(window=window).judge(costs, dates(140)).expected[START + 8] for window in ("7d", "4w"))
    assert near > far
