"""A telemetry plugin in one file: what a build machine costs for each hour that it ran."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from finopsmetrics import CostEntry, Workspace
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.plugins import TelemetryPlugin, plugin
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.plugin_runs import PluginRuns

HOURS = {datetime(2026, 5, 4, 9, tzinfo=UTC): Decimal("0.75"), datetime(2026, 5, 4, 10, tzinfo=UTC): Decimal("1")}
PRICE = Decimal("0.42")


@plugin(name="build-machine", version="1.0.0")
class BuildMachine(TelemetryPlugin):
    """Hours that a build machine was busy, at a price for each."""

    def collect(self) -> Iterable[CostEntry]:
        """One charge an hour; its id is made of what it stands for, so that it counts once however often it is sent."""
        for hour, busy in HOURS.items():
            yield CostEntry(f"build:{hour:%Y%m%dT%H}", hour, busy * PRICE, "Builds", resource_id="build-1")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, Workspace(home) as workspace:
        runs = PluginRuns(Acting(workspace, OWNER))
        assert runs.collect("build-machine").new == 2
        assert runs.collect("build-machine").new == 0
        [row] = workspace.costs.get_costs(group_by="service", time_range="2026-05")
        assert row == {"service": "Builds", "currency": "USD", "cost": Decimal("0.735")}
