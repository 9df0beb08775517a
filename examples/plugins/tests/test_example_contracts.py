"""Every plugin of the package keeps its contract: the kit that any author can use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from finopsmetrics_examples.account_tags import AccountTags
from finopsmetrics_examples.json_lines import JsonLines
from finopsmetrics_examples.meter_readings import MeterReadings
from finopsmetrics_examples.untagged_share import UntaggedShare
from finopsmetrics_examples.unused_commitments import UnusedCommitments
from finopsmetrics_examples.webhook import Webhook

from finopsmetrics import CostEntry, CostObservatory
from finopsmetrics.plugins.testing import PluginContract, check_plugin

READINGS = "meter,start,end,kwh\nrack-1,2026-05-01T00:00:00Z,2026-05-02T00:00:00Z,120.5\n"


class WithCosts(PluginContract):
    __test__ = False

    def costs(self, folder: Path) -> CostObservatory:
        observatory = CostObservatory(folder / "home")
        observatory.add_cost_entry(CostEntry("1", datetime.now(UTC), "12.5", "Virtual Machines"))
        return observatory


class TestMeterReadings(PluginContract):
    plugin = MeterReadings
    config: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def readings(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.mktemp("readings") / "may.csv"
        path.write_text(READINGS)
        type(self).config = {"readings": str(path), "tariff": "0.2134", "currency": "EUR"}


class TestAccountTags(PluginContract):
    plugin = AccountTags
    config: ClassVar[dict[str, Any]] = {"accounts": {"123456789012": {"team": "ml"}}}


class TestUnusedCommitments(WithCosts):
    __test__ = True
    plugin = UnusedCommitments


class TestUntaggedShare(WithCosts):
    __test__ = True
    plugin = UntaggedShare


class TestJsonLines(PluginContract):
    plugin = JsonLines


class TestWebhook(PluginContract):
    plugin = Webhook
    config: ClassVar[dict[str, Any]] = {"url": "https://example.com/hook"}


def test_a_tariff_that_is_no_price_is_refused() -> None:
    told = check_plugin(MeterReadings, {"readings": "x.csv", "tariff": "-1", "currency": "euro"})
    assert len(told) == 1
    assert "tariff" in told[0]
    assert "currency" in told[0]
