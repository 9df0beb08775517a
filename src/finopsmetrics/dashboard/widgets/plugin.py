"""plugin: what a dashboard plugin shows, as a widget among the others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import Field

from finopsmetrics.core.shapes import Line, Window
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import counted
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.plugins.results import Widget as PluginShown


class PluginConfig(Config):
    """Which plugin shows."""

    plugin: Line | None = Field(default=None, description="The plugin's name; `finopsmetrics plugins` lists them.")
    time_range: Window | None = Field(
        default=None,
        description="The time: 30d, mtd, last-month, 2026-05; the dashboard's own unless given, else the last 30 days.",
    )


class Plugin(Widget[PluginConfig]):
    """A plugin's part of a dashboard."""

    name = "plugin"
    title = "From a plugin"
    description = "What a dashboard plugin shows, over the charges of the dashboard."
    config = PluginConfig
    needs = ("costs:read",)
    size = (2, 1)

    def show(self, asking: Asking, config: PluginConfig) -> Shown:
        """Let the plugin show; its cells are text, whatever is in them."""
        window = asking.window(config.time_range)
        found = asking.plugin(config.plugin, window)
        if isinstance(found, Sequence):
            cure = f"Name one in the settings: {', '.join(found)}." if found else "Install one; see `finopsmetrics plugins`."
            return Shown(f"{counted(len(found), 'plugin')} can be shown here.", empty=cure)
        source = f"The plugin {config.plugin} says so, for {window.label()}."
        told = found.sentence.strip() or f"{counted(len(found.rows), 'row')} of {found.title.strip()}."
        return Shown(told, _table(found), source=source)


def _table(found: PluginShown) -> ChartSpec | None:
    """Its columns by their places: two may have the same label."""
    if not found.columns:
        return None
    figures = [
        bool(found.rows) and all(isinstance(row[at], (int, Decimal)) for row in found.rows if row[at] is not None)
        for at in range(len(found.columns))
    ]
    columns = tuple(
        Column(name=str(at), label=label[:200], type="number" if figure else "text")
        for at, (label, figure) in enumerate(zip(found.columns, figures, strict=True))
    )
    return ChartSpec(chart="table", columns=columns, rows=tuple(tuple(_cell(cell) for cell in row) for row in found.rows))


def _cell(cell: str | int | Decimal | None) -> Cell:
    return f"{cell:f}" if isinstance(cell, Decimal) else None if cell is None else str(cell)
