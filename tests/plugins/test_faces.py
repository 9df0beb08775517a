"""Plugins on the command line and over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.observability.export import export_focus
from finopsmetrics.plugins import DashboardPlugin, ExportPlugin, Widget, hook, plugin
from finopsmetrics.runtime.workspace import Workspace
from tests.cli.console import inside
from tests.plugins.kept import ENTRY
from tests.plugins.test_isolation import raises


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_life_of_a_plugin_on_the_command_line(home: Path, tmp_path: Path) -> None:
    readings = tmp_path / "r.csv"
    readings.write_text("meter,start,end,kwh\nrack-1,2026-05-01T00:00:00Z,2026-05-02T00:00:00Z,10\n")
    config = tmp_path / "meter.yaml"
    config.write_text(f'readings: {readings}\ntariff: "0.5"\ncurrency: EUR\n')

    assert {one["state"] for one in inside("plugins", "list", "--format", "json", home=home).json} == {"off"}
    assert inside("plugins", "run", "meter-readings", home=home).code == 1  # it is off
    assert inside("plugins", "enable", "meter-readings", home=home).code == 2  # it needs settings
    assert inside("plugins", "enable", "meter-readings", "--config", config, home=home).code == 0
    said = inside("plugins", "check", home=home)
    assert (said.code, said.text.startswith("ok   meter-readings 1.0.0 telemetry")) == (0, True)
    assert "1 new" in inside("plugins", "run", "meter-readings", home=home).text
    ran = inside("plugins", "run", "meter-readings", "--format", "json", home=home)
    assert (ran.code, ran.json["rows"], ran.json["new"]) == (0, 1, 0)
    listed = {one["name"]: one for one in inside("plugins", "list", "--format", "json", home=home).json}
    meter = listed["meter-readings"]
    assert (meter["state"], meter["types"], meter["healthy"], meter["failures"]) == ("on", ["telemetry"], True, 0)
    assert meter["calls"] >= 2

    readings.unlink()
    ran = inside("plugins", "run", "meter-readings", home=home)
    assert (ran.code, "failed" in ran.text) == (1, True)
    checked = inside("plugins", "check", "meter-readings", "--format", "json", home=home)
    assert (checked.code, checked.json[0]["ok"]) == (1, False)
    assert "no file" in checked.json[0]["problems"][0]
    assert "meter-readings" in inside("plugins", "list", home=home).text
    assert inside("plugins", "disable", "meter-readings", home=home).code == 0
    assert inside("plugins", "run", "meter-readings", home=home).code == 1


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "7: x\n", "\x00"])
def test_settings_that_cannot_be_read_are_told(home: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    said = inside("plugins", "enable", "json-lines", "--config", tmp_path / "bad.yaml", home=home)
    assert (said.code, "settings" in said.err) == (2, True)


def test_widgets_and_recommendations_are_printed(home: Path) -> None:
    with Workspace(home) as workspace:
        workspace.costs.add_cost_entry(replace(ENTRY, timestamp=datetime.now(UTC), tags={}))
    for name in ("untagged-share", "unused-commitments"):
        assert inside("plugins", "enable", name, home=home).code == 0
    widget = inside("plugins", "run", "untagged-share", "--format", "json", home=home)
    assert widget.json["rows"] == [["USD", "12.000000000000000001", "12.000000000000000001", "100.0 %"]]
    assert "100.0 %" in inside("plugins", "run", "untagged-share", home=home).text
    assert inside("plugins", "run", "unused-commitments", "--format", "json", home=home).json == []


def test_an_installed_format_is_exported_to(home: Path, tmp_path: Path) -> None:
    with Workspace(home) as workspace:
        workspace.costs.add_cost_entries([ENTRY, replace(ENTRY, id="e-2", timestamp=datetime(2026, 6, 2))])
    refused = inside("export", tmp_path / "out", "--format", "jsonl", home=home)
    assert (refused.code, "no format 'jsonl'" in refused.err) == (2, True)
    inside("plugins", "enable", "json-lines", home=home)
    said = inside("export", tmp_path / "out", "--format", "jsonl", home=home)
    assert (said.json["rows"], said.json["format"]) == (2, "jsonl")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["focus-1.4-2026-05.jsonl", "focus-1.4-2026-06.jsonl"]
    assert said.json["totals"]["USD"]["BilledCost"] == "24.000000000000000002"


def test_an_export_plugin_is_handed_every_row_once(workspace: Workspace, tmp_path: Path) -> None:
    @plugin(name="adds-up", version="1.0")
    class AddsUp(ExportPlugin):
        format = "sum"

        def write(self, table: Any, target: Path) -> None:
            total = sum((cost.as_py() for batch in table for cost in batch.column("BilledCost")), Decimal(0))
            target.write_text(f"{total:f}")

    workspace.costs.add_cost_entries([replace(ENTRY, id=str(number)) for number in range(50)])
    report = export_focus(workspace.opened, tmp_path / "all.sum", format="sum", filters={"team": "ml"})
    assert Decimal((tmp_path / "all.sum").read_text()) == 50 * Decimal("12.000000000000000001")
    assert (report.rows, report.totals["USD"]["BilledCost"]) == (50, "600.000000000000000050")
    assert export_focus(workspace.opened, tmp_path / "none.sum", format="sum", filters={"team": "x"}).rows == 0


def test_widgets_and_plugins_are_shown_over_http(workspace: Workspace) -> None:
    markup = "<script>alert(1)</script>"

    @plugin(name="shows", version="1.0")
    class Shows(DashboardPlugin):
        def render(self, context: Any) -> Widget:
            return Widget(markup, (markup, "n"), [(markup, Decimal("1.5")), (None, 7)], markup)

    @hook("dashboard_render")
    def fails(context: Any) -> None:
        raises()

    with BackgroundServer(workspace) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        shown = client.get("/api/v1/plugin-widgets").json()["widgets"]
        listed = {one["name"].rpartition(".")[2]: one for one in client.get("/api/v1/plugins").json()["plugins"]}
    assert shown == [{"title": markup, "columns": [markup, "n"], "rows": [[markup, "1.5"], [None, 7]], "sentence": markup}]
    assert (listed["shows"]["state"], listed["fails"]["failures"]) == ("on", 1)
    assert "RuntimeError" in listed["fails"]["last_error"]
