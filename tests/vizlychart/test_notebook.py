"""The live widget: what the kernel says is drawn as everywhere, drawn again when it changes, and tells what was clicked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Browser, Page
from traitlets import TraitError

from finopsmetrics import VizlyChart
from finopsmetrics.vizlychart import ChartError, drawing
from finopsmetrics.vizlychart.notebook import ChartWidget
from finopsmetrics.vizlychart.spec import Sort
from tests.vizlychart.samples import HOSTILE, one_of_each, rows

SERVICES = ("a", "b", "c")
# What a notebook gives a front-end module, by the contract of anywidget: traits by name, and events when they change.
MODEL = """
window.made = async (code, state) => {
  const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
  const module = await import(url);
  const calls = {};
  const model = {
    saved: [],
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (calls["change:" + name] ?? []).forEach((call) => call()); },
    save_changes: () => { model.saved.push(structuredClone(state.selected)); },
    on: (event, call) => { (calls[event] ??= []).push(call); },
    off: (event, call) => { calls[event] = (calls[event] ?? []).filter((one) => one !== call); },
    heard: () => Object.values(calls).flat().length,
  };
  const cell = document.querySelector("#cell");
  window.model = model; window.module = module;
  window.end = await module.default.render({ model, el: cell });
};
"""
CELL = '<!doctype html><body style="margin:0;background:#fff"><div id="cell" style="width:900px"></div></body>'


def line(days: int = 2) -> VizlyChart:
    return VizlyChart.line(rows(days, SERVICES), series="service", title="Costs")


def test_a_chart_that_is_assigned_is_told_to_the_page() -> None:
    widget = line().widget(height=240, theme="dark")
    assert VizlyChart.from_json(widget._spec).spec == line().spec
    assert (widget.height, widget.theme, widget.selected) == (240, "dark", None)
    told: list[str] = []
    widget.observe(lambda change: told.append(change["new"]), "_spec")
    widget.selected = {"service": "a"}
    widget.chart = line(3)
    assert [VizlyChart.from_json(one).spec for one in told] == [line(3).spec]
    assert widget.selected is None, "a row of the chart before is selected no more"
    assert widget.get_state()["_esm"] == drawing.script("widget.js")
    with pytest.raises(TraitError):
        widget.chart = "a chart"


def test_it_shows_the_same_chart_of_other_data() -> None:
    widget = VizlyChart.bar(rows(1, SERVICES), x="service", top=1, title="Costs").widget()
    widget.show(rows(1, (*SERVICES, "d")))
    assert widget.chart.spec.rows == (("d", "400.015"), ("(other)", "600.045"))
    assert widget.chart.spec.title == "Costs"
    widget.show(line())
    assert widget.chart.spec.chart == "line"
    with pytest.raises(ChartError, match=r"in EUR, USD\. Draw one of them"):
        widget.show(rows(1, SERVICES) + rows(1, SERVICES, "EUR"))
    assert widget.chart.spec.chart == "line"
    with pytest.raises(ChartError, match="made from a spec, not from data"):
        VizlyChart.from_spec(line().spec).again(rows(1))


def test_what_a_notebook_keeps_can_be_read_without_the_widget() -> None:
    data, _ = one_of_each()["bar"].widget()._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "<svg" in data["text/html"]
    assert "<script" not in data["text/html"]
    assert data["text/plain"] == "<widget of <VizlyChart bar, 5 rows>>"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"theme": "pink"}, "'theme' trait"),
        ({"height": 1}, "'height' trait"),
        ({"every": 5}, "Give both: refresh=ask, every=60"),
        ({"refresh": line}, "Give both"),
        ({"refresh": line, "every": 0.1}, "Use 1 or more"),
    ],
)
def test_what_is_wrong_is_said(how: dict[str, Any], told: str) -> None:
    with pytest.raises(ChartError, match=told):
        line().widget(**how)


WITHOUT = """
import sys
sys.modules["anywidget"] = None
from finopsmetrics import VizlyChart
from finopsmetrics.core.errors import FinOpsError
chart = VizlyChart.kpi([{"cost": 1}])
chart.to_svg()
try:
    chart.widget()
except FinOpsError as error:
    print(error)
