"""Sending: decided messages as they are put into the outbox: alone, gathered, as a digest, or as the end of an incident."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from finopsmetrics.core.notices import Notice, Stage
from finopsmetrics.notifications.digests import group_of, summary
from finopsmetrics.notifications.preferences import after_quiet
from finopsmetrics.notifications.reaching import Outlets, Target
from finopsmetrics.notifications.rules import Route
from finopsmetrics.notifications.templates import Templates
from finopsmetrics.notifications.templates.composing import Telling, compose
from finopsmetrics.store.findings import Event, KeptFinding
from finopsmetrics.store.outbox import Outgoing
from finopsmetrics.store.telling import Told

GATHERED_FROM = 3
"""From so many messages of one source to somebody in one pass on they become one message."""


@dataclass(frozen=True)
class Now:
    """A message that goes out alone: `why` is found, returned, changed, state or escalated; `before` what was told last."""

    route: Route
    target: Target
    kept: KeptFinding
    place: int
    at: datetime
    why: str
    before: Told | None
    level: int = -1

    @property
    def key(self) -> str:
        """Tells it from every other message; the same in every pass."""
        what = f"escalation/{self.route.name}/{self.level}" if self.why == "escalated" else "finding"
        return f"{what}/{self.kept.finding.id}/{self.place}/{self.target.who}/{self.target.channel}"


def notice_of(one: Now, templates: Templates) -> Notice:
    """The message in the words of its reader's template."""
    told = Telling(one.kept, one.at, one.route.severity(one.kept.finding), one.why, one.before)
    return compose(told, templates.pick(persona_of(one.route, one.target, templates), one.route.format))


def gathered(messages: Sequence[Now], templates: Templates, outlets: Outlets, now: datetime) -> list[Outgoing]:
    """Messages for the outbox: what is of one source, for the same somebody at the same time, is one message from three on."""
    groups: dict[tuple[str, ...], list[tuple[Now, datetime]]] = {}
    for one in messages:
        due = due_at(one.target, one.route.severity(one.kept.finding), now)
        alone = one.key if outlets.keeps_incidents(one.target.channel) or one.why == "escalated" else ""
        place = (one.target.who, one.target.channel, one.route.name, one.kept.finding.source, due.isoformat(), alone)
        groups.setdefault(place, []).append((one, due))
    found: list[Outgoing] = []
    for group in groups.values():
        if len(group) < GATHERED_FROM:
            found += [_outgoing(one.key, one.target, notice_of(one, templates), due) for one, due in group]
            continue
        first, due = group[0]
        told = "\n".join(one.key for one, _ in group)
        name = hashlib.sha256(told.encode()).hexdigest()
        parts = [(one.kept, notice_of(one, templates)) for one, _ in group]
        notice = group_of(parts, first.kept.finding.source, now, about=f"group-{name[:20]}")
        found.append(_outgoing(f"group/{first.target.who}/{first.target.channel}/{name}", first.target, notice, due))
    return found


def digest(
    route: Route, target: Target, found: Iterable[tuple[int, KeptFinding]], at: datetime, templates: Templates, now: datetime
) -> Outgoing:
    """The digest of a route for somebody: each finding once, the most severe first."""
    items = list(found)
    picked = templates.pick(persona_of(route, target, templates), route.format)
    latest = {kept.finding.id: (place, kept) for place, kept in items}
    parts = [(kept, compose(Telling(kept, at, route.severity(kept.finding), "found"), picked)) for _, kept in latest.values()]
    key = f"digest/{route.name}/{target.who}/{target.channel}/{at.isoformat()}/{min(place for place, _ in items)}"
    notice = summary(parts, route.name.partition("/")[2], at, about=f"digest-{hashlib.sha256(key.encode()).hexdigest()[:20]}")
    return _outgoing(key, target, notice, due_at(target, notice.severity, now))


def staged(kept: KeptFinding, event: Event, stage: Stage, told: Told, templates: Templates, now: datetime) -> Outgoing:
    """The message to a channel that keeps incidents that one was acknowledged, or is over."""
    telling = Telling(kept, event.at, told.severity, stage, stage=stage, actor=event.actor)
    key = f"{stage}/{kept.finding.id}/{event.place}/{told.who}/{told.channel}"
    return Outgoing(key, told.channel, told.recipient, compose(telling, templates.pick(None, None)), now)


def due_at(target: Target, severity: str, now: datetime) -> datetime:
    """When a message may go out: what is critical at once, the rest after quiet hours."""
    preference = target.person.preference if target.person is not None else None
    return now if severity == "critical" else after_quiet(preference, now)


def persona_of(route: Route, target: Target, templates: Templates) -> str | None:
    """In whose words somebody is told: those of the rule's persona, else of the first of their roles that has some."""
    roles = target.person.roles if target.person is not None else ()
    return route.persona or next((role for role in roles if templates.of(role) is not None), None)


def _outgoing(key: str, target: Target, notice: Notice, due: datetime) -> Outgoing:
    return Outgoing(key, target.channel, target.recipient, notice, due)
