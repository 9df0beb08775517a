"""The engine: what happened to findings, rules, people and the time in; messages and what to remember out. It is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from finopsmetrics.core.notices import Stage
from finopsmetrics.core.ticks import next_tick
from finopsmetrics.notifications.due import GRAVE, begin, escalate, tell_what_waited
from finopsmetrics.notifications.moving import counted, impacts, moved
from finopsmetrics.notifications.passing import Decided, Home, Pass, Seen
from finopsmetrics.notifications.preferences import grade, slower
from finopsmetrics.notifications.reaching import Target
from finopsmetrics.notifications.rules import Route
from finopsmetrics.notifications.sending import Now, gathered, staged
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.outbox import Outgoing
from finopsmetrics.store.telling import Told, Waiting

__all__ = ["Decided", "Home", "Seen", "decide"]

STAGES: Mapping[str, Stage] = {
    "acknowledged": "acknowledge",
    "approved": "acknowledge",
    "done": "resolve",
    "dismissed": "resolve",
}
"""What becomes of an incident when its finding comes into a state."""


def decide(home: Home, seen: Seen) -> Decided:
    """What is to be told now, what waits, and what is to be remembered: first of the events in their order, then of what is due.

    The same of the same: nothing else is looked at.
    """
    here = Pass(home, seen)
    stages: list[Outgoing] = []
    known = impacts(event for event, _ in seen.events)
    for event, kept in seen.events:
        before, after = event.detail.get("from"), str(event.detail.get("to"))
        if event.action == "state" and before != after and after in STAGES:
            stages += _ended(here, event, kept, STAGES[after])
        elif event.action in {"found", "returned", "changed"} or (event.action == "state" and before != after):
            _heard(here, event, kept, known.get(event.place, counted(kept.finding.impact)))
    digests: list[Outgoing] = []
    if seen.last:
        digests = tell_what_waited(here)
        escalate(here)
    here.out.messages = [*gathered(here.now, home.templates, home.outlets, seen.now), *stages, *digests]
    return here.out


def _heard(here: Pass, event: Event, kept: KeptFinding, impact: Decimal | None) -> None:
    """Something is new, came back or moved: each way that hears of it tells everybody it means, each of them once a channel."""
    done: set[tuple[str, str]] = set()
    changed = event.action == "changed"
    for route in here.routes.values():
        if not route.hears(kept.finding):
            continue
        graver = False
        for target in here.targets(route):
            place = (target.who, target.channel)
            before = here.told(kept.finding.id, target)
            if place in done or (before is not None and before.place >= event.place) or not here.may_hear(route, target, kept):
                continue
            if changed and before is not None and not moved(before, route, kept.finding, impact):
                continue
            done.add(place)
            graver = graver or before is None or grade(before.severity) < grade(GRAVE)
            _tell(here, event, route, target, kept, impact)
        if not changed or graver:
            begin(here, event, route, kept)


def _tell(here: Pass, event: Event, route: Route, target: Target, kept: KeptFinding, impact: Decimal | None) -> None:
    """Tell somebody of an event at once, or let it wait for a digest or for the end of a snooze."""
    preference = target.person.preference if target.person is not None else None
    frequency = slower(route.frequency, preference)
    until = here.snoozed(kept.finding.id, target.who)
    if frequency == "real_time" and until is None:
        before = here.told(kept.finding.id, target) if event.action == "changed" else None
        here.tell(Now(route, target, kept, event.place, event.at, event.action, before), event.place, impact)
        return
    due, digest = until, ""
    if frequency != "real_time":
        zone = route.zone if frequency == route.frequency or preference is None else preference.zone or route.zone
        due, digest = next_tick(route.cron(frequency), zone, max(event.at, until or event.at)), route.name
    if due is not None:  # None of a schedule such as 30 February, which never comes
        held = (due, digest, route.name, kept.finding.id, target.who, target.channel, target.recipient, event.place)
        here.out.waiting.append(Waiting(*held))
        here.remember(here.note(route, target, kept, event.place, impact, "waits"))


def _ended(here: Pass, event: Event, kept: KeptFinding, stage: Stage) -> list[Outgoing]:
    """Nothing escalates any more; channels that keep incidents, and were told of this one, hear what became of it."""
    finding = kept.finding.id
    here.out.ended.add(finding)
    here.out.begun = {key: one for key, one in here.out.begun.items() if key[0] != finding}
    messages: list[Outgoing] = []
    for one in here.told_of(finding):
        if one.how == "alone" and here.home.outlets.keeps_incidents(one.channel) and one.place < event.place:
            messages.append(staged(kept, event, stage, one, here.home.templates, here.seen.now))
            here.remember(_at(one, event.place))
    return messages


def _at(told: Told, place: int) -> Told:
    return replace(told, place=place)