"""


def test_without_anywidget_it_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "A live widget needs anywidget. pip install 'finopsmetrics[notebook]'\n"


def until(held: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def test_it_refreshes_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finopsmetrics.vizlychart.notebook.LEAST_SECONDS", 0.01)
    answers: list[Any] = [rows(3, SERVICES), ChartError("The lake is closed.", cure="Open it."), line(5)]

    def ask() -> Any:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    widget = line().widget(refresh=ask, every=0.05)
    seen: list[tuple[int, str]] = []
    widget.observe(lambda _: seen.append((len(widget.chart.spec.rows), widget._note)), ["_note", "_spec"])
    until(lambda: len(widget.chart.spec.rows) == 15 and widget._note == "")
    assert (9, "Not refreshed: The lake is closed.") in seen, "the last picture stays, and why is said"
    widget.close()
    until(lambda: not any(one.name == "vizlychart-refresh" for one in threading.enumerate()))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1000, "height": 700})
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    opened.on("dialog", lambda dialog: faults.append(dialog.message))
    opened.set_content(CELL)
    opened.add_script_tag(content=MODEL)
    yield opened
    opened.close()
    assert faults == []


def show(page: Page, widget: ChartWidget) -> None:
    """The widget's module in the page, with its state as a notebook hands it over."""
    names = ("_spec", "_note", "theme", "height", "selected")
    state = json.loads(json.dumps({name: value for name, value in widget.get_state().items() if name in names}))
    page.evaluate("([code, state]) => made(code, state)", [widget._esm, state])
    page.wait_for_selector("#cell canvas")


def drawn(page: Page) -> str:
    """What stands on the canvas, once it stands still."""
    before, now = "", page.evaluate("document.querySelector('canvas').toDataURL()")
    while now != before:
        page.wait_for_timeout(120)
        before, now = now, page.evaluate("document.querySelector('canvas').toDataURL()")
    return str(now)


@pytest.mark.parametrize("sort", get_args(Sort))
def test_it_is_compiled_and_drawn_as_everywhere(browser: Browser, page: Page, tmp_path: Path, sort: str) -> None:
    chart = one_of_each()[sort]
    show(page, chart.widget(theme="dark"))
    how = {"theme": "dark", "width": 900, "height": 330}
    told = [chart.to_json(), json.dumps(how)]
    option = json.loads(page.evaluate("([spec, how]) => module.optionOf(spec, how)", told))
    assert option == drawing.option(chart.spec, theme="dark", width=900, height=330)
    other = browser.new_page(viewport={"width": 1000, "height": 700})
    other.goto(chart.save(tmp_path / "c.html", interactive=True, theme="dark").as_uri())
    other.wait_for_selector("figure canvas")
    expected = drawn(other)
    assert drawn(page) == expected
    other.close()
    assert page.get_by_role("img").get_attribute("aria-label") == HOSTILE


def test_it_is_drawn_again_when_the_chart_changes(page: Page) -> None:
    widget = line().widget()
    show(page, widget)
    for sort, chart in one_of_each("Then").items():
        before = drawn(page)
        widget.chart = chart
        page.evaluate("(spec) => model.set('_spec', spec)", widget._spec)
        assert drawn(page) != before, sort
        assert page.get_by_text("Then", exact=True).count() == 2
    page.evaluate("model.set('_note', 'Not refreshed: <b>no</b>')")
    assert page.get_by_role("status").inner_text() == "Not refreshed: <b>no</b>"


def test_it_takes_the_room_of_its_cell(page: Page) -> None:
    show(page, line().widget(height=200))
    for width in (500, 760):
        page.evaluate("(width) => { document.querySelector('#cell').style.width = width + 'px' }", width)
        page.wait_for_function("(width) => document.querySelector('canvas').clientWidth === width", arg=width)
    assert page.evaluate("document.querySelector('canvas').clientHeight") == 170
    page.evaluate("model.set('height', 300)")
    page.wait_for_function("document.querySelector('canvas').clientHeight === 270")


def test_a_hidden_cell_is_drawn_when_it_is_shown(page: Page) -> None:
    page.evaluate("document.querySelector('#cell').hidden = true")
    page.evaluate(
        "([code, state]) => made(code, state)",
        [drawing.script("widget.js"), {"_spec": line().to_json(), "theme": "auto", "height": 200}],
    )
    page.wait_for_timeout(100)
    assert page.locator("canvas").count() == 0
    page.evaluate("document.querySelector('#cell').hidden = false")
    page.wait_for_selector("canvas")


