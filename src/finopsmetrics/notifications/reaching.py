"""Reaching: by which connections a word goes, and under which address each of them reaches whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from finopsmetrics.notifications.people import Meant, Person

BY_ADDRESS, BY_ROOM = "email", "slack"
"""Integrations whose messages name whom they are for; the others reach whom their connection names."""
INCIDENTS = frozenset({"pagerduty"})
"""Integrations that keep incidents, and want to hear when one is acknowledged or over."""


@dataclass(frozen=True)
class Target:
    """Somebody, reached by one connection. `who` is the same whatever rule says it; `person` is None for what is no person."""

    who: str
    channel: str
    word: str
    recipient: str = ""
    person: Person | None = None


@dataclass(frozen=True)
class Outlets:
    """The connections by which messages can go out: their names, each with its integration."""

    known: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()  # connections of one destination: their messages name nobody

    def named(self, word: str) -> list[str]:
        """The connections that a rule's word stands for: the one of that name, else every one of that integration."""
        if word in self.known:
            return [word]
        return [name for name, integration in self.known.items() if integration == word]

    def keeps_incidents(self, channel: str) -> bool:
        """Whether a connection wants to hear when something is acknowledged or over."""
        return self.known.get(channel) in INCIDENTS

    def targets(self, words: tuple[str, ...], meant: Meant, *, nobody: bool) -> list[Target]:
        """Everybody who is meant, by each connection that reaches them; `nobody` is named: then whom the connections name."""
        found: dict[tuple[str, str], Target] = {}
        for word in words:
            for channel in self.named(word):
                for one in self._reached(channel, word, meant, nobody=nobody):
                    found.setdefault((one.who, one.channel), one)
        return list(found.values())

    def _reached(self, channel: str, word: str, meant: Meant, *, nobody: bool) -> list[Target]:
        integration = self.known[channel]
        if nobody or channel in self.fixed or integration not in {BY_ADDRESS, BY_ROOM}:
            return [Target("channel:", channel, word)]
        told = [
            Target(f"user:{one.name}", channel, word, address, one)
            for one in meant.people
            if (address := address_of(one)) is not None
        ]
        if integration == BY_ROOM:
            return told + [Target(f"room:{room}", channel, word, room) for room in meant.rooms]
        return told + [Target(f"address:{address}", channel, word, address) for address in meant.addresses]


def address_of(person: Person) -> str | None:
    """The e-mail address of a person, under which mail and chat know them; None when none is kept."""
    return person.email or (person.name if "@" in person.name else None)
