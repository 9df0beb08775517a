"""Notifying: what happened to findings becomes messages in the outbox, for whom rules and preferences say, once each.

Reading the events, deciding, putting the messages and moving on is one transaction: a kill in between leaves all of it undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.iam.grants import Declared
from finopsmetrics.kinds.anomaly_detector import AnomalyDetector
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.kinds.notification_preference import NotificationPreference
from finopsmetrics.kinds.notification_rule import NotificationRule
from finopsmetrics.notifications.engine import Home, Seen, decide
from finopsmetrics.notifications.people import Directory, Person
from finopsmetrics.notifications.reaching import Outlets
from finopsmetrics.notifications.rules import Route, of_budget, of_detector, of_rule
from finopsmetrics.notifications.templates import Templates
from finopsmetrics.notifications.words import known
from finopsmetrics.runtime.channels import Channels
from finopsmetrics.store import outbox, people, telling
from finopsmetrics.store.findings import Event, FindingBook, KeptFinding, events_after, known_findings
from finopsmetrics.store.specs import bodies

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.store.opened import OpenedHome

S = TypeVar("S", NotificationRule, NotificationPreference, Budget, AnomalyDetector)
BATCH = 200
"""Events that are decided on in one transaction."""
SHOWN = 20


@dataclass
class Routed:
    """What a pass came to: events seen, messages put into the outbox, and what is declared but cannot be applied, with why."""

    events: int = 0
    messages: int = 0
    faults: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"events": self.events, "messages": self.messages, "faults": self.faults}


@dataclass(frozen=True)
class Preview:
    """What somebody would be told of a finding by a rule: by which channel, when, and in which words."""

    finding: str
    who: str
    channel: str
    recipient: str
    due: datetime
    digest: bool
    notice: Mapping[str, Any]


class Notifying:
    """`notifications:write` to route, `notifications:read` to look; both over all charges."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._opened = acting.workspace.opened

    def route(self, *, beat: Callable[[], None] = lambda: None) -> Routed:
        """Turn every event that was not seen yet, and what is due, into messages."""
        self._may("notifications:write")
        routed = Routed()
        with self._opened.database.read() as connection:
            if not telling.pending(connection, self._opened.now()):
                return routed
        home, routed.faults = home_of(self._opened)
        while True:
            beat()
            events, messages = self._pass(home)
            routed.events += events
            routed.messages += messages
            if events < BATCH:
                return routed

    def check(self) -> dict[str, str]:
        """What is declared of notifications and cannot be applied as it stands, each with the reason."""
        self._may("notifications:read")
        home, faults = home_of(self._opened)
        for route in home.routes:
            wrong = "; ".join(_wrong(route, home))
            if wrong:
                faults[route.name] = wrong
        return dict(sorted(faults.items()))

    def preview(self, rule: str, finding: str | None = None) -> list[Preview]:
        """What a rule would tell of one finding, or of the newest that are open; nothing is sent. Raises NotFoundError."""
        self._may("notifications:read")
        home, faults = home_of(self._opened)
        route = next((one for one in home.routes if one.name in {rule, f"rule/{rule}"}), None)
        if route is None:
            told = faults.get(f"notification_rule {rule}")
            cure = "See `finopsmetrics get notification_rule`; alerts are named budget/NAME/0 and detector/NAME/0."
            raise NotFoundError(f"There is no rule {rule!r} that is applied{f': {told}' if told else ''}.", cure=cure)
        book = FindingBook(self._opened.database, self._opened.now)
        about = [book.get(finding)] if finding else book.page(states=["open", "acknowledged"], limit=SHOWN)
        return [one for kept in about for one in _previewed(replace(home, routes=[route]), route, kept, self._opened.now())]

    def _pass(self, home: Home) -> tuple[int, int]:
        """One transaction: up to BATCH events, and when no more are there what is due. Gives how many events and messages."""
        now = self._opened.now()
        with self._opened.database.write() as connection:
            place = telling.cursor(connection)
            events = events_after(connection, place, BATCH)
            decided = decide(home, _seen(connection, events, now))
            new = outbox.put(connection, decided.messages, now)
            telling.put_told(connection, decided.told.values())
            telling.drop_waiting(connection, decided.waited)
            telling.put_waiting(connection, decided.waiting)
            telling.drop_escalations(connection, decided.escalated)
            telling.end_escalations(connection, decided.ended)
            telling.put_escalations(connection, decided.begun.values())
            if events:
                telling.move(connection, events[-1][0].place)
        return len(events), len(new)

    def _may(self, permission: str) -> None:
        self._acting.require(permission)
        self._acting.principal.require_all_charges("notifications")