def test_it_follows_the_notebook_from_light_to_dark(page: Page) -> None:
    def ink() -> str:
        return str(page.evaluate("getComputedStyle(document.querySelector('figure')).color"))

    show(page, line().widget())
    light = drawn(page)
    assert ink() == "rgb(27, 31, 36)"
    page.evaluate("document.body.style.background = '#111'")
    page.wait_for_function("getComputedStyle(document.querySelector('figure')).color === 'rgb(230, 237, 243)'")
    dark = drawn(page)
    assert dark != light
    page.evaluate("model.set('theme', 'light')")
    page.wait_for_function("getComputedStyle(document.querySelector('figure')).color === 'rgb(27, 31, 36)'")
    assert drawn(page) == light


def test_its_table_is_read_and_chosen_from_by_keyboard(page: Page) -> None:
    chart = one_of_each()["bar"]
    show(page, chart.widget())
    assert page.locator("table").count() == 0
    page.get_by_text("Table", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("tbody tr")
    cells = page.locator("tbody tr").all()
    assert [[cell.inner_text() for cell in row.locator("td").all()] for row in cells][1][1] == chart.twin["rows"][1][1]
    assert page.locator("img").count() == 0, "markup in a tag is text"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("model.saved.at(-1)") == {"service": chart.spec.rows[1][0], "cost": chart.spec.rows[1][1]}


def clicked(page: Page, across: int, down: int) -> list[list[Any]]:
    """What is selected by clicks on a lattice of points above the legend: columns from the left, each from the top."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    found: list[list[Any]] = []
    for step in range(1, across):
        found.append([])
        for place in range(1, down):
            page.mouse.click(box["x"] + box["width"] * step / across, box["y"] + box["height"] * 0.88 * place / down)
            found[-1].append(page.evaluate("model.get('selected') ?? null"))
    return found


@pytest.mark.parametrize(
    ("sort", "lattice", "least"),
    [
        ("line", (9, 30), 20),
        ("area", (9, 30), 30),
        ("stacked_bar", (17, 16), 25),
        ("bar", (8, 20), 5),
        ("treemap", (20, 10), 5),
        ("donut", (16, 16), 4),
        ("sankey", (5, 40), 4),
        ("heatmap", (12, 12), 30),
        ("waterfall", (18, 10), 4),
        ("fan", (24, 3), 9),
        ("sparkline", (24, 3), 9),
    ],
)
def test_a_click_on_a_mark_selects_its_row(page: Page, sort: str, lattice: tuple[int, int], least: int) -> None:
    chart = one_of_each("Costs")[sort]
    show(page, chart.widget())
    drawn(page)
    names = [column.name for column in chart.spec.columns]
    known = [dict(zip(names, row, strict=True)) for row in chart.spec.rows]
    found = clicked(page, *lattice)
    distinct = {json.dumps(one, sort_keys=True) for column in found for one in column if one is not None}
    assert distinct <= {json.dumps(one, sort_keys=True) for one in known}
    assert len(distinct) >= least


def test_what_is_selected_is_what_was_under_the_pointer(page: Page) -> None:
    charts = one_of_each("Costs")
    widget = charts["bar"].widget()
    show(page, widget)
    drawn(page)
    names = [one["service"] for one in clicked(page, 5, 26)[1] if one]
    assert list(dict.fromkeys(names)) == [row[0] for row in charts["bar"].spec.rows], "from the top, as they are drawn"
    widget.chart = charts["area"]
    page.evaluate("(spec) => { model.set('_spec', spec); model.set('selected', null) }", widget._spec)
    drawn(page)
    middle = [one for one in clicked(page, 2, 40)[0] if one]
    assert list(dict.fromkeys(one["service"] for one in reversed(middle))) == [
        "Virtual Machines",
        HOSTILE,
        "BigQuery",
        "AmazonS3",
        "(other)",
    ]
    assert len({one["period"] for one in middle}) == 1
    page.mouse.click(*corner(page))
    assert page.evaluate("model.get('selected')") is not None, "beside the plot nothing is chosen, and nothing is dropped"


def corner(page: Page) -> tuple[float, float]:
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    return box["x"] + 2, box["y"] + 2


def test_what_was_clicked_reaches_observers() -> None:
    widget = line().widget()
    told: list[dict[str, Any] | None] = []
    widget.observe(lambda change: told.append(change["new"]), "selected")
    row = {"period": "2026-05-01", "service": "a", "cost": "100.015"}
    widget.set_state({"selected": row})  # as a message of the page
    assert told == [row]
    assert Decimal(widget.selected["cost"]) == Decimal("100.015")


def test_it_leaves_nothing_behind(page: Page) -> None:
    show(page, line().widget())
    assert page.evaluate("model.heard()") > 0
    page.evaluate("end()")
    page.wait_for_function("document.querySelector('canvas') === null")
    assert page.evaluate("model.heard()") == 0
