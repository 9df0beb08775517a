"""From a finding to a message that arrives: rules, people and preferences of a home, by every face, and killed in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.core.findings import Finding
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.plugins.http import PRIVATE_HOSTS
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.anomalies import Anomalies
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.notifying import Notifying, home_of
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.runtime.reviewing import Reviewing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import telling
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.store.outbox import Message
from tests.anomalies.estate import END, background, deliver, quiet, rows
from tests.cli.console import inside
from tests.collecting.fake_api import FakeApi, Reply
from tests.iam.conftest import Clock, client_of

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPIKE = Finding(
    "anomaly",
    "compute",
    "compute costs 3 times what is usual",
    severity="high",
    where='tags.team == "ml"',
    start=datetime(2026, 5, 1),
    end=datetime(2026, 5, 3),
    impact=Decimal("120"),
    currency="USD",
    body={"likely_cause": "1 new resource explains all of it."},
    source="anomalies",
)


@pytest.fixture
def clock() -> Clock:
    return Clock(END + timedelta(hours=5))


@pytest.fixture
def home(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A home with a room of a bot, a mail connection, and two people: Ann sees all, Bob what is of team web."""
    monkeypatch.setenv("MAIL", "smtp://user:pw@mail.example.com")
    with Workspace(tmp_path / "home", now=clock) as workspace:
        acting = Acting(workspace, OWNER)
        acting.specs.put(
            "connection",
            "mail",
            {"integration": "email", "settings": {"sender": "f@x.example"}, "secrets": {"server": "env:MAIL"}},
        )
        acting.specs.put("connection", "chat", {"integration": "slack", "secrets": {"token": "env:SLACK"}})
        acting.specs.put(
            "role",
            "web_engineer",
            {"permissions": ["costs:read", "findings:read"], "sees": "everything", "scope": 'tags.team == "web"'},
        )
        users = IAMManager(workspace.opened).users
        users.add("ann", roles=["cfo"], by=OWNER, email="ann@x.example", password="a sentence nobody guesses")
        users.add("bob", roles=["web_engineer"], by=OWNER, email="bob@x.example", password="a sentence nobody guesses")
        yield workspace


def rule(home: Workspace, name: str = "all", **fields: Any) -> None:
    body = {"channels": ["email"], "alerts": ["anomaly_detection"], **fields}
    Acting(home, OWNER).specs.put("notification_rule", name, body)


def book(home: Workspace) -> FindingBook:
    return FindingBook(home.opened.database, home.opened.now)


def route(home: Workspace) -> list[Message]:
    """Route, and give what the outbox holds, the oldest first."""
    Notifying(Acting(home, OWNER)).route()
    return Outbox(Acting(home, OWNER)).all(limit=500)[::-1]


def test_whoever_a_rule_means_hears_once_of_what_they_may_see(home: Workspace) -> None:
    rule(home, persona="cfo", recipients=["bob", "extern@y.example", "#finops"], channels=["email", "slack"])
    book(home).keep([SPIKE])
    told = {(one.channel, one.recipient) for one in route(home)}
    assert told == {
        ("mail", "ann@x.example"),
        ("mail", "extern@y.example"),
        ("chat", "ann@x.example"),
        ("chat", "#finops"),
    }  # Bob may not see the charges of team ml
    assert len(route(home)) == 4
    book(home).keep([replace(SPIKE, impact=Decimal("125"))])  # moved by less than a fifth
    assert len(route(home)) == 4
    book(home).keep([replace(SPIKE, impact=Decimal("300"))])
    assert len(route(home)) == 8


def test_a_digest_waits_for_its_time(home: Workspace, clock: Clock) -> None:
    rule(home, persona="cfo", frequency="daily_digest", schedule="30 8 * * *", zone="Europe/Berlin")
    book(home).keep([SPIKE, replace(SPIKE, key="other", impact=Decimal("1.50"))])
    assert route(home) == []
    clock.pass_(hours=1, minutes=31)  # 05:00 UTC and a bit more than 06:30 UTC, which is 08:30 in Berlin
    [one] = route(home)
    assert [part.title for part in one.notice.parts] == [SPIKE.title, SPIKE.title]
    assert ("Impact of anomalies", "121.50 USD") in one.notice.facts
    clock.pass_(days=1)
    assert len(route(home)) == 1


