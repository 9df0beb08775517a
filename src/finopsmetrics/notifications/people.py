"""Whom the words of rules mean: users, teams, roles, e-mail addresses, channels; and which charges each person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam.grants import Declared
from finopsmetrics.kinds.notification_preference import NotificationPreference

ROLE_OF = {"finance": "finance_analyst"}
"""Personas that are called otherwise than the built-in role whose holders they are."""
LONGEST = 300


@dataclass(frozen=True)
class Person:
    """A user who can be told. `scope` is the condition on the charges that they may see; None is all of them."""

    name: str
    email: str | None = None
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    scope: Condition | None = None
    preference: NotificationPreference | None = None


@dataclass(frozen=True)
class Meant:
    """Whom words mean: people, addresses of nobody who is known, rooms such as #finops, and words that mean nobody."""

    people: tuple[Person, ...] = ()
    addresses: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The people of a home. `gone` are names and e-mail addresses of users who are locked out: they are not told."""

    people: Sequence[Person] = ()
    gone: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    teams: Mapping[str, str | None] = field(default_factory=dict)  # with who leads them

    @classmethod
    def of(
        cls, users: Iterable[Mapping[str, Any]], declared: Declared, preferences: Iterable[NotificationPreference]
    ) -> Directory:
        """From the rows of users, what is declared of roles and teams, and the preferences."""
        wanted: dict[str, NotificationPreference] = {}
        for one in sorted(preferences, key=lambda each: each.name):
            if one.enabled:
                wanted.setdefault(one.user.casefold(), one)
        known, gone = [], set[str]()
        for row in users:
            names = [one.casefold() for one in (row["name"], row["email"]) if one]
            if not row["active"] or row["sort"] != "person":
                gone |= set(names)
                continue
            preference = next((wanted[one] for one in names if one in wanted), None)
            scope = declared.scope(row["roles"], row["teams"])
            known.append(Person(row["name"], row["email"], tuple(row["roles"]), tuple(row["teams"]), scope, preference))
        leads = {name: team.lead for name, team in declared.teams.items()}
        return cls(known, frozenset(gone), frozenset(declared.roles), leads)

    def meant(self, words: Sequence[str], persona: str | None = None) -> Meant:
        """Whom the words and a persona mean, each once. A word is looked for among users, then teams, then roles."""
        people: dict[str, Person] = {one.name: one for one in self._holders(persona)} if persona is not None else {}
        addresses, rooms, unknown = dict[str, None](), dict[str, None](), dict[str, None]()
        for word in words:
            found = self._named(word)
            if found is not None:
                people |= {one.name: one for one in found}
            elif len(word) > LONGEST:
                unknown[word] = None
            elif word.startswith("#"):
                rooms[word] = None
            elif "@" in word:
                addresses[word] = None
            else:
                unknown[word] = None
        if persona is not None and self.role(persona) is None:
            unknown[persona] = None
        return Meant(tuple(people.values()), tuple(addresses), tuple(rooms), tuple(unknown))

    def role(self, persona: str) -> str | None:
        """The role that a persona is; None when there is none."""
        return next((one for one in (persona, ROLE_OF.get(persona)) if one in self.roles), None)

    def person(self, name: str) -> Person | None:
        """The person of a user's name, if they can be told."""
        return self._by_name.get(name.casefold())

    def _named(self, word: str) -> list[Person] | None:
        """The people that a word names; None when it names no user, team or role."""
        one = self._by_name.get(word.casefold())
        if one is not None:
            return [one]
        if word.casefold() in self.gone:
            return []
        if word in self.teams:
            lead = self.teams[word]
            leading = self._by_name.get(lead.casefold()) if lead else None
            return [each for each in self.people if word in each.teams or each is leading]
        return self._holders(word) if self.role(word) is not None else None

    def _holders(self, persona: str) -> list[Person]:
        role = self.role(persona)
        return [one for one in self.people if role in one.roles]

    @cached_property
    def _by_name(self) -> dict[str, Person]:
        by_mail = {one.email.casefold(): one for one in self.people if one.email}
        return by_mail | {one.name.casefold(): one for one in self.people}
