"""What is due: digests, what was snoozed, and the next level of what nobody acknowledged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from finopsmetrics.core.findings import ENDED
from finopsmetrics.notifications.passing import Pass, sees
from finopsmetrics.notifications.preferences import grade
from finopsmetrics.notifications.rules import Route
from finopsmetrics.notifications.sending import Now, digest
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.outbox import Outgoing
from finopsmetrics.store.telling import EVERYBODY, Escalating, Waiting

GRAVE = "high"
"""From which severity on a finding escalates."""


def tell_what_waited(here: Pass) -> list[Outgoing]:
    """The digests whose time has come; what was snoozed goes out alone. What waits further stays."""
    now = here.seen.now
    fresh = [one for one in here.out.waiting if one.due <= now]
    here.out.waiting = [one for one in here.out.waiting if one.due > now]
    here.out.waited = list(here.seen.waiting)
    awake: dict[tuple[str, str, str], Waiting] = {}
    gathered: dict[tuple[datetime, str, str, str], list[Waiting]] = {}
    for one in sorted({one.id: one for one in [*here.seen.waiting, *fresh]}.values(), key=lambda each: each.place):
        if one.digest:
            gathered.setdefault((one.due, one.digest, one.who, one.channel), []).append(one)
        else:
            awake[one.finding, one.who, one.channel] = one  # of several events the newest: it is told once
    for one in awake.values():
        _awake(here, one)
    messages = []
    for (at, name, who, channel), items in sorted(gathered.items()):
        target = here.target(name, who, channel)
        known = [(one.place, here.findings[one.finding]) for one in items if one.finding in here.findings]
        visible = [(place, kept) for place, kept in known if target is not None and sees(target, kept)]
        if target is not None and visible:
            messages.append(digest(here.routes[name], target, visible, at, here.home.templates, now))
    return messages


def _awake(here: Pass, one: Waiting) -> None:
    """Tell what was snoozed, unless it ended meanwhile; snoozed further, it goes on waiting."""
    kept, target = here.findings.get(one.finding), here.target(one.route, one.who, one.channel)
    if kept is None or target is None or kept.state in ENDED or not sees(target, kept):
        return
    if kept.state != "open" and here.home.outlets.keeps_incidents(one.channel):
        return  # somebody has it in hand: no incident is opened for it
    until = here.snoozed(one.finding, one.who)
    if until is not None:
        here.out.waited = [each for each in here.out.waited if each.id != one.id]
        here.out.waiting.append(replace(one, due=until))
        return
    here.tell(Now(here.routes[one.route], target, kept, one.place, here.seen.now, "found", None), one.place, kept.finding.impact)


def begin(here: Pass, event: Event, route: Route, kept: KeptFinding) -> None:
    """Let the levels of a way come due, when what it tells of is grave."""
    if grade(route.severity(kept.finding)) < grade(GRAVE):
        return
    for level, one in enumerate(route.escalate):
        begun = Escalating(kept.finding.id, route.name, level, event.at + one.after, event.place)
        here.out.begun[begun.finding, begun.route, level] = begun


def escalate(here: Pass) -> None:
    """Tell the levels that are due of what is open still; snoozed for everybody, they come due later."""
    out, now = here.out, here.seen.now
    out.escalated = list(here.seen.escalating)
    kept_due = [one for one in here.seen.escalating if _key(one) not in out.begun and one.finding not in out.ended]
    fresh = [one for one in out.begun.values() if one.due <= now]
    for one in sorted([*kept_due, *fresh], key=lambda each: (each.due, _key(each))):
        out.begun.pop(_key(one), None)
        kept, route = here.findings.get(one.finding), here.routes.get(one.route)
        if kept is None or route is None or one.level >= len(route.escalate) or kept.state != "open":
            continue
        if not route.hears(kept.finding) or grade(route.severity(kept.finding)) < grade(GRAVE):
            continue
        until = here.seen.snoozes.get((one.finding, EVERYBODY))
        if until is not None:
            out.begun[_key(one)] = replace(one, due=until)
        else:
            _climb(here, one, route, kept)


def _climb(here: Pass, one: Escalating, route: Route, kept: KeptFinding) -> None:
    level = route.escalate[one.level]
    meant = here.home.directory.meant(level.recipients)
    for target in here.home.outlets.targets(level.channels, meant, nobody=not level.recipients):
        if here.may_hear(route, target, kept) and here.snoozed(one.finding, target.who) is None:
            before = here.told(one.finding, target)
            place = max(one.place, before.place if before is not None else 0)
            message = Now(route, target, kept, one.place, one.due, "escalated", None, level=one.level)
            here.tell(message, place, kept.finding.impact)


def _key(one: Escalating) -> tuple[str, str, int]:
    return one.finding, one.route, one.level