def test_a_kill_between_any_two_statements_loses_and_doubles_nothing(home: Workspace) -> None:
    rule(
        home,
        persona="cfo",
        recipients=["extern@y.example"],
        escalate=[{"after": "1h", "channels": ["email"], "recipients": ["ann"]}],
    )
    book(home).keep([SPIKE])
    for place in ("put_told", "drop_waiting", "put_waiting", "drop_escalations", "end_escalations", "put_escalations", "move"):
        with patch.object(telling, place, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            Notifying(Acting(home, OWNER)).route()
        assert Outbox(Acting(home, OWNER)).all() == []
    assert {one.recipient for one in route(home)} == {"ann@x.example", "extern@y.example"}
    assert len(route(home)) == 2


def test_escalation_goes_on_until_somebody_acknowledges(home: Workspace, clock: Clock) -> None:
    levels = [
        {"after": "1h", "channels": ["email"], "recipients": ["boss@y.example"]},
        {"after": "2h", "channels": ["email"], "recipients": ["ceo@y.example"]},
    ]
    rule(home, persona="cfo", escalate=levels)
    book(home).keep([SPIKE])
    assert [one.recipient for one in route(home)] == ["ann@x.example"]
    clock.pass_(minutes=61)
    assert [one.recipient for one in route(home)] == ["ann@x.example", "boss@y.example"]
    Reviewing(Acting(home, OWNER)).change(SPIKE.id, state="acknowledged")
    clock.pass_(hours=3)
    assert len(route(home)) == 2


def test_snoozed_is_told_when_the_time_is_over(home: Workspace, clock: Clock) -> None:
    rule(home, persona="cfo")
    reviewing = Reviewing(Acting(home, OWNER))
    book(home).keep([SPIKE])
    with pytest.raises(UsageError, match="Only a user"):
        reviewing.snooze(SPIKE.id, "4h")
    with pytest.raises(UsageError, match="The time cannot be read"):
        reviewing.snooze(SPIKE.id, "soon", everybody=True)
    assert "Nobody hears" in inside("findings", "snooze", SPIKE.id, "--for", "1h", home=home.home).err
    reviewing.snooze(SPIKE.id, "4h", everybody=True)  # by the home's own clock
    assert route(home) == []
    assert [event.action for event in reviewing.history(SPIKE.id)] == ["found", "snooze", "snooze"]
    clock.pass_(hours=5)
    assert [one.recipient for one in route(home)] == ["ann@x.example"]


def test_alerts_of_a_detector_go_by_themselves(home: Workspace, tmp_path: Path) -> None:
    model = {"type": "robust", "sensitivity": 0.95, "window": "7d"}
    alerts = [{"channels": ["slack"], "recipients": ["#ml-team"], "priority": "critical"}]
    Acting(home, OWNER).specs.put("anomaly_detector", "jobs", {"model": model, "alerts": alerts})
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", lambda back: quiet(back) + (900 if back < 2 else 0))])
    Anomalies(Acting(home, OWNER)).night()
    [one] = route(home)
    assert (one.channel, one.recipient, one.notice.severity) == ("chat", "#ml-team", "critical")
    said = " ".join([one.notice.title, *one.notice.sentences, *(value for fact in one.notice.facts for value in fact)])
    assert "compute" in said
    assert "all of it is use, not price" in said


def test_ones_own_preference_narrows_what_one_hears(home: Workspace, clock: Clock) -> None:
    rule(home, persona="cfo", channels=["email", "slack"])
    with BackgroundServer(home) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        login = client.post("/api/v1/auth/login", json={"name": "ann", "password": "a sentence nobody guesses"})
        client.headers["X-CSRF-Token"] = login.json()["csrf"]
        url = "/api/v1/me/notification-preference"
        assert client.get(url).json() == {"preference": None}
        quiet_hours = {"start": "22:00", "end": "09:00"}
        wanted = {"channels": ["email"], "quiet_hours": quiet_hours, "zone": "Europe/Berlin"}
        kept = client.patch(url, json={"changes": wanted}).json()["preference"]
        assert (kept["user"], kept["channels"], client.get(url).json()["preference"]) == ("ann", ["email"], kept)
        assert client.patch(url, json={"changes": {"user": "bob"}}).status_code == 400
        assert client.patch(url, json={"changes": {"channels": 7}}).status_code == 422
        assert client.patch(url, json={"changes": {"mute": ["resource_idle"]}}).json()["preference"]["channels"] == ["email"]
        assert client.get("/api/v1/notifications/check").status_code in {200, 403}
    book(home).keep([SPIKE])
    [one] = route(home)
    assert (one.channel, one.recipient, one.due) == ("mail", "ann@x.example", datetime(2026, 5, 21, 7))


def test_what_means_nothing_is_named(home: Workspace) -> None:
    rule(home, "odd", persona="astronaut", channels=["pigeon"], alerts=["moon_landing"], format="sonnet")
    rule(home, "good", persona="cfo")
    (home.home / "templates").mkdir()
    (home.home / "templates" / "cfo_alerts.yaml").write_text("formats: [")
    faults = Notifying(Acting(home, OWNER)).check()
    assert set(faults) == {"rule/odd", "templates"}
    for word in ("astronaut", "pigeon", "moon_landing"):
        assert word in faults["rule/odd"]
    said = inside("notify", "check", home=home.home)
    assert (said.code, "rule/odd" in said.err) == (1, True)
    book(home).keep([SPIKE])
    assert [one.recipient for one in route(home)] == ["ann@x.example"]  # the rest goes on, in the package's words


def test_a_preview_says_who_would_hear_what_and_sends_nothing(home: Workspace) -> None:
    rule(home, persona="cfo", frequency="weekly_digest")
    book(home).keep([SPIKE])
    [one] = Notifying(Acting(home, OWNER)).preview("all")
    assert (one.who, one.recipient, one.digest, one.due) == ("user:ann", "ann@x.example", True, datetime(2026, 5, 25))
    with client_of(home) as client:
        answer = client.get("/api/v1/notifications/preview?rule=all")
        assert answer.status_code == 401  # somebody can log in, so nobody is let in without
    shown = inside("notify", "preview", "all", "--finding", SPIKE.id, "--format", "json", home=home.home).json
    assert [each["notice"]["about"] for each in shown] == [SPIKE.id]
    assert "ann@x.example" in inside("notify", "preview", "all", home=home.home).text
    assert Outbox(Acting(home, OWNER)).all() == []
    with pytest.raises(NotFoundError, match="There is no rule 'other'"):
        Notifying(Acting(home, OWNER)).preview("other")
    narrow = Principal("x", "user", frozenset({"notifications:read"}), None)
    with pytest.raises(ForbiddenError):
        Notifying(Acting(home, narrow)).route()


def test_by_the_steps_it_arrives(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRIVATE_HOSTS, "127.0.0.1")
    monkeypatch.setenv("HOOK_KEY", KEY)
    with closing(FakeApi(lambda _: Reply(b"", 204))) as hook:
        settings = {"url": f"{hook.url}/in"}
        Acting(home, OWNER).specs.put(
            "connection", "hook", {"integration": "webhook", "settings": settings, "secrets": {"signing_key": "env:HOOK_KEY"}}
        )
        rule(home, channels=["hook"])
        book(home).keep([SPIKE])
        assert len(route(home)) == 1
        assert inside("notify", "route", home=home.home).err.startswith("0 events seen, 0 messages put")
        done = Delivering(Acting(home, OWNER)).deliver()
        assert (done.sent, len(hook.asked)) == (1, 1)
        assert hook.asked[0].json()["data"]["about"] == SPIKE.id


def test_the_places_of_a_webhook_in_chat_name_nobody(home: Workspace) -> None:
    Acting(home, OWNER).specs.put("connection", "wall", {"integration": "slack", "secrets": {"webhook": "env:WALL"}})
    assert home_of(home.opened)[0].outlets.fixed == {"wall"}
    rule(home, persona="cfo", channels=["slack"])
    book(home).keep([SPIKE])
    assert {(one.channel, one.recipient) for one in route(home)} == {("chat", "ann@x.example"), ("wall", "")}


def test_whoever_sees_some_charges_lets_others_be_told_of_these_alone(home: Workspace) -> None:
    web = Condition.parse('tags.team == "web"')
    narrow = Acting(home, Principal("lead", "user", frozenset({"*:*"}), web)).specs
    told = {"channels": ["slack"], "recipients": ["#web"], "alerts": ["anomaly_detection"]}
    alerts = {"amount": 5, "period": "monthly", "alerts": [{"threshold": 1, "channels": ["slack"]}]}
    for kind, body in (("notification_rule", told), ("budget", alerts)):
        for condition in (None, 'tags.team == "web" OR tags.team == "ml"'):
            with pytest.raises(ForbiddenError, match="would tell of charges"):
                narrow.put(kind, "mine", {**body, "condition": condition} if condition else body)
        narrow.put(kind, "mine", {**body, "condition": 'tags.team == "web" AND ServiceName == "x"'})
    narrow.put("budget", "other", {**alerts, "filters": {"team": "web"}})
    narrow.put("budget", "silent", {"amount": 5, "period": "monthly"})
