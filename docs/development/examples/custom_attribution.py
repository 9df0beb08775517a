"""An attribution plugin and a hook in one file: tags by the name of a resource, and one currency for all entries."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from finopsmetrics import CostEntry, Workspace
from finopsmetrics.plugins import CostAttributionPlugin, hook, plugin


@plugin(name="resource-names", version="1.0.0")
class ResourceNames(CostAttributionPlugin):
    """Resources are called team-something: the team is the tag."""

    def attribute(self, charge: Mapping[str, Any]) -> Mapping[str, str]:
        """The team, where the resource has one in its name."""
        team, dash, _ = charge["ResourceId"].partition("-")
        return {"team": team} if dash else {}


@hook("cost_entry_received")
def tidy(entry: CostEntry) -> CostEntry:
    """Services are called by one name, however they were sent."""
    return replace(entry, service=entry.service.strip().title())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, Workspace(home) as workspace:
        workspace.costs.add_cost_entry(CostEntry("1", datetime(2026, 5, 4, tzinfo=UTC), 5, " batch jobs ", resource_id="ml-7"))
        [row] = workspace.costs.get_costs(group_by=["service", "tags.team"], time_range="2026-05")
        assert (row["service"], row["tags.team"]) == ("Batch Jobs", "ml")
        [charge] = workspace.costs.get_all_costs().to_pylist()
        assert charge["x_CostEntryChangedBy"] == "__main__.tidy, resource-names 1.0.0"
