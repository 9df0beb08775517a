"""The model of the company, before anything is written."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.demo import build_estate
from finopsmetrics.demo.seasons import day_factor, runs
from finopsmetrics.demo.tags import tags_of
from finopsmetrics.demo.window import window_of, year_after

END = date(2026, 9, 20)


def test_window_ends_with_the_running_month() -> None:
    window = window_of(14, END)
    assert (window.start, window.periods[-1], len(window.periods)) == (date(2025, 8, 1), date(2026, 9, 1), 14)
    assert window.days[-1] == date(2026, 9, 19)


def test_window_that_ends_on_the_first_has_a_whole_last_month() -> None:
    window = window_of(2, date(2026, 3, 1))
    assert window.periods == (date(2026, 1, 1), date(2026, 2, 1))
    assert window.days[-1] == date(2026, 2, 28)


@pytest.mark.parametrize("months", [1, 0, -3])
def test_too_few_months(months: int) -> None:
    with pytest.raises(UsageError, match="at least 2 months"):
        build_estate(months=months, end=END)


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_scale_out_of_range(scale: float) -> None:
    with pytest.raises(UsageError, match="scale"):
        build_estate(end=END, scale=scale)


def test_a_leap_day_has_a_year_after() -> None:
    assert year_after(date(2028, 2, 29)) == date(2029, 3, 1)


def test_equal_inputs_give_equal_estates_and_seeds_differ() -> None:
    assert build_estate(end=END) == build_estate(end=END)
    assert build_estate(end=END, seed=1).resources != build_estate(end=END, seed=2).resources


def test_names_are_references_that_hold() -> None:
    estate = build_estate(end=END)
    accounts, skus = {a.id for a in estate.accounts}, {s.key for s in estate.skus}
    sources, teams = {s.key for s in estate.sources}, {t.key for t in estate.teams}
    assert all(r.account in accounts and r.sku in skus and r.team in teams for r in estate.resources)
    assert all(a.source in sources and a.team in teams for a in estate.accounts)
    assert all(c.account in accounts and c.sku in skus for c in estate.commitments)
    keys = Counter(r.key for r in estate.resources)
    assert max(keys.values()) == 1


def test_only_cores_and_memory_share_a_resource() -> None:
    estate = build_estate(end=END)
    shared: dict[str, set[str]] = {}
    for resource in estate.resources:
        shared.setdefault(resource.id, set()).add(resource.sku)
    assert {frozenset(skus) for skus in shared.values() if len(skus) > 1} == {frozenset({"gcp-n2", "gcp-n2-ram"})}


def test_enough_is_planted_with_different_causes() -> None:
    events = build_estate(end=END).events
    anomalies = [e for e in events if e.anomaly]
    assert len(anomalies) >= 10
    assert len({e.cause for e in anomalies}) == len(anomalies)
    assert len({e.source for e in anomalies}) >= 5
    assert len({e.windows[0][0].strftime("%Y-%m") for e in anomalies}) >= 8
    assert len({e.kind for e in events if not e.anomaly}) >= 6
    assert len({e.key for e in events}) == len(events)


def test_events_lie_in_the_window() -> None:
    for months in (2, 3, 14):
        estate = build_estate(end=END, months=months)
        for event in estate.events:
            for start, end in event.windows:
                assert estate.window.start <= start < end <= END, event.key


def test_scale_multiplies_resources_and_commitments() -> None:
    small, large = build_estate(end=END, scale=1), build_estate(end=END, scale=4)
    assert 3.7 < len(large.resources) / len(small.resources) < 4.1
    assert large.commitments[0].per_step > 3 * small.commitments[0].per_step


def test_reservations_follow_each_other_without_a_gap() -> None:
    first, second = (c for c in build_estate(end=END).commitments if c.payment == "upfront")
    assert first.end == second.start
    assert first.fee == Decimal("0.9676") * first.units * 24 * 365


def test_seasons() -> None:
    saturday, monday, holiday = date(2026, 8, 1), date(2026, 8, 3), date(2025, 12, 25)
    assert day_factor("office", saturday) < day_factor("office", monday) // 2
    assert day_factor("demand", date(2025, 11, 18)) > day_factor("demand", date(2026, 2, 17))
    assert day_factor("workdays", holiday) == 0
    assert runs("business", monday, 9)
    assert not runs("business", saturday, 9)
    assert not runs("business", holiday, 9)


def test_tags_have_realistic_gaps() -> None:
    estate = build_estate(end=END, scale=4)
    clouds = [r for r in estate.resources if r.sku.split("-")[0] in ("aws", "azure", "gcp")]
    untagged = sum(not r.tags for r in clouds) / len(clouds)
    assert 0.05 < untagged < 0.2
    environments = {dict(r.tags or ()).get("environment") for r in clouds}
    assert {"prd", "Prod", "production"} <= environments
    assert {"Team", "CostCenter"} <= {key for r in clouds for key, _ in r.tags or ()}
    assert all(r.tags is None for r in estate.resources if r.sku.startswith("exampleforge"))


def test_a_source_that_cannot_tag_gives_none() -> None:
    team = build_estate(end=END).teams[0]
    assert tags_of(1, "x", team, "storefront", "production", 100) is None
