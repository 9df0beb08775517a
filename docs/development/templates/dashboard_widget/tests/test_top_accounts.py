"""The plugin keeps its contract, and shows the dearest accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from finopsmetrics_top_accounts.plugin import TopAccounts

from finopsmetrics import CostEntry, CostObservatory, Window
from finopsmetrics.plugins import RenderContext
from finopsmetrics.plugins.testing import check_plugin, started


def test_the_dearest_account_is_shown_and_the_others_are_summed(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path)
    day = datetime(2026, 5, 4, tzinfo=UTC)
    costs.add_cost_entries([CostEntry(str(cost), day, cost, "s", account=f"a-{cost}") for cost in (1, 2, 4)])
    assert check_plugin(TopAccounts, costs=costs) == []
    with started(TopAccounts, {"most": 1}) as plugin:
        widget = plugin.render(RenderContext("test", Window.parse("2026-05", now=day), costs))
    assert {row[:2] for row in widget.rows} == {("a-4", Decimal(4)), ("(other)", Decimal(3))}
