"""A plugin's part of a dashboard: over what the asker may see and the dashboard shows, as text, and calm when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.plugins import DashboardPlugin, RenderContext, Widget, plugin
from finopsmetrics.plugins.testing import isolated
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import LEAD, MARKUP, NOBODY, filled, shown
from tests.dashboard.test_contract import faults

MAY = Frame("2026-05")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    """The estate, with a plugin that adds up and one that fails."""
    with isolated():

        @plugin(name="adds-up", version="1.0")
        class AddsUp(DashboardPlugin):
            def render(self, context: RenderContext) -> Widget:
                answer = context.costs.get_costs(time_range=context.window, group_by="service")
                rows = [(row["service"], row["cost"], 1) for row in answer if row["currency"] == "USD"]
                return Widget("Sums", (MARKUP, "Cost", "Cost"), rows, f"{len(rows)} sums.")

        @plugin(name="breaks", version="1.0")
        class Breaks(DashboardPlugin):
            def render(self, context: RenderContext) -> Widget:
                raise RuntimeError("secret path of a server")

        with filled(tmp_path) as workspace:
            yield workspace


def names(home: Workspace) -> dict[str, str]:
    """The full names of both by their last part."""
    told = shown(home, "plugin").as_dict()["empty"]
    found = told.removeprefix("Name one in the settings: ").removesuffix(".").split(", ")
    return {one.rpartition(".")[2]: one for one in found}


def sums(home: Workspace, config: dict[str, Any], frame: Frame = MAY, **asked: Any) -> dict[str, Decimal]:
    chart = shown(home, "plugin", config, frame, **asked).as_dict()["chart"]
    assert not chart["rows"] or [column["type"] for column in chart["columns"]] == ["text", "number", "number"]
    return {row[0]: Decimal(row[1]) for row in chart["rows"]}


def test_it_is_whole_and_within_scope_and_filters(home: Workspace) -> None:
    config = {"plugin": names(home)["adds-up"]}
    drawn = shown(home, "plugin", config, MAY)
    assert faults(WIDGETS["plugin"], drawn) == []
    costs = {
        row["service"]: row["cost"]
        for row in home.costs.get_costs(time_range="2026-05", group_by="service")
        if row["currency"] == "USD"
    }
    assert sums(home, config) == costs
    assert MARKUP in costs
    mine = sums(home, config, principal=LEAD)
    assert set(mine) == {"Compute"}
    assert sums(home, config, replace(MAY, filters={"service": "Compute"})) == {"Compute": costs["Compute"]}
    assert sums(home, config, replace(MAY, filters={"service": MARKUP}), principal=LEAD) == {}
    assert sums(home, {**config, "time_range": "2026-06-01..2026-06-02"}) != costs


def test_what_fails_says_so_and_tells_nothing_of_its_inside(home: Workspace) -> None:
    broken = shown(home, "plugin", {"plugin": names(home)["breaks"]}, MAY)
    assert broken.state == "failed"
    assert broken.sentence.startswith(f"The plugin {names(home)['breaks']} failed.")
    assert "secret" not in str(broken.as_dict())
    unknown = shown(home, "plugin", {"plugin": "nothing"}, MAY)
    assert unknown.error is not None
    assert (unknown.state, unknown.error.code) == ("failed", "usage")
    assert names(home)["adds-up"] in unknown.error.cure
    assert shown(home, "plugin", {"plugin": names(home)["adds-up"]}, principal=NOBODY).state == "forbidden"
