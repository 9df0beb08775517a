"""Entries to add, and what is kept of them and of plugins."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from finopsmetrics import CostEntry
from finopsmetrics.plugins.book import Report
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.plugin_book import PluginBook, plugins_of

ENTRY = CostEntry("e-1", datetime(2026, 5, 3, 10), "12.000000000000000001", "ml-training", tags={"team": "ml"})


def book(workspace: Workspace) -> PluginBook:
    return PluginBook(workspace.opened.database, workspace.opened.now)


def reports(workspace: Workspace) -> dict[tuple[str, str], Report]:
    """Every report of the home as it is kept, by plugin and seam."""
    plugins_of(workspace.opened).tally.settle(now=True)
    return {(one.plugin.rpartition(".")[2], one.seam): one for one in book(workspace).reports()}


def stored(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The charges of the home by the id of their entry."""
    return {row["x_CostEntryId"]: row for row in workspace.costs.get_all_costs().to_pylist()}


def billed(workspace: Workspace) -> dict[str, Decimal]:
    """All that is billed, by currency."""
    return {row["currency"]: row["cost"] for row in workspace.costs.get_costs(time_range="all")}
