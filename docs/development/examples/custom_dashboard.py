"""A dashboard plugin in one file: the three dearest services, on the first page of the server."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime

from finopsmetrics import CostEntry, Window, Workspace
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.plugins import DashboardPlugin, RenderContext, Widget, plugin
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.plugin_runs import PluginRuns


@plugin(name="dearest-services", version="1.0.0")
class DearestServices(DashboardPlugin):
    """The services that cost the most in the page's window."""

    def render(self, context: RenderContext) -> Widget:
        """A row for each service and currency; the rest is summed as (other)."""
        answer = context.costs.get_costs(group_by="service", time_range=context.window, top=3)
        rows = [(row["service"], row["cost"], row["currency"]) for row in answer]
        return Widget("Dearest services", ("Service", "Cost", "Currency"), rows, f"{context.window.label()}, billed cost.")


if __name__ == "__main__":
    day = datetime(2026, 5, 4, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as home, Workspace(home) as workspace:
        workspace.costs.add_cost_entries([CostEntry(str(number), day, number, f"service {number}") for number in range(1, 6)])
        window = Window.parse("2026-05", now=workspace.now())
        [widget] = PluginRuns(Acting(workspace, OWNER)).widgets("example", window)
        assert {row[0] for row in widget.rows} == {"service 5", "service 4", "service 3", "(other)"}
