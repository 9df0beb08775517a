"""Findings that are odd hold up no others, and what was snoozed is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.findings import Finding
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.kinds.notification_rule import NotificationRule
from finopsmetrics.notifications.engine import Home, Seen, decide
from finopsmetrics.notifications.people import Directory, Person
from finopsmetrics.notifications.reaching import Outlets
from finopsmetrics.notifications.rules import Route, of_budget, of_rule
from finopsmetrics.notifications.words import WORDS
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.telling import EVERYBODY

NOW = datetime(2026, 5, 20, 12)
MAYA = Person("maya", "maya@company.com", ("engineer",), scope=Condition.parse('tags.team == "ml"'))


def home(*rules: Route) -> Home:
    known = Directory([MAYA], roles=frozenset({"engineer"}))
    return Home(rules, known, Outlets({"mail": "email", "pager": "pagerduty"}))


def rule(**fields: Any) -> Route:
    body = {"name": "r", "persona": "engineer", "channels": ["email"], "alerts": ["cost_anomaly"], **fields}
    return of_rule(NotificationRule.read(body))


def kept(key: str, **fields: Any) -> KeptFinding:
    told = {"where": 'tags.team == "ml"', "impact": Decimal(100), "currency": "USD", **fields}
    return KeptFinding(Finding("anomaly", key, f"Spike of {key}", **told), "open", None, 1, NOW, NOW, NOW)


def event(one: KeptFinding, place: int, action: str = "found", **detail: Any) -> tuple[Event, KeptFinding]:
    return Event(one.finding.id, place, NOW, "finopsmetrics", action, detail, place), one


def test_a_condition_that_cannot_be_read_is_told_to_nobody_with_a_scope_and_stops_nothing() -> None:
    found = decide(home(rule()), Seen(NOW, [event(kept("odd", where="tags.team =="), 1), event(kept("plain"), 2)]))
    assert [one.notice.title for one in found.messages] == ["Spike of plain"]


def test_an_impact_that_is_no_number_is_left_out() -> None:
    for frequency in ("real_time", "daily_digest"):
        odd = event(kept("odd", impact=Decimal("NaN")), 1)
        first = decide(home(rule(frequency=frequency)), Seen(NOW, [odd, event(kept("plain"), 2)]))
        late = Seen(NOW + timedelta(days=1), findings={odd[1].finding.id: odd[1], kept("plain").finding.id: kept("plain")})
        second = decide(home(rule(frequency=frequency)), replace(late, waiting=first.waiting))
        texts = [str(one.notice.as_dict()) for one in [*first.messages, *second.messages]]
        assert texts
        assert not any("nan" in text.lower() for text in texts)


def test_what_was_snoozed_is_told_once_with_its_newest_event() -> None:
    one = kept("a")
    snoozes = {(one.finding.id, EVERYBODY): NOW + timedelta(hours=4)}
    here = home(rule(channels=["email", "pagerduty"]))
    moved = event(one, 2, "changed", impact=["50", "100"])
    first = decide(here, Seen(NOW, [event(one, 1), moved], snoozes=snoozes))
    assert first.messages == []
    assert len(first.waiting) == 4
    later = Seen(NOW + timedelta(hours=4), findings={one.finding.id: one}, told=list(first.told.values()), waiting=first.waiting)
    assert sorted(message.channel for message in decide(here, later).messages) == ["mail", "pager"]
    assert all("/2/" in message.key for message in decide(here, later).messages)
    taken = replace(one, state="acknowledged")
    assert [message.channel for message in decide(here, replace(later, findings={one.finding.id: taken})).messages] == ["mail"]
    assert decide(here, replace(later, findings={one.finding.id: replace(one, state="done")})).messages == []


@pytest.mark.parametrize(
    ("kind", "on"), [("budget_threshold", "actual"), ("budget_exceeded", "actual"), ("forecast_variance", "forecast")]
)
def test_a_budgets_alert_hears_of_its_own_threshold_alone(kind: str, on: str) -> None:
    alerts = [{"threshold": share, "on": on, "channels": ["email"], "recipients": [f"{share}@x.com"]} for share in ("0.8", "1")]
    routes = of_budget(Budget.read({"name": "ml", "amount": 10, "period": "monthly", "alerts": alerts}))
    body = {"kind": kind, "budget": "ml", "threshold": "1.0"}
    one = KeptFinding(Finding("violation", "k", "Budget", body=body), "open", None, 1, NOW, NOW, NOW)
    assert [message.recipient for message in decide(home(*routes), Seen(NOW, [event(one, 1)])).messages] == ["1@x.com"]
    other = replace(one, finding=replace(one.finding, body={**body, "budget": "web"}))
    assert decide(home(*routes), Seen(NOW, [event(other, 1)])).messages == []
    words = {word for word, meaning in WORDS.items() if meaning.means(one.finding)}
    told = {"budget_threshold", "budget_exceeded"} if on == "actual" else {"budget_forecast", "forecast_variance"}
    assert words == told | {"violation"}
