"""Budgets: every kind of period, teams, amounts that step, grow and carry over; recomputed from the lake, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.iam.principal import OWNER, Principal
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.observability.budget_amounts import available
from finopsmetrics.observability.budget_periods import FISCAL_START, current, since
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.budgeting import Budgeting, Stands
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.entries import CostEntry

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home", now=lambda: NOW) as workspace:
        yield workspace


def spend(workspace: Workspace, *costs: tuple[str, str], **more: Any) -> None:
    """Charges as (day, cost)."""
    number = spend.__dict__.setdefault("number", 0)
    entries = []
    for day, cost in costs:
        number += 1
        entries.append(CostEntry(f"e-{number}", datetime.fromisoformat(day), cost, "compute", **more))
    spend.__dict__["number"] = number
    workspace.costs.add_cost_entries(entries)


def declare(workspace: Workspace, name: str = "b", amount: Any = 100, period: str = "monthly", **fields: Any) -> None:
    Acting(workspace, OWNER).specs.put("budget", name, {"amount": amount, "period": period, **fields})


def stands(workspace: Workspace, name: str = "b") -> dict[str, Any]:
    return Budgeting(Acting(workspace, OWNER)).one(name).as_dict()


def budget(**fields: Any) -> Budget:
    return Budget.read({"name": "b", "amount": 100, "period": "monthly", **fields})


def test_a_budget_made_today_knows_what_was_spent_before_and_a_restated_bill_changes_it(home: Workspace, tmp_path: Path) -> None:
    from tests.store.bills import charge, write_csv

    home.ingest([write_csv(tmp_path / "a.csv", [charge("30", period="2026-05")])], source="x", delivered_at=datetime(2026, 5, 2))
    declare(home)
    assert stands(home)["spent"] == 30
    home.ingest([write_csv(tmp_path / "b.csv", [charge("45", period="2026-05")])], source="x", delivered_at=datetime(2026, 5, 9))
    told = stands(home)
    assert (told["spent"], told["remaining"], told["share"]) == (45, 55, Decimal("0.4500"))
    assert home.costs.verify(home.costs.receipt(told["receipt"])).reproduced


@pytest.mark.parametrize(
    ("fields", "label", "start", "end"),
    [
        ({}, "2026-05", "2026-05-01", "2026-06-01"),
        ({"period": "quarterly"}, "2026-Q2", "2026-04-01", "2026-07-01"),
        ({"period": "yearly"}, "2026", "2026-01-01", "2027-01-01"),
        ({"period": "yearly", "fiscal": True}, "FY2026", "2025-10-01", "2026-10-01"),
        ({"period": "quarterly", "fiscal": True}, "FY2026-Q3", "2026-04-01", "2026-07-01"),
        ({"period": "rolling", "window": "30d"}, "last 30d", "2026-04-21", "2026-05-21"),
        ({"period": "rolling", "window": "2w"}, "last 2w", "2026-05-07", "2026-05-21"),
        ({"period": "rolling", "window": "48h"}, "last 48h", "2026-05-19", "2026-05-21"),
        ({"period": "rolling", "window": "3mo"}, "last 3mo", "2026-02-21", "2026-05-21"),
        ({"period": "rolling", "window": "1y"}, "last 1y", "2025-05-21", "2026-05-21"),
        ({"period": "custom", "start": "2026-05-10", "end": "2026-06-09"}, "2026-05-10..2026-06-09", "2026-05-10", "2026-06-10"),
        ({"start": "2026-05-11"}, "2026-05", "2026-05-11", "2026-06-01"),
        ({"period": "rolling", "window": "30d", "start": "2026-05-11"}, "last 30d", "2026-05-11", "2026-05-21"),
    ],
)
def test_periods(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], label: str, start: str, end: str) -> None:
    monkeypatch.setenv(FISCAL_START, "10")
    found = current(budget(**fields), NOW)
    assert (found.label, f"{found.start:%Y-%m-%d}", f"{found.end:%Y-%m-%d}") == (label, start, end)


@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)),
    period=st.sampled_from(["monthly", "quarterly", "yearly"]),
    fiscal=st.booleans(),
    back=st.integers(0, 4_000),
    first=st.integers(1, 12),
)
def test_periods_follow_one_another_without_gaps(moment: datetime, period: str, fiscal: bool, back: int, first: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FISCAL_START, str(first))
        found = since(budget(period=period, fiscal=fiscal), moment - timedelta(days=back), moment)
        assert found[-1] == current(budget(period=period, fiscal=fiscal), moment)
    assert all(one.whole[1] == other.whole[0] for one, other in pairwise(found))
    assert found[0].whole[0] <= moment - timedelta(days=back) < found[0].whole[1]
    assert len({one.label for one in found}) == len(found)


AMOUNTS = st.decimals(0, 10_000, places=3)


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8), rule=st.sampled_from(["none", "unspent", "overspent", "both"]))
def test_what_is_carried_over_is_what_is_left(amounts: list[Decimal], rule: str) -> None:
    """With `both` everything that was ever allowed and spent is accounted for; the others keep its sign."""
    made = budget(carry_over=rule, start="2025-01-01")
    now = datetime(2025, len(amounts), 2, tzinfo=UTC)
    periods = since(made, datetime(2025, 1, 1, tzinfo=UTC), now)
    spent = {period.label: amount for period, amount in zip(periods, amounts, strict=True)}
    base, carried = available(made, periods, spent)
    assert base == 100
    if rule == "both":
        assert carried == 100 * (len(periods) - 1) - sum(amounts[:-1])
    assert (carried >= 0) if rule == "unspent" else (carried <= 0) if rule == "overspent" else rule != "none" or carried == 0


def test_amounts_step_and_grow(home: Workspace) -> None:
    declare(home, "steps", steps=[{"start": "2026-02-01", "amount": 150}, {"start": "2026-05-02", "amount": 999}])
    assert stands(home, "steps")["amount"] == 150  # the second one begins with June
    declare(home, "grows", start="2026-02-01", growth="10%")
    assert stands(home, "grows")["amount"] == Decimal("133.1")
    declare(home, "explodes", start="1950-01-01", growth=50)
    assert "grows beyond what can be counted" in stands(home, "explodes")["error"]


def test_what_was_left_and_overspent_is_carried_over(home: Workspace) -> None:
    spend(home, ("2026-03-05", "130"), ("2026-04-05", "60"), ("2026-05-05", "50"))
    for rule, carried in (("both", 10), ("unspent", 40), ("overspent", 0), ("none", 0)):
        declare(home, rule, carry_over=rule, start="2026-03-01")
        told = stands(home, rule)
        assert (told["carried"], told["allowed"], told["remaining"]) == (carried, 100 + carried, 50 + carried)
    declare(home, "young", carry_over="both")  # declared now: there is nothing before
    assert stands(home, "young")["carried"] == 0


def test_only_a_teams_own_charges_count(home: Workspace) -> None:
    spend(home, ("2026-05-05", "7"), tags={"team": "ml"})
    spend(home, ("2026-05-05", "100"))
    declare(home, "tagged", team="ml")
    assert stands(home, "tagged")["spent"] == 7
    Acting(home, OWNER).specs.put("team", "ml", {"scope": 'tags.owner == "ml"'})
    assert stands(home, "tagged")["spent"] == 0
    declare(home, "both", team="ml", filters={"service": "compute"})
    spend(home, ("2026-05-06", "3"), tags={"owner": "ml"})
    assert stands(home, "both")["spent"] == 3


@pytest.mark.parametrize("amount", [0, -5, "-0.01", "ten"])
def test_zero_and_negative_amounts_are_clear_errors(home: Workspace, amount: Any) -> None:
    with pytest.raises(SpecError, match="amount"):
        declare(home, amount=amount)


def test_the_burn_down_ends_at_what_remains(home: Workspace) -> None:
    spend(home, ("2026-05-02", "10.000000000000000001"), ("2026-05-02", "5"), ("2026-05-19", "20"))
    declare(home)
    days = Budgeting(Acting(home, OWNER)).burn_down("b")
    assert len(days) == 20
    assert [f"{one.day:%d}" for one in days if one.spent] == ["02", "19"]
    assert days[-1].remaining == stands(home)["remaining"] == Decimal("64.999999999999999999")
    assert days[-1].even == Decimal("35.48")


def test_a_budget_of_another_currency_or_of_several_is_told(home: Workspace) -> None:
    spend(home, ("2026-05-02", "10"), currency="EUR")
    declare(home, "usd", currency="USD")
    assert "covers charges in EUR" in stands(home, "usd")["error"]
    declare(home, "eur")
    assert stands(home, "eur")["currency"] == "EUR"
    spend(home, ("2026-05-02", "10"), currency="USD")
    assert "EUR, USD" in stands(home, "eur")["error"]


def test_a_threshold_of_a_rolling_budget_is_told_again_after_it_was_not_reached(tmp_path: Path) -> None:
    clock = [NOW]
    with Workspace(tmp_path / "home", now=lambda: clock[0]) as home:
        spend(home, ("2026-05-19", "90"))
        declare(home, period="rolling", window="7d", alerts=[{"threshold": "80%"}])
        budgeting = Budgeting(Acting(home, OWNER))
        assert [one.told for one in budgeting.check()] == [(Decimal("0.8"),)]
        clock[0] += timedelta(days=1)
        assert [one.told for one in budgeting.check()] == [()]
        clock[0] += timedelta(days=10)
        assert [one.told for one in budgeting.check()] == [()]
        spend(home, ("2026-05-31", "95"))
        assert [one.told for one in budgeting.check()] == [(Decimal("0.8"),)]


def test_somebody_with_a_scope_sees_only_budgets_within_it(home: Workspace) -> None:
    spend(home, ("2026-05-05", "7"), tags={"team": "ml"})
    declare(home, "mine", team="ml")
    declare(home, "by-filter", filters={"team": "ml"})
    declare(home, "all")
    declare(home, "odd", period="custom", start="2020-01-01", end="2020-02-01", condition='ServiceName == "x"')
    lead = Principal("lead", "person", frozenset({"budget:read", "costs:read"}), Condition.from_dict({"tags.team": "ml"}))
    budgeting = Budgeting(Acting(home, lead))
    assert [one.name for one in budgeting.all()] == ["by-filter", "mine"]
    with pytest.raises(NotFoundError):
        budgeting.one("all")
    assert [one.name for one in Budgeting(Acting(home, OWNER)).all()] == ["all", "by-filter", "mine", "odd"]


def test_what_is_not_told_says_why(home: Workspace) -> None:
    declare(home, start="2026-07-01")
    assert "does not count in 2026-05" in stands(home)["error"]
    with pytest.raises(UsageError, match="does not count"):
        Budgeting(Acting(home, OWNER)).burn_down("b")
    assert Stands("x", error="why").as_dict() == {"budget": "x", "error": "why"}


def test_a_fiscal_year_starts_in_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FISCAL_START, "13")
    with pytest.raises(UsageError, match="is no month"):
        current(budget(period="yearly", fiscal=True), NOW)


def test_budgets_from_python_are_the_same_specs(home: Workspace) -> None:
    spend(home, ("2026-04-05", "20"), ("2026-05-05", "7"))
    made = home.costs.create_budget("py", "100.50", "monthly", currency="USD")
    assert made.amount == Decimal("100.50")
    with pytest.raises(ConflictError, match="already"):
        home.costs.create_budget("py", 1)
    with pytest.raises(SpecError, match="amount"):
        home.costs.update_budget("py", amount=-1)
    home.costs.update_budget("py", period="quarterly")
    told = home.costs.get_budget_status("py")
    assert isinstance(told, dict)
    assert (told["spent"], told["period"], told["amount"]) == (27, "2026-Q2", Decimal("100.50"))
    assert home.costs.get_budget_status() == [told]
    assert stands(home, "py")["spent"] == 27
    with pytest.raises(NotFoundError):
        home.costs.get_budget_status("nobody")
    summary = home.costs.get_cost_summary("2026-05")
    assert (summary["total"], summary["previous"]) == ({"USD": 7}, {"USD": 20})
    assert [row["cost"] for row in summary["by_service"]] == [7]
    assert home.costs.get_cost_summary("all")["previous"] is None


def test_the_verb_and_http_tell_the_same(home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.iam.conftest import client_of

    spend(home, ("2026-05-05", "7.5"))
    declare(home, alerts=[{"threshold": 0.05}, {"threshold": 0.5, "on": "forecast"}])
    declare(home, "odd", currency="EUR")
    with client_of(home) as client:
        [found, odd] = client.get("/api/v1/budget-status").json()["budgets"]
        assert (found["spent"], found["share"], found["reached"]) == ("7.500000000000000000", "0.0750", ["0.05"])
        assert (found["projected"], bool(found["unprojected"])) == (None, True)
        assert "covers charges in USD" in odd["error"]
        assert client.get("/api/v1/budget-status/b").json() == found
        days = client.get("/api/v1/budget-status/b/burn-down").json()["days"]
        assert (days[4]["day"], Decimal(days[4]["spent"])) == ("2026-05-05", Decimal("7.5"))
        assert client.get("/api/v1/budget-status/nobody").status_code == 404


def test_the_verb_shows_budgets(tmp_path: Path) -> None:
    from tests.cli.console import finopsmetrics

    with Workspace(tmp_path / "home") as home:
        today = home.now()
        home.costs.add_cost_entry(CostEntry("e", today.replace(tzinfo=None), "7.5", "compute"))
        declare(home)
    said = finopsmetrics("budgets", home=tmp_path / "home")
    assert "7.5%" in said.text
    assert finopsmetrics("budgets", "b", "--days", "--format", "json", home=tmp_path / "home").json[-1]["spent"].startswith("7.5")
    [row] = finopsmetrics("budgets", "--format", "json", home=tmp_path / "home").json
    assert row["remaining"] == "92.500000000000000000"
    assert finopsmetrics("budgets", "nobody", home=tmp_path / "home").code == 1
