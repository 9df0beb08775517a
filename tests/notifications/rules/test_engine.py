"""The engine: everybody who is meant and may see it hears of a finding once, however the events come; nobody else does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.findings import ENDED, Finding
from finopsmetrics.core.notices import Notice
from finopsmetrics.kinds.notification_preference import NotificationPreference
from finopsmetrics.kinds.notification_rule import NotificationRule
from finopsmetrics.notifications.engine import Home, Seen, decide
from finopsmetrics.notifications.people import Directory, Person
from finopsmetrics.notifications.preferences import after_quiet
from finopsmetrics.notifications.reaching import Outlets
from finopsmetrics.notifications.rules import Route, of_rule
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.outbox import Outgoing
from finopsmetrics.store.telling import Escalating, Told, Waiting

NOW = datetime(2026, 5, 20, 12)
SCOPES = {"ann": None, "bob": 'tags.team == "web"', "cid": 'tags.team == "ml"'}
TEAMS = ("web", "ml")


def person(name: str, **preference: Any) -> Person:
    wish = NotificationPreference.read({"name": name, "user": name, **preference}) if preference else None
    scope = SCOPES[name]
    return Person(name, f"{name}@x.example", ("engineer",), scope=Condition.parse(scope) if scope else None, preference=wish)


def home(*rules: Route, people: tuple[Person, ...] = tuple(person(name) for name in SCOPES)) -> Home:
    known = Directory(people, roles=frozenset({"engineer"}))
    return Home(rules, known, Outlets({"mail": "email", "pager": "pagerduty"}))


def rule(**fields: Any) -> Route:
    body = {"name": "r", "persona": "engineer", "channels": ["email"], "alerts": ["cost_anomaly"], **fields}
    return of_rule(NotificationRule.read(body))


def kept(key: str, team: str = "ml", state: str = "open", **fields: Any) -> KeptFinding:
    told = {"where": f'tags.team == "{team}"', "impact": Decimal(100), "currency": "USD", "source": "anomalies", **fields}
    return KeptFinding(Finding("anomaly", key, f"Spike of {key}", **told), state, None, 1, NOW, NOW, NOW)


def found(one: KeptFinding, place: int, at: datetime = NOW) -> tuple[Event, KeptFinding]:
    return Event(one.finding.id, place, at, "finopsmetrics", "found", {}, place), one


def moved(one: KeptFinding, place: int, before: str, after: str) -> tuple[Event, KeptFinding]:
    return Event(one.finding.id, place, NOW, "ann", "state", {"from": before, "to": after}, place), one


@dataclass
class Keeper:
    """Keeps what passes remember, as the state does."""

    home: Home
    told: dict[tuple[str, str, str], Told] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    rising: dict[tuple[str, str, int], Escalating] = field(default_factory=dict)
    findings: dict[str, KeptFinding] = field(default_factory=dict)
    sent: dict[str, Outgoing] = field(default_factory=dict)

    def pass_(self, events: list[tuple[Event, KeptFinding]], now: datetime, **more: Any) -> list[Outgoing]:
        """One pass; the messages that were not put before."""
        self.findings |= {one.finding.id: one for _, one in events}
        due = [one for one in self.waiting.values() if one.due <= now]
        risen = [one for one in self.rising.values() if one.due <= now]
        seen = Seen(now, events, self.findings, list(self.told.values()), due, risen, **more)
        decided = decide(self.home, seen)
        self.told |= decided.told
        for one in decided.waited:
            self.waiting.pop(one.id, None)
        self.waiting |= {one.id: one for one in decided.waiting}
        for each in decided.escalated:
            self.rising.pop((each.finding, each.route, each.level), None)
        self.rising = {key: each for key, each in self.rising.items() if key[0] not in decided.ended}
        self.rising |= decided.begun
        new = [one for one in decided.messages if one.key not in self.sent]
        self.sent |= {one.key: one for one in new}
        return new

    def heard(self) -> Counter[tuple[str, str]]:
        """How often each recipient heard of each finding."""
        return Counter((one.recipient, about) for one in self.sent.values() for about in abouts(one.notice))


def abouts(notice: Notice) -> list[str]:
    return [part.about for part in notice.parts] if notice.parts else [notice.about]


@given(
    st.lists(st.tuples(st.sampled_from(TEAMS), st.sampled_from(["low", "high", "critical"])), min_size=1, max_size=8),
    st.sampled_from(["real_time", "hourly_digest", "daily_digest"]),
    st.sampled_from(["low", "high"]),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_whoever_may_see_it_hears_once_however_the_events_come(
    spikes: list[tuple[str, str]], frequency: str, least: str, cuts: list[bool]
) -> None:
    route = rule(frequency=frequency, min_severity=least)
    events = [found(kept(f"k{place}", team, severity=grade), place + 1) for place, (team, grade) in enumerate(spikes)]
    wanted = {
        (f"{name}@x.example", one.finding.id)
        for _, one in events
        for name, scope in SCOPES.items()
        if (scope is None or scope == one.finding.where) and (least == "low" or one.finding.severity != "low")
    }
    whole, parted = Keeper(home(route)), Keeper(home(route))
    whole.pass_(events, NOW)
    batch: list[tuple[Event, KeptFinding]] = []
    for event, cut in zip(events, cuts, strict=False):
        batch.append(event)
        if cut:
            parted.pass_(batch, NOW)
            batch = []
    parted.pass_(batch, NOW)
    for keeper in (whole, parted):
        for hours in (1, 13, 37):
            keeper.pass_([], NOW + timedelta(hours=hours))
        assert keeper.heard() == Counter(dict.fromkeys(wanted, 1))
        assert keeper.waiting == {}
    again = Keeper(home(route))
    assert {one.key for one in again.pass_(events, NOW)} <= whole.sent.keys()  # a replay puts the same


def test_many_of_one_source_are_one_message() -> None:
    keeper = Keeper(home(rule(), people=(person("ann"),)))
    [one] = keeper.pass_([found(kept(f"k{place}", impact=Decimal("0.10")), place) for place in range(1, 4)], NOW)
    assert (len(one.notice.parts), dict(one.notice.facts)["Impact of anomalies"]) == (3, "0.30 USD")
    assert len(keeper.pass_([found(kept(f"j{place}"), place + 3) for place in range(1, 3)], NOW)) == 2


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_digest_goes_out_once_on_the_days_on_which_clocks_change(day: str, hours: int) -> None:
    route = rule(frequency="daily_digest", schedule="30 2 * * *", zone="Europe/Berlin")
    keeper = Keeper(home(route, people=(person("ann"),)))
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12)
    moment = begin.replace(tzinfo=None)
    keeper.pass_([found(kept("k"), 1, moment)], moment)
    sent = []
    for minutes in range(0, 60 * (hours + 13), 15):
        sent += keeper.pass_([], moment + timedelta(minutes=minutes))
    assert len(sent) == 1


def test_preferences_narrow_and_never_widen() -> None:
    def heard(**preference: Any) -> list[Outgoing]:
        keeper = Keeper(home(rule(channels=["email", "pagerduty"]), people=(person("ann", **preference),)))
        return [one for one in keeper.pass_([found(kept("k", severity="medium"), 1)], NOW) if one.channel == "mail"]

    assert len(heard(channels=["email"])) == 1
    assert heard(channels=["slack"]) == []
    assert heard(mute=["cost_anomaly"]) == []
    assert heard(min_severity="high") == []
    assert heard(frequency="daily_digest") == []
    [later] = heard(quiet_hours={"start": "11:00", "end": "13:00"})
    assert later.due == datetime(2026, 5, 20, 13)


def test_quiet_hours_pass_midnight_and_let_through_what_is_critical() -> None:
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00", "days": ["wed"]}, "zone": "Europe/Berlin"}
    wish = person("ann", **quiet).preference
    assert after_quiet(wish, datetime(2026, 5, 20, 21)) == datetime(2026, 5, 21, 5)  # Wednesday, 23:00 there
    assert after_quiet(wish, datetime(2026, 5, 21, 21)) == datetime(2026, 5, 21, 21)  # Thursday is not quiet
    keeper = Keeper(home(rule(), people=(person("ann", **quiet),)))
    [one] = keeper.pass_([found(kept("k", severity="critical"), 1)], datetime(2026, 5, 20, 21))
    assert one.due == datetime(2026, 5, 20, 21)


def test_the_same_is_told_again_only_when_it_moved() -> None:
    keeper = Keeper(home(rule(), people=(person("ann"),)))
    keeper.pass_([found(kept("k"), 1)], NOW)

    def change(place: int, impact: str) -> int:
        one = kept("k", impact=Decimal(impact))
        event = Event(one.finding.id, place, NOW, "finopsmetrics", "changed", {"impact": ["100", impact]}, place)
        return len(keeper.pass_([(event, one)], NOW))

    assert [change(2, "119.99"), change(3, "120"), change(4, "143"), change(5, "90")] == [0, 1, 0, 1]


def test_escalation_stops_when_somebody_acknowledges_and_channels_that_keep_incidents_hear_of_it() -> None:
    route = rule(
        channels=["pagerduty"],
        persona=None,
        recipients=[],
        escalate=[{"after": "1h", "channels": ["email"], "recipients": ["boss@y.example"]}],
    )
    keeper = Keeper(home(route))
    one = kept("k", severity="high")
    assert [each.channel for each in keeper.pass_([found(one, 1)], NOW)] == ["pager"]
    taken = kept("k", severity="high", state="acknowledged")
    [told] = keeper.pass_([moved(taken, 2, "open", "acknowledged")], NOW)
    assert (told.channel, told.notice.stage, told.notice.about) == ("pager", "acknowledge", one.finding.id)
    assert keeper.pass_([], NOW + timedelta(hours=2)) == []
    other = Keeper(home(route))
    other.pass_([found(one, 1)], NOW)
    assert [each.recipient for each in other.pass_([], NOW + timedelta(hours=2))] == ["boss@y.example"]
    [over] = other.pass_([moved(kept("k", severity="high", state="done"), 2, "open", "done")], NOW + timedelta(hours=3))
    assert (over.channel, over.notice.stage) == ("pager", "resolve")
    assert "done" in ENDED
