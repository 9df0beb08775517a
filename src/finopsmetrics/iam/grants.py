"""What roles and teams grant: permissions, and the condition on charges that becomes a filter in every cost query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam.permissions import expanded

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finopsmetrics.kinds.role import Role
    from finopsmetrics.kinds.team import Team

NOTHING = Condition.parse("false")
"""The scope of who may see no charge."""


@cache
def built_in() -> Mapping[str, Role]:
    """The roles that every home has."""
    import yaml

    from finopsmetrics.kinds.role import Role

    listed = yaml.safe_load(files("finopsmetrics.iam").joinpath("roles.yaml").read_text(encoding="utf-8"))
    return {body["name"]: Role.read(body) for body in listed}


@dataclass(frozen=True)
class Declared:
    """The roles and teams of a home as they are now."""

    roles: Mapping[str, Role]
    teams: Mapping[str, Team]

    @classmethod
    def load(cls, connection: Connection) -> Declared:
        """Read them from the state; declared roles replace built-in ones of the same name."""
        from finopsmetrics.kinds.role import Role
        from finopsmetrics.kinds.team import Team
        from finopsmetrics.store.people import bodies

        own = {name: Role.read(body) for name, body in bodies(connection, "role").items()}
        return cls({**built_in(), **own}, {name: Team.read(body) for name, body in bodies(connection, "team").items()})

    def permissions(self, roles: Iterable[str]) -> frozenset[str]:
        """What the named roles permit together; a role that is gone permits nothing."""
        return frozenset[str]().union(*(expanded(frozenset(role.permissions)) for role in self._known(roles)))

    def scope(self, roles: Iterable[str], teams: Iterable[str]) -> Condition | None:
        """The charges that the named roles let members of the named teams see; None is every charge.

        A charge is seen when one of the roles that hold `costs:read` shows it.
        """
        seen: list[Condition] = []
        for role in self._known(roles):
            if frozenset({"costs:read", "costs:*", "*:read", "*:*"}).isdisjoint(expanded(frozenset(role.permissions))):
                continue
            own = self._of_teams(teams) if role.sees == "own_teams" else None
            limit = Condition.parse(role.scope) if role.scope else None
            found = own if limit is None else limit if own is None else own & limit
            if found is None:
                return None
            seen.append(found)
        return either(seen)

    def family(self, teams: Iterable[str]) -> list[str]:
        """The named teams and all teams below them."""
        found = list(dict.fromkeys(teams))
        for name in found:  # grows while it is read: a team's children come after it
            found += [child.name for child in self.teams.values() if child.parent == name and child.name not in found]
        return found

    def _of_teams(self, teams: Iterable[str]) -> Condition:
        return either([self.of_team(name) for name in self.family(teams)])

    def of_team(self, name: str) -> Condition:
        """The charges of a team: its scope's, else those whose tag `team` is its name."""
        team = self.teams.get(name)
        return Condition.parse(team.scope) if team and team.scope else Condition.from_dict({"tags.team": name})

    def _known(self, roles: Iterable[str]) -> list[Role]:
        return [self.roles[name] for name in roles if name in self.roles]


def either(scopes: list[Condition]) -> Condition:
    """Charges that match one of the conditions; none without any."""
    if not scopes:
        return NOTHING
    joined = scopes[0]
    for one in scopes[1:]:
        joined = joined | one
    return joined


def both(one: Condition | None, other: Condition | None) -> Condition | None:
    """Charges within both scopes; None is every charge."""
    return other if one is None else one if other is None else one & other
