"""VizlyChart: exact data in, the same picture everywhere out."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from finopsmetrics import VizlyChart
from finopsmetrics.core.exact import total
from finopsmetrics.vizlychart import ChartError, ChartSpec, drawing, making
from tests.ui.conftest import browser  # noqa: F401

HOSTILE = "<img src=x onerror=alert(1)></script>]]>"
ROWS = [
    {
        "period": datetime(2026, 5, day),
        "service": name,
        "region": "eu",
        "cost": Decimal(f"{day * size}.{1:018d}"),
        "currency": "USD",
    }
    for day in range(1, 6)
    for name, size in (("AmazonEC2", 10), (HOSTILE, 5), ("Storage", -1))
]
BOUNDS = [{"period": row["period"], "cost": row["cost"], "low": 1, "high": 90, "forecast": 50} for row in ROWS[::3]]
CHARTS = {
    "line": VizlyChart.line(ROWS, series="service"),
    "area": VizlyChart.area(ROWS, series="service"),
    "bar": VizlyChart.bar(ROWS, x="service", top=2),
    "stacked_bar": VizlyChart.stacked_bar(ROWS, series="service"),
    "sparkline": VizlyChart.sparkline(ROWS[::3]),
    "fan": VizlyChart.fan(BOUNDS, low="low", high="high"),
    "heatmap": VizlyChart.heatmap(ROWS, x="period", series="service"),
    "waterfall": VizlyChart.waterfall(ROWS[:3], x="service", y="cost", totals=["Storage"]),
    "treemap": VizlyChart.treemap(ROWS, ["region", "service"]),
    "donut": VizlyChart.donut(ROWS, "service"),
    "sankey": VizlyChart.sankey(ROWS, "region", "service"),
    "gauge": VizlyChart.gauge([{"used": Decimal("0.7"), "goal": Decimal("0.9")}], "used", "goal"),
    "kpi": VizlyChart.kpi([{"cost": Decimal(12), "previous": Decimal(10), "currency": "USD"}], previous="previous"),
    "table": VizlyChart.table(ROWS),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_sort_is_drawn_and_no_text_of_it_is_markup(name: str) -> None:
    chart = CHARTS[name]
    for theme in ("light", "dark"):
        drawn = chart.to_svg(theme=theme, width=360, height=220)  # type: ignore[arg-type]
        assert drawn.startswith("<svg")
        assert "<img" not in drawn
        assert "<script" not in drawn
    assert "<img" not in chart.to_html()
    assert VizlyChart.from_json(chart.to_json()).spec == chart.spec


@pytest.mark.parametrize("name", CHARTS)
def test_the_browser_and_the_server_make_the_same_of_a_spec(browser: Browser, name: str) -> None:  # noqa: F811
    page = browser.new_page()
    page.add_script_tag(content=drawing.script("vizly.js"))
    told = [CHARTS[name].to_json(), json.dumps({"theme": "light", "width": 640, "height": 300})]
    assert json.loads(page.evaluate("([spec, how]) => vizly.optionOf(spec, how)", told)) == drawing.option(
        CHARTS[name].spec, width=640, height=300
    )
    page.close()


def test_equal_data_gives_equal_bytes_in_another_process_too() -> None:
    code = "import sys; from finopsmetrics import VizlyChart; print(VizlyChart.from_json(sys.stdin.read()).to_svg(), end='')"
    chart = CHARTS["area"]
    again = subprocess.run([sys.executable, "-c", code], input=chart.to_json(), capture_output=True, text=True, check=True)
    assert again.stdout == chart.to_svg() == chart.to_svg()


def test_tables_of_every_make_are_taken() -> None:
    arrow = pyarrow.Table.from_pylist(ROWS)
    expected = VizlyChart.area(arrow, series="service").spec
    for table in (ROWS, polars.from_arrow(arrow), pandas.DataFrame(ROWS)):
        assert VizlyChart.area(table, series="service").spec.columns == expected.columns
    cells = [cell for row in CHARTS["table"].twin["rows"] for cell in row]
    assert "50.00 USD" in cells
    assert expected.rows[0][2] == "10.000000000000000001"


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**9), max_value=10**9)
cells_ = st.tuples(st.sampled_from("abcdefg"), st.sampled_from("xy"), amounts)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("xy"), amounts), min_size=1, max_size=40), st.integers(1, 4)
)
def test_what_is_put_together_as_other_keeps_the_sum(cells: list[tuple[str, str, Decimal]], top: int) -> None:
    rows = [{"group": group, "key": key, "cost": cost} for group, key, cost in cells]
    found = making.greatest(rows, "group", "cost", ["key"], top)
    assert len({row["group"] for row in found} - {making.OTHER}) <= top
    for key in "xy":
        before = [row["cost"] for row in rows if row["key"] == key]
        after = [row["cost"] for row in found if row["key"] == key]
        assert total(after) == total(before)


def test_a_picture_has_its_size_and_the_font_that_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = CHARTS["bar"].save(tmp_path / "x.png", width=400, height=200, scale=2).read_bytes()
    assert struct.unpack(">II", made[16:24]) == (800, 400)
    monkeypatch.setattr(drawing, "FONTS", tmp_path)
    assert CHARTS["bar"].to_png(width=400, height=200, scale=2) != made


def test_what_cannot_be_drawn_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = CHARTS["bar"]
    for wrong, told in (("x.gif", "gif"), ("no/x.svg", "cannot be written")):
        with pytest.raises(ChartError, match=told):
            chart.save(tmp_path / wrong)
    with pytest.raises(ChartError, match="EUR, USD"):
        VizlyChart.bar([*ROWS, {**ROWS[0], "currency": "EUR"}], x="service")
    with pytest.raises(ChartError, match="no column 'nothing'"):
        VizlyChart.bar(ROWS, x="nothing")
    with pytest.raises(ChartError, match="width is 9"):
        chart.to_svg(width=9)
    with pytest.raises(ChartError, match="rows are too many"):
        VizlyChart.bar([{"a": "a", "cost": 1}] * 20_001, x="a")
    monkeypatch.setattr(drawing, "MOST_SECONDS", 0.0001)
    with pytest.raises(ChartError, match="took more than"):
        CHARTS["area"].to_svg()
    monkeypatch.undo()
    assert chart.to_svg().startswith("<svg")
    assert list(tmp_path.iterdir()) == []


def test_a_value_keeps_its_colour_in_every_chart() -> None:
    def colours(chart: VizlyChart) -> dict[str, str]:
        found = drawing.option(chart.spec)["series"]
        return {one["name"]: one["itemStyle"]["color"] for one in found}

    one = colours(VizlyChart.stacked_bar(ROWS, series="service"))
    other = colours(VizlyChart.line([row for row in ROWS if row["service"] != "Storage"], series="service"))
    assert all(one[name] == colour for name, colour in other.items())
    assert ChartSpec.model_validate_json(CHARTS["area"].to_json()) == CHARTS["area"].spec
