"""Every page, as people see it: light, dark and narrow; nothing sticks out, nobody is shut out; kept as pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from finopsmetrics.api.routes.web import PAGES
from tests.ui.opening import ROOT, Opened

Look = Callable[..., Opened]
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
OPEN = [page["path"] for page in PAGES if "{name}" not in page["path"]] + [
    "/dashboards/cfo_default",
    "/dashboards/custom_template?edit=1",
    "/explorer?range=2026-10&compare=1&rows=1",
]
SERIOUS = """
async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | '))
"""


def named(path: str) -> str:
    return path.split("?", maxsplit=1)[0].strip("/").replace("/", "-") or "overview"


@pytest.mark.parametrize("path", OPEN)
def test_a_page_is_whole_in_light_and_dark_and_narrow(demo: str, look: Look, path: str) -> None:
    shown = look(f"{demo}{path}", bypass_csp=True)
    assert shown.page.locator("main h1").count() == 1
    shown.page.add_script_tag(path=str(AXE))
    for scheme in ("light", "dark"):
        shown.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        shown.ready()
        assert shown.page.evaluate(SERIOUS) == []
        shown.picture(f"{named(path)}{'-dark' if scheme == 'dark' else ''}")
    narrow = look(f"{demo}{path}", width=390, height=844)
    assert not narrow.overflows()
    narrow.picture(f"{named(path)}-narrow")
    assert narrow.page.locator("[role=alert]").count() == 0


def test_the_menu_leads_everywhere_on_a_narrow_page(demo: str, look: Look) -> None:
    shown = look(f"{demo}/", width=390, height=844)
    shown.page.get_by_role("button", name="Menu").click()
    shown.page.get_by_role("link", name="Explorer").click()
    shown.page.wait_for_url(f"{demo}/explorer")
    shown.ready()
    assert shown.page.locator("h1").inner_text() == "Cost explorer"


def test_a_theme_that_was_chosen_stays(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer")
    shown.page.get_by_label("Theme").select_option("dark")
    shown.page.reload()
    shown.ready()
    assert shown.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert shown.page.get_by_label("Theme").input_value() == "dark"


def test_a_page_that_is_not_there_says_so(demo: str, look: Look) -> None:
    shown = look(f"{demo}/dashboards/nothing-of-this-name")
    assert "nothing-of-this-name" in shown.page.get_by_role("alert").inner_text()
