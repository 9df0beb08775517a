"""The measured quality holds: a few hundred series of a seed that nothing was tuned with; see `docs/quality.md`."""

from __future__ import annotations

import numpy as np
from benchmarks.intelligence.anomalies import JUDGING, TUNING, by_model
from benchmarks.intelligence.baselines import rolling_z
from benchmarks.intelligence.judging import Tally, incidents, tally
from benchmarks.intelligence.planted import Event, Series, estate

SEED, COUNT = 104, 300


def test_the_detector_is_as_good_as_it_is_said_to_be() -> None:
    days, series = estate(SEED, COUNT)
    figures = tally(series, by_model("robust")(days, series)).figures()
    assert figures["events"] > 200
    assert figures["recall"] >= 0.65
    assert figures["dollar recall"] >= 0.75
    assert figures["precision"] >= 0.5
    assert figures["false / 100 months"] <= 6  # 5 is the aim; 300 series leave room for chance
    assert figures["median delay"] <= 2


def test_a_weaker_detector_is_seen_to_be_weaker() -> None:
    days, series = estate(SEED, COUNT)
    costs = np.stack([one.cost for one in series])
    best = tally(series, by_model("robust")(days, series)).figures()
    z = rolling_z(costs)
    worse = tally(series, z / np.quantile(z, 0.995)).figures()
    assert worse["recall"] < best["recall"] - 0.2


def test_no_seed_is_tuned_and_judged_with() -> None:
    assert not {*JUDGING, SEED} & set(TUNING)


def test_an_estate_is_determined_and_holds_every_kind() -> None:
    (_, one), (_, other) = estate(9, 150), estate(9, 150)
    assert all((a.cost == b.cost).all() and a.events == b.events for a, b in zip(one, other, strict=True))
    kinds = {event.kind for series in one for event in series.events}
    assert {"spike", "gpu_left_on", "level_shift", "ramp", "price_unannounced", "slow_leak", "weekend_job", "launch"} <= kinds
    assert {"price_announced", "load_test_announced", "purchase_once", "first_of_a_fee"} <= kinds


def test_events_are_judged_as_it_is_written() -> None:
    alerts = np.zeros(100)
    alerts[[20, 22, 29, 60]] = 1  # 20, 22 and 29 are one incident
    assert incidents(alerts >= 1) == [20, 60]
    events = [Event("spike", 21, 22, 10.0), Event("ramp", 50, 58, 30.0), Event("launch", 59, 70, 0.0, False, True)]
    made = Tally()
    made.add(Series(alerts, events), alerts)
    figures = made.figures()
    assert (figures["recall"], figures["dollar recall"], figures["precision"]) == (0.5, 0.25, 1.0)
    late = Tally()
    late.add(Series(alerts, [Event("ramp", 51, 70, 1.0)]), alerts)  # 60 is too late, 20 is about nothing
    assert (late.figures()["recall"], late.false) == (0.0, 2)
