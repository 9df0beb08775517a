"""Budgets look ahead: where a period will end, alerts on the forecast, and thresholds as findings, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.budgeting import BELOW, Budgeting, Watched
from finopsmetrics.runtime.notifying import Notifying
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import fired
from finopsmetrics.store.findings import FindingBook, KeptFinding
from tests.anomalies.estate import END, deliver, rows
from tests.iam.conftest import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(END + timedelta(hours=5))


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    """Ninety days of a hundred a day, to 20 May."""
    with Workspace(tmp_path / "home", now=clock) as workspace:
        deliver(workspace, tmp_path / "bills", rows("compute", lambda _: 100))
        yield workspace


def declare(home: Workspace, amount: int, *alerts: dict[str, Any], **fields: Any) -> None:
    body = {"amount": amount, "period": "monthly", "currency": "USD", "alerts": list(alerts), **fields}
    Acting(home, OWNER).specs.put("budget", "b", body)


def check(home: Workspace) -> Watched:
    [one] = Budgeting(Acting(home, OWNER)).check()
    return one


def kept(home: Workspace) -> dict[str, KeptFinding]:
    found = FindingBook(home.opened.database, home.opened.now).page()
    return {one.finding.key.removeprefix("budget/b/2026-05/"): one for one in found}


def test_the_end_of_a_period_is_told(home: Workspace) -> None:
    declare(home, 4000)
    found = Budgeting(Acting(home, OWNER)).one("b").as_dict()
    assert found["spent"] == 2000
    assert abs(found["projected"] - 3100) < 60  # 31 days of a hundred
    assert found["projected_lower"] <= found["projected"] <= found["projected_upper"]
    assert found["projected_share"] == (found["projected"] / 4000).quantize(Decimal("0.0001"))
    assert home.costs.get_budget_status("b")["projected"] == found["projected"]  # type: ignore[call-overload,index]
    declare(home, 4000, period="rolling", window="30d")
    assert "ends now" in Budgeting(Acting(home, OWNER)).one("b").as_dict()["unprojected"]


def test_a_period_that_is_over_comes_to_what_it_came_to(home: Workspace) -> None:
    declare(home, 4000, period="custom", start="2026-04-01", end="2026-05-20")
    found = Budgeting(Acting(home, OWNER)).one("b").as_dict()
    assert found["projected"] == found["spent"] == 5000


def test_thresholds_are_findings_once_each(home: Workspace) -> None:
    declare(
        home,
        3000,
        {"threshold": 0.5, "priority": "low"},
        {"threshold": 1, "on": "forecast", "priority": "critical"},
        {"threshold": 1},
    )
    one = check(home)
    assert (one.told, one.foretold, one.error) == ((Decimal("0.5"),), (Decimal(1),), None)
    assert check(home).told == check(home).foretold == ()
    found = kept(home)
    assert set(found) == {"actual/0.5", "forecast/1"}
    actual, forecast = found["actual/0.5"].finding, found["forecast/1"].finding
    assert (actual.severity, actual.impact, actual.body["spent"]) == ("low", None, "2000.000000000000000000")
    assert (forecast.severity, forecast.currency) == ("critical", "USD")
    assert forecast.impact == Decimal(forecast.body["projected"]) - 3000
    assert "is forecast to come to 3," in forecast.title
    assert actual.start == datetime(2026, 5, 1)
    assert actual.end == datetime(2026, 6, 1)
    assert actual.receipts
    assert forecast.receipts


def test_a_kill_between_keeping_and_claiming_loses_nothing(home: Workspace) -> None:
    declare(home, 3000, {"threshold": 0.5})
    with patch.object(fired, "claim", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        check(home)
    assert set(kept(home)) == {"actual/0.5"}
    assert check(home).told == (Decimal("0.5"),)
    assert kept(home)["actual/0.5"].version == 1


def test_a_restated_bill_takes_a_threshold_back(home: Workspace, tmp_path: Path) -> None:
    declare(home, 2500, {"threshold": 0.8}, {"threshold": 1, "on": "forecast"})
    check(home)
    assert {key: one.state for key, one in kept(home).items()} == {"actual/0.8": "open", "forecast/1": "open"}
    deliver(home, tmp_path / "bills", rows("compute", lambda back: 50 if back < 20 else 100))
    check(home)
    assert {key: one.state for key, one in kept(home).items()}["actual/0.8"] == "done"
    book = FindingBook(home.opened.database, home.opened.now)
    assert book.history(kept(home)["actual/0.8"].finding.id)[-1].detail["reason"] == BELOW


def test_the_alerts_of_a_budget_are_told_by_its_channels(home: Workspace) -> None:
    Acting(home, OWNER).specs.put("connection", "chat", {"integration": "slack", "secrets": {"token": "env:SLACK"}})
    alerts = [{"threshold": 0.5, "on": on, "channels": ["slack"], "recipients": [f"#{on}"]} for on in ("actual", "forecast")]
    declare(home, 3000, *alerts)
    check(home)
    Notifying(Acting(home, OWNER)).route()
    told = {one.recipient: one.notice for one in Outbox(Acting(home, OWNER)).all()}
    assert set(told) == {"#actual", "#forecast"}
    said = " ".join([told["#actual"].title, *told["#actual"].sentences, *(value for _, value in told["#actual"].facts)])
    assert "2,000" in said
    assert "3,000" in said
    assert check(home).told == ()
    Notifying(Acting(home, OWNER)).route()
    assert len(Outbox(Acting(home, OWNER)).all()) == 2


def test_too_little_history_is_said_and_the_rest_is_watched(tmp_path: Path) -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    with Workspace(tmp_path / "home", now=lambda: now) as home:
        deliver(home, tmp_path / "bills", rows("compute", lambda _: 100, days=3, end=now))
        declare(home, 400, {"threshold": 0.5}, {"threshold": 1, "on": "forecast"})
        one = check(home)
        assert one.told == (Decimal("0.5"),)
        assert one.error is not None
        assert one.error.startswith("Its forecast cannot be watched: ")