def home_of(opened: OpenedHome) -> tuple[Home, dict[str, str]]:
    """Who can be told how, as a home declares it; and what it declares that cannot be read, with why."""
    faults: dict[str, str] = {}
    try:
        templates = Templates.of_home(opened.home.root)
    except FinOpsError as error:
        faults["templates"], templates = str(error), Templates.built_in()
    channels = Channels(opened).all()
    fixed = frozenset(name for name, one in channels.items() if one.integration == "slack" and "token" not in one.secrets)
    outlets = Outlets({name: one.integration for name, one in channels.items()}, fixed)
    with opened.database.read() as connection:
        routes = list(_routes(connection, faults))
        wanted = list(_read(connection, NotificationPreference, faults))
        directory = Directory.of(people.all_users(connection), Declared.load(connection), wanted)
    return Home(routes, directory, outlets, templates), faults


def _routes(connection: Connection, faults: dict[str, str]) -> Iterator[Route]:
    for rule in _read(connection, NotificationRule, faults):
        yield from [of_rule(rule)] if rule.enabled else []
    for budget in _read(connection, Budget, faults):
        yield from of_budget(budget) if budget.enabled else []
    for detector in _read(connection, AnomalyDetector, faults):
        yield from of_detector(detector) if detector.enabled else []


def _read(connection: Connection, kind: type[S], faults: dict[str, str]) -> Iterator[S]:
    for name, body in sorted(bodies(connection, kind.kind).items()):
        try:
            yield kind.read(body)
        except FinOpsError as error:
            faults[f"{kind.kind} {name}"] = str(error)


def _seen(connection: Connection, events: list[tuple[Event, KeptFinding]], now: datetime) -> Seen:
    last = len(events) < BATCH
    waiting = telling.waiting_due(connection, now) if last else []
    escalating = telling.escalations_due(connection, now) if last else []
    here = {event.finding for event, _ in events}
    others = {one.finding for one in waiting} | {one.finding for one in escalating}
    return Seen(
        now,
        events,
        known_findings(connection, others - here),
        telling.told_of(connection, here | others),
        waiting,
        escalating,
        telling.snoozed(connection, here | others, now),
        last,
    )


def _wrong(route: Route, home: Home) -> Iterator[str]:
    """What of a route means nothing here."""
    meant = home.directory.meant(route.recipients, route.persona)
    for level in route.escalate:
        meant_too = home.directory.meant(level.recipients)
        yield from (f"{word!r} of its escalation is nobody" for word in meant_too.unknown)
    yield from (f"{word!r} is no user, team, role, e-mail address or #channel" for word in meant.unknown)
    for word in dict.fromkeys([*route.channels, *(word for level in route.escalate for word in level.channels)]):
        if not home.outlets.named(word):
            yield f"no connection is {word!r}"
    try:
        for word in route.alerts:
            known(word)
        if route.format is not None:
            home.templates.check(route.format)
    except FinOpsError as error:
        yield str(error)
    if not home.targets(route) and not meant.unknown:
        yield "it reaches nobody"


def _previewed(home: Home, route: Route, kept: KeptFinding, now: datetime) -> Iterator[Preview]:
    """What a route would tell of a finding if it were found now: who hears and when as it is, the words as if at once."""
    event = Event(kept.finding.id, 1, now, "preview", "found", {}, 1)
    seen = Seen(now, [(event, kept)], last=False)
    really = decide(home, seen)
    waits = {(one.who, one.channel): one.due for one in really.waiting}
    goes = {(one.channel, one.recipient): one.due for one in really.messages}
    directory = replace(home.directory, people=[_eager(one) for one in home.directory.people])
    at_once = replace(home, directory=directory, routes=[replace(route, frequency="real_time")])
    words = {(one.channel, one.recipient): one.notice for one in decide(at_once, seen).messages}
    for one in really.told.values():
        waiting, place = waits.get((one.who, one.channel)), (one.channel, one.recipient)
        due = waiting or goes[place]
        yield Preview(kept.finding.id, one.who, *place, due, waiting is not None, words[place].as_dict())


def _eager(person: Person) -> Person:
    """A person who wants to hear at once: for the words alone, not for when they go out."""
    preference = person.preference
    return person if preference is None else replace(person, preference=preference.model_copy(update={"frequency": None}))
