"""The kind `dashboard`: widgets on a grid, for a role."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Annotated, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import People
from finopsmetrics.core.shapes import Currency, Duration, Filters, Line, Settings, Window, Word
from finopsmetrics.core.spec import Part, Spec

_GRID = re.compile(r"([1-9][0-9]?)x([1-9][0-9]?)_grid")
Cell = Annotated[int, Field(ge=0, le=99)]
Span = Annotated[int, Field(ge=1, le=24)]


class Widget(Part):
    """One picture: what it shows, where it stands, how large it is."""

    type: Word = Field(description="The widget: cost_trend, budget_status, recommendations, top_resources, or a plugin's.")
    title: Line | None = Field(default=None, description="Its heading; the widget's own, unless given.")
    position: tuple[Cell, Cell] | None = Field(default=None, description="Column and row of its upper left cell, from 0.")
    size: tuple[Span, Span] | None = Field(
        default=None,
        description="Its width and height in cells; unless given, one by one, or the widget's own where it has no position.",
    )
    config: Settings = Field(default={}, description="The widget's own settings: time_range, group_by, priority.")

    def cells(self) -> set[tuple[int, int]]:
        """The cells that it covers; none where it has no position, and flows."""
        if self.position is None:
            return set()
        (left, top), (wide, high) = self.position, self.size or (1, 1)
        return {(column, row) for column in range(left, left + wide) for row in range(top, top + high)}


class Dashboard(Spec, kind="dashboard"):
    """Widgets on a grid, for a role: what is shown, where, over which time."""

    engine = "dashboard.dashboard_builder"
    example = {
        "name": "CFO Executive Dashboard",
        "role": "cfo",
        "layout": "3x3_grid",
        "widgets": [
            {
                "type": "cost_trend",
                "position": [0, 0],
                "size": [2, 1],
                "config": {"time_range": "30d", "group_by": "service"},
            },
            {"type": "budget_status", "position": [2, 0], "size": [1, 1], "config": {"show_all_budgets": True}},
        ],
    }

    blocks = {"widgets": "widget"}

    widgets: list[Widget] = Field(min_length=1, max_length=200, description="The widgets.")
    title: Line | None = Field(default=None, description="Its heading; its name, unless given.")
    role: Word | None = Field(default=None, description="The role whose holders see it first.")
    layout: Line | None = Field(default=None, description="The grid, as 3x3_grid (columns, rows), or a layout's name.")
    time_range: Window | None = Field(default=None, description="The time of widgets that name none: 30d, mtd, last-month.")
    filters: Filters = Field(default={}, description="What all its widgets are limited to, by keys that must all match.")
    currency: Currency | None = Field(default=None, description="The currency that is shown; all that there are, unless given.")
    refresh: Duration | None = Field(default=None, description="How often an open page asks anew.")
    shared_with: People = Field(default=[], description="Roles, teams and users who see it; everybody, unless given.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        grid = _GRID.fullmatch(self.layout or "")
        for number, widget in enumerate(self.widgets):
            if grid and any(column >= int(grid[1]) or row >= int(grid[2]) for column, row in widget.cells()):
                raise ValueError(f"widget {number + 1} ({widget.type}) stands outside of the grid {self.layout}")
        for (one, first), (two, second) in combinations(enumerate(self.widgets), 2):
            if first.cells() & second.cells():
                raise ValueError(f"widgets {one + 1} and {two + 1} stand on the same cells")
        return self
