"""A pass of the engine: what it sees, whom it can reach, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from finopsmetrics.notifications.moving import counted
from finopsmetrics.notifications.people import Directory
from finopsmetrics.notifications.preferences import wants
from finopsmetrics.notifications.reaching import Outlets, Target
from finopsmetrics.notifications.rules import Route
from finopsmetrics.notifications.sending import Now
from finopsmetrics.notifications.templates import Templates
from finopsmetrics.notifications.words import within
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.outbox import Outgoing
from finopsmetrics.store.telling import EVERYBODY, Escalating, Told, Waiting


@dataclass(frozen=True)
class Home:
    """Who can be told how, as a home declares it."""

    routes: Sequence[Route] = ()
    directory: Directory = field(default_factory=Directory)
    outlets: Outlets = field(default_factory=Outlets)
    templates: Templates = field(default_factory=Templates.built_in)

    def targets(self, route: Route) -> list[Target]:
        """Whom a route tells by which connections."""
        meant = self.directory.meant(route.recipients, route.persona)
        return self.outlets.targets(route.channels, meant, nobody=route.persona is None and not route.recipients)


@dataclass(frozen=True)
class Seen:
    """What a pass sees. `events` follow one another, each with its finding as it is now; `waiting` and `escalating` are due.

    `findings` holds every other finding that is spoken of; `snoozes` is (finding, who) with the time until which. `last` says
    that no further event is there yet: what is due waits for that.
    """

    now: datetime
    events: Sequence[tuple[Event, KeptFinding]] = ()
    findings: Mapping[str, KeptFinding] = field(default_factory=dict)
    told: Sequence[Told] = ()
    waiting: Sequence[Waiting] = ()
    escalating: Sequence[Escalating] = ()
    snoozes: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    last: bool = True


@dataclass
class Decided:
    """What a pass comes to: messages, and what to remember. `waited` and `escalated` are over; `ended` escalate no more."""

    messages: list[Outgoing] = field(default_factory=list)
    told: dict[tuple[str, str, str], Told] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    waited: list[Waiting] = field(default_factory=list)
    begun: dict[tuple[str, str, int], Escalating] = field(default_factory=dict)
    escalated: list[Escalating] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)


class Pass:
    """What a pass has come to so far. `now` are messages that go out alone, unless several are gathered."""

    def __init__(self, home: Home, seen: Seen) -> None:
        self.home, self.seen, self.out = home, seen, Decided()
        self.now: list[Now] = []
        self.findings = {**seen.findings, **{kept.finding.id: kept for _, kept in seen.events}}
        self.routes = {route.name: route for route in sorted(home.routes, key=lambda one: one.rank)}
        self._told = {(one.finding, one.who, one.channel): one for one in seen.told}
        self._targets: dict[str, list[Target]] = {}

    def targets(self, route: Route) -> list[Target]:
        """Whom a route tells by which connections, asked once."""
        if route.name not in self._targets:
            self._targets[route.name] = self.home.targets(route)
        return self._targets[route.name]

    def target(self, route: str, who: str, channel: str) -> Target | None:
        """Somebody as they can be reached now; None when the route, the person or the connection is gone."""
        found = self.targets(self.routes[route]) if route in self.routes else []
        return next((one for one in found if (one.who, one.channel) == (who, channel)), None)

    def may_hear(self, route: Route, target: Target, kept: KeptFinding) -> bool:
        """Whether somebody may see what a finding is about, and wants to hear of it."""
        return sees(target, kept) and wants(target, kept.finding, route.severity(kept.finding), self.home.outlets)

    def snoozed(self, finding: str, who: str) -> datetime | None:
        """Until when somebody is not to hear of a finding; None when they are."""
        times = [self.seen.snoozes.get((finding, one)) for one in (who, EVERYBODY)]
        return max((one for one in times if one is not None), default=None)

    def told(self, finding: str, target: Target) -> Told | None:
        """The newest that somebody was told of a finding."""
        return self._told.get((finding, target.who, target.channel))

    def told_of(self, finding: str) -> Iterator[Told]:
        """Whatever anybody was told of a finding."""
        return (one for one in list(self._told.values()) if one.finding == finding)

    def remember(self, told: Told) -> None:
        """Note what somebody was told."""
        key = (told.finding, told.who, told.channel)
        self._told[key] = self.out.told[key] = told

    def tell(self, one: Now, place: int, impact: Decimal | None) -> None:
        """Let a message go out now, and note it; `place` is the newest event that it tells of."""
        self.now.append(one)
        self.remember(self.note(one.route, one.target, one.kept, place, impact, "alone"))

    def note(self, route: Route, target: Target, kept: KeptFinding, place: int, impact: Decimal | None, how: str) -> Told:
        """What is remembered of telling somebody of an event."""
        finding, known = kept.finding, counted(impact)
        return Told(finding.id, target.who, target.channel, target.recipient, place, route.severity(finding), known, how)


def sees(target: Target, kept: KeptFinding) -> bool:
    """Whether a person may see every charge that a finding is about; what is no person hears what its rule says."""
    return target.person is None or within(kept.finding.where, target.person.scope)
