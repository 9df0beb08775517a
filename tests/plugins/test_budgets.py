"""Budgets: spend of the current period against each threshold, exactly, and each threshold told once a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.plugins import hook
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.budgeting import Budgeting, Watched
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.specs import SpecBook
from tests.plugins.kept import ENTRY, reports

ALERTS = [{"threshold": 0.8, "channels": ["slack"]}, {"threshold": "100%", "channels": ["slack"]}]
clock = [datetime(2026, 5, 20, tzinfo=UTC)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    clock[0] = datetime(2026, 5, 20, tzinfo=UTC)
    with Workspace(tmp_path / "home", now=lambda: clock[0]) as workspace:
        yield workspace


def declare(workspace: Workspace, name: str = "ml", **fields: Any) -> None:
    body = {"name": name, "amount": 10, "period": "monthly", "alerts": ALERTS, **fields}
    made = Budget.model_validate(body)
    SpecBook(workspace.opened.database, workspace.opened.now).put("budget", name, made.model_dump(mode="json"), actor="test")


def spend(workspace: Workspace, cost: str, **fields: Any) -> None:
    spend.count = getattr(spend, "count", 0) + 1  # type: ignore[attr-defined]
    workspace.costs.add_cost_entry(replace(ENTRY, id=f"s-{spend.count}", cost=cost, **fields))  # type: ignore[attr-defined]


def check(workspace: Workspace) -> list[Watched]:
    return Budgeting(Acting(workspace, OWNER)).check()


def test_each_threshold_is_told_once_in_its_period(home: Workspace) -> None:
    told: list[Any] = []

    @hook("budget_threshold_exceeded")
    def on_budget_alert(budget: Budget, current: Decimal, threshold: Decimal, period: str) -> None:
        told.append((budget.name, current, threshold, period))

    declare(home)
    spend(home, "7.999999999999999999")
    assert check(home) == [Watched("ml", "2026-05", Decimal("7.999999999999999999"), "USD")]
    spend(home, "0.000000000000000001")
    assert check(home)[0].told == (Decimal("0.8"),)
    assert check(home)[0].told == ()
    spend(home, "5")
    assert check(home)[0].told == (Decimal(1),)
    assert told == [("ml", Decimal(8), Decimal("0.8"), "2026-05"), ("ml", Decimal(13), Decimal(1), "2026-05")]
    clock[0] = datetime(2026, 6, 2, tzinfo=UTC)
    assert check(home) == [Watched("ml", "2026-06", Decimal(0), None)]
    spend(home, "20", timestamp=datetime(2026, 6, 1))
    assert check(home)[0].told == (Decimal("0.8"), Decimal(1))


def test_a_listener_that_fails_is_counted_and_told_no_more(home: Workspace) -> None:
    @hook("budget_threshold_exceeded")
    def fails(budget: Budget, current: float) -> None:
        raise RuntimeError

    declare(home)
    spend(home, "9")
    assert check(home)[0].told == (Decimal("0.8"),)
    assert check(home)[0].told == ()
    assert reports(home)["fails", "budget_threshold_exceeded"].failures == 1


@pytest.mark.parametrize(
    ("fields", "period", "current"),
    [
        ({"period": "quarterly"}, "2026-Q2", "3"),
        ({"period": "yearly"}, "2026", "7"),
        ({"filters": {"team": "ml"}}, "2026-05", "1"),
        ({"condition": 'ServiceName == "other"'}, "2026-05", "1"),
        ({"start": "2026-05-04"}, "2026-05", "1"),
        ({"end": "2026-05-03"}, "2026-05", "1"),
        ({"period": "quarterly", "start": "2026-05-01"}, "2026-Q2", "2"),
    ],
)
def test_what_counts(home: Workspace, fields: dict[str, Any], period: str, current: str) -> None:
    spend(home, "4", timestamp=datetime(2026, 1, 1))
    spend(home, "1", timestamp=datetime(2026, 4, 30, 23))
    spend(home, "1", timestamp=datetime(2026, 5, 3, 22))
    spend(home, "1", timestamp=datetime(2026, 5, 5), service="other", tags={})
    declare(home, **fields)
    [found] = check(home)
    assert (found.error, found.period, found.current) == (None, period, Decimal(current))


@pytest.mark.parametrize(
    "fields",
    [
        {"period": "rolling", "window": "90m"},
        {"start": "2026-07-01"},
        {"currency": "EUR"},
    ],
)
def test_a_budget_that_cannot_be_watched_is_said_and_stops_no_other(home: Workspace, fields: dict[str, Any]) -> None:
    spend(home, "9")
    declare(home, "a-odd", **fields)
    declare(home, "b-plain")
    declare(home, "c-off", enabled=False)
    odd, plain = check(home)
    assert odd.error
    assert odd.current is None
    assert plain.told == (Decimal("0.8"),)


def test_charges_in_two_currencies_are_not_added(home: Workspace) -> None:
    spend(home, "9")
    spend(home, "9", currency="EUR")
    declare(home)
    assert "EUR, USD" in str(check(home)[0].error)


def test_a_forecast_alert_is_not_one_of_actual_spend(home: Workspace) -> None:
    spend(home, "90")
    declare(home, alerts=[{**ALERTS[0], "on": "forecast"}])
    assert check(home)[0].told == ()


def test_who_may_not_watch_does_not(home: Workspace) -> None:
    with pytest.raises(ForbiddenError):
        Budgeting(Acting(home, Principal("r", "person", frozenset({"budget:read"})))).check()
