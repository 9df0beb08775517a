"""The plugin keeps its contract, and charges each month once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from finopsmetrics_flat_fees.plugin import FlatFees

from finopsmetrics.plugins.testing import PluginContract, started

CONFIG = {"fees": {"Support": "100.10"}, "start": "2026-01-15"}


class TestFlatFees(PluginContract):
    plugin = FlatFees
    config: ClassVar[dict[str, Any]] = CONFIG


def test_each_month_is_charged_once() -> None:
    now = datetime.now(UTC)
    with started(FlatFees, CONFIG) as plugin:
        entries = list(plugin.collect())
    assert len(entries) == (now.year - 2026) * 12 + now.month
    assert {entry.cost for entry in entries} == {Decimal("100.10")}
    assert entries[0].id == "flat-fee:Support:2026-01"
