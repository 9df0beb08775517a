"""The dashboard builder: built-in layouts, a place on the grid for every widget, and whose home is which dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any

from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.kinds.dashboard import Dashboard, Widget

COLUMNS = 3
ADMINS = "infrastructure_leader_default"
LIMITED = "team_lead_default"
ANYBODY = "business_lead_default"
_HOMES = {"admin": ADMINS, "auditor": "finance_analyst_default"}
_GRID = re.compile(r"([1-9][0-9]?)x[1-9][0-9]?_grid")
Place = tuple[int, int]


@dataclass(frozen=True)
class Placed:
    """A widget with its place: column and row of its upper left cell from 0, its width and height in cells."""

    id: str
    type: str
    title: str | None
    position: Place
    size: Place
    config: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self), "position": list(self.position), "size": list(self.size)}


@cache
def layouts() -> Mapping[str, Dashboard]:
    """The built-in dashboards by name."""
    import yaml

    found: dict[str, Dashboard] = {}
    for file in sorted(files("finopsmetrics.dashboard.layouts").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            told = yaml.safe_load(file.read_text(encoding="utf-8"))["dashboards"]
            found |= {name: Dashboard.read({"name": name, **body}) for name, body in told.items()}
    return found


def columns_of(dashboard: Dashboard) -> int:
    """How many columns its grid has; three unless its layout, or the one that it names, says otherwise."""
    named = layouts().get(dashboard.layout or "")
    grid = _GRID.fullmatch((named.layout if named else dashboard.layout) or "")
    wide = max((widget.position[0] + (widget.size or (1, 1))[0] for widget in dashboard.widgets if widget.position), default=0)
    return int(grid[1]) if grid else max(COLUMNS, wide)


def arranged(dashboard: Dashboard) -> list[Placed]:
    """Every widget with a place. Those without a position flow, in their order, to the first place that is wide enough.

    One that flows is as large as it is declared, else as it is made; never wider than the grid.
    """
    columns = columns_of(dashboard)
    taken = set[Place]().union(*(widget.cells() for widget in dashboard.widgets))
    placed = []
    for number, widget in enumerate(dashboard.widgets, start=1):
        size = size_of(widget, columns)
        position = widget.position if widget.position is not None else _free(taken, size, columns)
        taken |= _cells(position, size)
        placed.append(Placed(f"w{number}", widget.type, widget.title, position, size, widget.config))
    return placed


def size_of(widget: Widget, columns: int) -> Place:
    """Its width and height: as declared; else one by one where it has a position, and the widget's own where it flows."""
    own = WIDGETS[widget.type].size if widget.position is None and widget.type in WIDGETS else (1, 1)
    wide, high = widget.size or own
    return min(wide, columns), high


def _free(taken: set[Place], size: Place, columns: int) -> Place:
    for row in count():
        for column in range(columns - size[0] + 1):
            if not taken & _cells((column, row), size):
                return column, row
    raise AssertionError


def _cells(position: Place, size: Place) -> set[Place]:
    (left, top), (wide, high) = position, size
    return {(column, row) for column in range(left, left + wide) for row in range(top, top + high)}


def home_of(roles: Sequence[str], declared: Iterable[Dashboard], *, limited: bool = False, everything: bool = False) -> str:
    """The name of the dashboard that somebody sees first: a declared one for a role of theirs, else the built-in one.

    `limited`: they see some charges only; `everything`: they may do everything.
    """
    own = {dashboard.role: dashboard.name for dashboard in sorted(declared, key=lambda one: one.name, reverse=True)}
    chosen = next((own[role] for role in roles if role in own), None)
    if chosen is not None:
        return chosen
    made = {dashboard.role: name for name, dashboard in layouts().items() if dashboard.role} | _HOMES
    found = next((made[role] for role in roles if role in made), None)
    return found or (LIMITED if limited else ADMINS if everything else ANYBODY)


def shared_with(dashboard: Dashboard, name: str, roles: Iterable[str], teams: Iterable[str]) -> bool:
    """Whether somebody of a name, with roles and teams, sees it: nobody is named, or they are."""
    named = {one.casefold() for one in dashboard.shared_with}
    return not named or not named.isdisjoint(one.casefold() for one in (name, *roles, *teams))
