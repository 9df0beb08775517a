"""The same chart in a browser and in the embedded engine; pages of their own that run nothing but themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from finopsmetrics import VizlyChart
from finopsmetrics.vizlychart import drawing
from tests.vizlychart.samples import HOSTILE, one_of_each

SIZES = [(900, 360), (360, 220)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 960, "height": 500})
    yield opened
    opened.close()


def test_a_browser_compiles_and_draws_what_the_engine_does(page: Page) -> None:
    page.add_script_tag(content=drawing.script("vizly.js"))
    for sort, chart in one_of_each().items():
        text = chart.spec.model_dump_json(exclude_none=True)
        for width, height in SIZES:
            for theme in ("light", "dark"):
                how = json.dumps({"theme": theme, "width": width, "height": height})
                option = json.loads(page.evaluate("([spec, how]) => vizly.optionOf(spec, how)", [text, how]))
                assert option == drawing.option(chart.spec, theme=theme, width=width, height=height), sort  # type: ignore[arg-type]
                svg = page.evaluate("([spec, how]) => vizly.renderToSVG(spec, how)", [text, how])
                own = drawing._ENGINE.call("vizly.renderToSVG", text, how)
                assert drawing._steady(svg, "v") == drawing._steady(own, "v"), sort


@pytest.mark.parametrize("interactive", [False, True])
def test_a_page_of_its_own_runs_nothing_but_itself(page: Page, tmp_path: Path, interactive: bool) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for sort, chart in one_of_each().items():
        path = chart.save(tmp_path / f"{sort}.html", interactive=interactive)
        page.goto(path.as_uri())
        if interactive:
            page.wait_for_selector("figure canvas")
        else:
            assert page.locator("figure svg").count() >= 1
        assert page.get_by_role("img").first.get_attribute("aria-label") == HOSTILE
    assert faults == []
    assert {url.split(":")[0] for url in asked} == {"file"}


def test_a_page_that_is_drawn_by_script_shows_the_same_words(page: Page, tmp_path: Path) -> None:
    for sort, chart in one_of_each().items():
        page.goto(chart.save(tmp_path / f"{sort}.html", interactive=True).as_uri())
        page.wait_for_selector("figure canvas")
        shown = " ".join(HOSTILE.split())
        assert page.locator("[role=img]").inner_text().strip().startswith(shown), f"the title of {sort}"
        assert page.locator("figcaption").inner_text() == shown, f"the sentence of {sort}"


def test_pointing_at_a_mark_tells_its_exact_figure_as_text(page: Page, tmp_path: Path) -> None:
    chart = one_of_each("Costs")["stacked_bar"]
    page.goto(chart.save(tmp_path / "chart.html", interactive=True).as_uri())
    canvas = page.wait_for_selector("figure canvas")
    before = canvas.screenshot()
    page.mouse.move(300, 150)
    page.wait_for_timeout(200)
    assert canvas.screenshot() != before, "no tooltip was drawn"
    assert page.locator("img").count() == 0


def test_a_json_file_draws_the_same_in_another_process(tmp_path: Path) -> None:
    chart = one_of_each()["treemap"]
    assert VizlyChart.from_json(chart.save(tmp_path / "c.json").read_text()).to_svg() == chart.to_svg()
