"""Dashboards in a browser: each role's home, the builder by mouse and by keyboard, live updates, pages of others."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import yaml

from finopsmetrics.core.samples import Sample
from finopsmetrics.dashboard.dashboard_builder import layouts
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.sample_book import SampleBook
from tests.store.bills import charge, write_csv
from tests.ui.opening import Opened

Look = Callable[..., Opened]
INGEST = "import sys; from finopsmetrics.cli.main import run; sys.argv[1:] = {arguments}; run()"


def order(shown: Opened) -> list[tuple[str, str, str]]:
    """Each widget with its place on the grid."""
    script = "all => all.map(e => [e.dataset.widget, e.style.gridColumn, e.style.gridRow])"
    return sorted(tuple(one) for one in shown.page.locator("[data-widget]").evaluate_all(script))


@pytest.mark.parametrize("name", [name for name in layouts() if name.endswith("_default")])
def test_every_home_of_a_role_is_whole(demo: str, look: Look, name: str) -> None:
    shown = look(f"{demo}/dashboards/{name}")
    states = shown.page.locator("[data-state]").evaluate_all("all => all.map(e => e.dataset.state)")
    assert len(states) == len(layouts()[name].widgets)
    assert set(states) <= {"ok", "empty"}
    shown.picture(f"dashboard-{name}")


def test_a_widget_says_where_its_number_comes_from_and_shows_its_table(demo: str, look: Look) -> None:
    shown = look(f"{demo}/")
    cell = shown.page.locator("[data-widget=cost_trend]")
    cell.get_by_role("button", name="Table").click()
    assert "USD" in cell.locator("td.n").first.inner_text()
    cell.get_by_role("button", name="Where does this come from?").click()
    shown.page.get_by_role("button", name="Compute it again").click()
    shown.page.get_by_role("dialog").get_by_text("The same answer came out").wait_for()


def test_a_dashboard_is_built_by_mouse_and_by_keyboard(demo: str, look: Look) -> None:
    shown = look(f"{demo}/dashboards/custom_template?edit=1")
    page = shown.page
    page.get_by_role("button", name="+ Widget").click()
    page.get_by_role("button", name=re.compile("^Cost by")).first.click()
    page.get_by_role("dialog").get_by_label("Title", exact=True).fill("By region")
    page.get_by_role("button", name="Apply").click()
    before = order(shown)
    handle = page.get_by_role("button", name="Move By region", exact=True)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 10, steps=5)
    page.mouse.move(box["x"] + 900, 200, steps=8)
    page.mouse.up()
    dragged = order(shown)
    assert dragged != before
    page.get_by_role("button", name="Undo").click()
    assert order(shown) == before
    page.get_by_role("button", name="Redo").click()
    assert order(shown) == dragged
    handle.focus()
    for key in ("Enter", "ArrowLeft", "ArrowLeft", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    by_keys = order(shown)
    assert by_keys != dragged
    assert "wide" in page.locator("[aria-live=polite]").last.inner_text()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("mine")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.wait_for_url(f"{demo}/dashboards/mine")
    shown.ready()
    assert order(look(f"{demo}/dashboards/mine")) == by_keys
    kept = httpx.get(f"{demo}/api/v1/dashboards/mine").json()
    assert any(one.get("title") == "By region" for one in kept["widgets"])
    again = look(f"{demo}/dashboards/mine?edit=1")
    with again.page.expect_download() as downloading:
        again.page.get_by_role("button", name="YAML").click()
    told = yaml.safe_load(Path(downloading.value.path()).read_text())["dashboards"][0]
    assert [one["type"] for one in told["widgets"]] == [one["type"] for one in kept["widgets"]]


def test_two_who_edit_at_once_do_not_overwrite_each_other(demo: str, look: Look) -> None:
    spec = {"name": "ours", "widgets": [{"type": "kpi"}, {"type": "cost_trend"}]}
    assert httpx.put(f"{demo}/api/v1/dashboards/ours", json=spec).status_code == 201
    shown = look(f"{demo}/dashboards/ours?edit=1")
    assert httpx.put(f"{demo}/api/v1/dashboards/ours", json={**spec, "title": "Theirs"}).status_code == 200
    shown.page.get_by_role("button", name="Remove kpi", exact=True).click()
    shown.page.get_by_role("button", name="Save", exact=True).click()
    assert "Somebody else changed this dashboard" in shown.page.get_by_role("alert").inner_text()
    assert httpx.get(f"{demo}/api/v1/dashboards/ours").json()["title"] == "Theirs"


def test_an_open_page_follows_what_another_process_takes_in(odd: tuple[Workspace, str], look: Look, tmp_path: Path) -> None:
    workspace, url = odd
    shown = look(f"{url}/explorer?range=2026-06&group_by=ServiceName")
    before = shown.page.locator("#total").get_attribute("title")
    bill = write_csv(tmp_path / "late.csv", [charge("1000.00", "Late", "2026-06", 3)])
    arguments = ["--home", str(workspace.home), "ingest", str(bill), "--source", "late"]
    subprocess.run([sys.executable, "-c", INGEST.format(arguments=arguments)], check=True, capture_output=True)
    until = time.monotonic() + 15
    while shown.page.locator("#total").get_attribute("title") == before and time.monotonic() < until:
        shown.page.wait_for_timeout(100)
    assert "Late" in shown.page.locator("#sums").inner_text()


def test_a_widget_of_use_follows_samples_of_another_process(odd: tuple[Workspace, str], look: Look) -> None:
    workspace, address = odd
    spec = {"time_range": "2026-05", "widgets": [{"type": "usage", "config": {"measure": "tokens"}}, {"type": "kpi"}]}
    Acting(workspace, OWNER).specs.put("dashboard", "use", spec)
    shown = look(f"{address}/dashboards/use")
    shown.page.locator("[data-widget=usage] [data-state=empty]").wait_for()
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.post_data or "") if request.url.endswith("/show") else None)
    with Workspace(workspace.home) as other:
        SampleBook(other.opened).add([Sample(datetime(2026, 5, 3), "tokens", Decimal(1234), "token")])
    shown.page.locator("[data-widget=usage]").get_by_text("1,234 token is the mean of tokens").first.wait_for()
    assert len(asked) == 1
    assert '"usage"' in asked[0]
    assert '"kpi"' not in asked[0]  # what shows no samples is not asked anew


def test_a_dashboard_stands_in_a_page_of_others_by_a_link(odd: tuple[Workspace, str], look: Look, tmp_path: Path) -> None:
    workspace, url = odd
    admin = IAMManager(workspace.opened)
    code = admin.first_admin_code()
    with httpx.Client(base_url=url) as client:
        begun = client.post("/api/v1/auth/claim", json={"code": code, "password": "a sentence nobody guesses"}).json()
        sent = {"expires": "1d", "frame_ancestors": [url]}
        made = client.post("/api/v1/layouts/cfo_default/links", json=sent, headers={"X-CSRF-Token": begun["csrf"]})
        assert made.status_code == 201, made.text
    address = url + made.json()["url"]
    policy = httpx.get(address).headers["content-security-policy"]
    assert f"frame-ancestors {url}" in policy
    shown = look(address)
    assert shown.page.locator("[data-state=ok]").count() >= 5
    assert shown.page.locator("nav").count() == 0
    assert httpx.get(f"{url}/", follow_redirects=False).headers["location"] == "/login?next=%2F"
    assert httpx.get(f"{url}/api/v1/costs").status_code == 401
