"""Pictures: the same bytes for the same spec, colours that stay with their value, limits that hold, the font that is meant."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image, ImageChops, ImageFont

from finopsmetrics import VizlyChart
from finopsmetrics.vizlychart import ChartError, drawing, printing
from finopsmetrics.vizlychart.spec import Sort
from tests.vizlychart.samples import HOSTILE, SERVICES, one_of_each, rows


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def drawn(png: bytes) -> int:
    """How many pixels are not as the corner."""
    image = opened(png)
    corner = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))  # type: ignore[arg-type]
    return sum(1 for one in ImageChops.difference(image, corner).convert("L").tobytes() if one > 40)


def test_a_new_engine_draws_the_same_bytes() -> None:
    before = {sort: chart.to_svg() for sort, chart in one_of_each().items()}
    drawing._ENGINE.close()
    assert {sort: chart.to_svg() for sort, chart in reversed(one_of_each().items())} == before


def test_two_pictures_share_no_id() -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', chart.to_svg())) for chart in one_of_each().values()]
    assert sum(map(len, ids)) == len(set().union(*ids)) > 0


def test_text_that_looks_like_an_id_stays_as_it_is() -> None:
    assert "zr0-c0 url(#zr1-c2)" in VizlyChart.bar(rows(1), x="service").spec.model_dump_json()
    said = VizlyChart.table([{"service": "zr0-c0 zr1-cls-2"}], title="zr0-c0", sentence="zr0-c3").to_svg()
    assert ">zr0-c0 zr1-cls-2</text>" in said
    assert ">zr0-c0</text>" in said
    assert 'aria-label="zr0-c3"' in said


def test_names_of_the_language_change_no_later_chart() -> None:
    before = one_of_each()["bar"].to_svg()
    names = ("__proto__", "constructor", "toString", "hasOwnProperty")
    VizlyChart.stacked_bar(rows(3, names), series="service", title="__proto__").to_svg()
    VizlyChart.line([{**row, "currency": "constructor"} for row in rows(2)], series="service").to_svg()
    assert one_of_each()["bar"].to_svg() == before


def test_a_value_keeps_its_colour_in_all_charts() -> None:
    def colours(chart: VizlyChart) -> dict[str, str]:
        found = drawing.option(chart.spec)
        parts = found["series"][0]["data"] if len(found["series"]) == 1 else found["series"]
        return {part.get("name") or found["yAxis"]["data"][at]: part["itemStyle"]["color"] for at, part in enumerate(parts)}

    line = colours(VizlyChart.line(rows(), series="service"))
    assert colours(VizlyChart.donut(rows(1), path="service")) == line
    assert colours(VizlyChart.bar(rows(1), x="service")) == line
    alone = colours(VizlyChart.stacked_bar(rows(2, ("BigQuery", HOSTILE)), series="service"))
    assert alone.items() <= line.items()
    assert line["(other)"] == "#9aa3ac"
    assert len({line[name] for name in SERVICES[:2]}) == 2


def test_values_of_one_colour_differ_by_pattern() -> None:
    many = tuple(f"service {at}" for at in range(60))
    found = drawing.option(VizlyChart.stacked_bar(rows(1, many), series="service").spec)["series"]
    looks = [(one["itemStyle"]["color"], str(one["itemStyle"].get("decal"))) for one in found]
    assert len({colour for colour, _ in looks}) < 60
    assert len(set(looks)) > len({colour for colour, _ in looks})
    assert all(looks[at] != looks[at + 1] for at in range(59))


@pytest.mark.parametrize("sort", get_args(Sort))
def test_a_png_has_its_size_and_is_not_blank(sort: str) -> None:
    chart = one_of_each("Costs")[sort]
    for theme in ("light", "dark"):
        png = chart.to_png(theme=theme, width=360, height=220, scale=1.5)  # type: ignore[arg-type]
        assert opened(png).size == (540, 330)
        assert drawn(png) > 500
        assert opened(png).getpixel((539, 329)) == ((255, 255, 255) if theme == "light" else (21, 27, 35))


@pytest.mark.parametrize(("sort", "weight"), [("table", "400"), ("kpi", "700"), ("line", "400"), ("donut", "700")])
def test_text_is_drawn_in_arimo(sort: str, weight: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    svg = one_of_each("Costs")[sort].to_svg()
    families = set(re.findall(r"font-family:([^;\"]+)", svg))
    assert families == {"Arimo, Arial, Helvetica, sans-serif"}
    how: dict[str, Any] = {"width": 900, "height": 360, "scale": 1}
    meant = printing.png(svg, **how)
    monkeypatch.setattr(drawing, "FONTS", tmp_path)
    assert printing.png(svg, **how) != meant, "it is drawn alike without the font"
    assert weight in svg or weight == "400"


@pytest.mark.parametrize(("face", "font"), [("Regular", "12px Arimo"), ("Bold", "700 12px Arimo")])
def test_text_is_as_broad_as_the_font_says(face: str, font: str) -> None:
    told = ImageFont.truetype(drawing.BUILT / f"Arimo-{face}.ttf", 1000)
    for sign in [chr(code) for code in range(32, 127)] + ["−", "…", "▲", "●"]:
        width = float(json.loads(drawing._ENGINE.call("vizly.widthOf", sign, font)))
        assert width * 1000 / 12 == pytest.approx(told.getlength(sign), abs=1), sign


def test_a_limit_of_time_ends_a_drawing_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{**row, "service": f"s{at}"} for at, row in enumerate(rows(4000))]
    chart = VizlyChart.heatmap(many, x="period", series="service")
    monkeypatch.setattr(drawing, "MOST_SECONDS", 0.05)
    with pytest.raises(ChartError, match=r"more than .* seconds\. Draw fewer rows"):
        chart.to_svg()
    monkeypatch.undo()
    assert one_of_each()["bar"].to_svg().startswith("<svg ")


def test_a_limit_of_memory_ends_a_drawing_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{**row, "service": f"s{at % 4000}"} for at, row in enumerate(rows(4000))]
    chart = VizlyChart.line(many, series="service")
    drawing._ENGINE.close()
    monkeypatch.setattr(drawing, "MOST_BYTES", 40_000_000)
    with pytest.raises(ChartError, match="more than 40 MB"):
        chart.to_svg()
    monkeypatch.undo()
    assert one_of_each()["bar"].to_svg().startswith("<svg ")


def test_a_bundle_that_was_not_built_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawing._ENGINE.close()
    drawing._bundle.cache_clear()
    monkeypatch.setattr(drawing, "BUILT", tmp_path)
    with pytest.raises(ChartError, match=r"was not built here\. Build it with `make ui`"):
        one_of_each()["bar"].to_svg()


def test_threads_draw_the_same() -> None:
    expected = [chart.to_svg() for chart in one_of_each().values()]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: [chart.to_svg() for chart in one_of_each().values()], range(6)):
            assert found == expected


def test_another_process_draws_the_same() -> None:
    code = "import sys; from finopsmetrics import VizlyChart; print(VizlyChart.from_json(sys.stdin.read()).to_svg(), end='')"
    chart = one_of_each()["area"]
    again = subprocess.run([sys.executable, "-c", code], input=chart.to_json(), capture_output=True, text=True, check=True)
    assert again.stdout == chart.to_svg()


def test_it_draws_where_an_event_loop_runs() -> None:
    async def draw() -> str:
        return one_of_each()["bar"].to_svg()

    assert asyncio.run(draw()) == one_of_each()["bar"].to_svg()


def test_a_process_that_has_drawn_ends() -> None:
    code = "from finopsmetrics import VizlyChart; print(len(VizlyChart.kpi([{'cost': 1}]).to_svg()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert int(done.stdout) > 200


FORKED = """
import os, sys, threading
from finopsmetrics import VizlyChart
chart = VizlyChart.kpi([{"cost": 1}])
before = chart.to_svg()
drawing = threading.Thread(target=lambda: [chart.to_svg() for _ in range(40)])
drawing.start()
children = []
for way in ("draws and exits", "draws and leaves", "exits"):
    child = os.fork()
    if not child:
        right = way == "exits" or chart.to_svg() == before
        if way == "draws and leaves":
            os._exit(0 if right else 1)  # as a worker of multiprocessing ends
        sys.exit(0 if right else 1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
drawing.join()
sys.exit(max(codes) if chart.to_svg() == before else 2)
"""


def test_forks_draw_and_end_and_what_was_forked_goes_on() -> None:
    subprocess.run([sys.executable, "-c", FORKED], timeout=60, check=True)


@pytest.mark.parametrize(("how", "told"), [({"width": 5}, "width"), ({"height": 9000}, "height"), ({"theme": "pink"}, "theme")])
def test_a_size_or_theme_that_is_not_is_said(how: dict[str, Any], told: str) -> None:
    with pytest.raises(ChartError, match=told):
        one_of_each()["bar"].to_svg(**how)


def test_a_step_over_zero_is_drawn_on_both_sides() -> None:
    steps = [{"step": name, "change": Decimal(amount)} for name, amount in (("Before", 500), ("Credit", -900), ("Now", -400))]
    found = drawing.option(VizlyChart.waterfall(steps, x="step", totals=("Before", "Now")).spec)["series"]
    under, above, over, below = ([one["value"] if isinstance(one, dict) else one for one in part["data"]] for part in found)
    assert (under, above, over, below) == ([0, 0, 0], [500, 500, 0], [0, 0, 0], [0, -400, -400])
    assert [one["told"] for one in found[1]["data"]] == [500, -900, -400]
