"""The explorer in a browser: what it shows is what the API answers, and its whole state is in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import httpx

from tests.ui.opening import Opened

Look = Callable[..., Opened]


def total_of(shown: Opened) -> Decimal:
    return Decimal((shown.page.locator("#total").get_attribute("title") or "").split()[0])


def test_it_shows_what_the_api_answers_and_keeps_it_in_the_address(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-10")
    answer = httpx.get(f"{demo}/api/v1/costs", params={"range": "2026-10", "group_by": "ServiceName"}).json()
    assert total_of(shown) == Decimal(answer["totals"]["USD"])
    shown.page.get_by_label("Group by").select_option("RegionId")
    shown.page.wait_for_url("**group_by=RegionId**")
    shown.ready()
    shown.page.get_by_label("Cost", exact=True).select_option("effective")
    shown.page.wait_for_url("**metric=effective**")
    shown.ready()
    effective = httpx.get(f"{demo}/api/v1/costs", params={"range": "2026-10", "metric": "effective"}).json()["totals"]["USD"]
    assert total_of(shown) == Decimal(effective)
    again = look(shown.page.url)
    assert again.page.locator("#sums").inner_text() == shown.page.locator("#sums").inner_text()
    shown.page.go_back()
    shown.ready()
    assert total_of(shown) == Decimal(answer["totals"]["USD"])


def test_a_click_drills_down_to_the_charge_rows(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-10&group_by=ServiceName&compare=1")
    row = shown.page.locator("#sums tbody tr").first
    name, cost = row.locator("a").inner_text(), row.locator("td.n").first.get_attribute("title")
    row.locator("a").click()
    shown.page.wait_for_selector("#charges tbody tr")
    shown.ready()
    assert f'ServiceName == "{name}"' in shown.page.locator(".chip.mono").inner_text()
    assert total_of(shown) == Decimal((cost or "").split()[0])
    assert {cell.inner_text() for cell in shown.page.locator("#charges tbody tr td:nth-child(2)").all()} == {name}
    shown.page.get_by_role("button", name="All columns").first.click()
    assert "x_fm_" in shown.page.get_by_role("dialog").inner_text()
    shown.page.keyboard.press("Escape")
    shown.page.get_by_role("button", name=re.compile("^Remove ServiceName")).click()
    shown.page.locator(".chip.mono").wait_for(state="detached")


def test_every_chart_and_every_form_of_time_is_drawn(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-09-05..2026-10-20&group_by=ServiceCategory,RegionId")
    for chart in ("area", "line", "bar", "treemap", "donut", "heatmap", "stacked_bar", "table"):
        shown.page.get_by_label("Chart", exact=True).select_option(chart)
        shown.page.wait_for_url(f"**chart={chart}**")
        shown.ready()
        assert (shown.page.locator("canvas").count() > 0) == (chart != "table"), chart
    assert shown.page.get_by_label("From", exact=True).input_value() == "2026-09-05"


def test_a_wrong_filter_is_told_and_what_is_shown_can_be_taken_away(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-10")
    with shown.page.expect_download() as downloading:
        shown.page.get_by_role("button", name="CSV").click()
    text = open(downloading.value.path(), encoding="utf-8").read()  # noqa: SIM115
    assert text.startswith("ServiceName,currency,cost")
    with shown.page.expect_download() as downloading:
        shown.page.get_by_role("button", name="PNG").click()
    assert open(downloading.value.path(), "rb").read(8) == b"\x89PNG\r\n\x1a\n"  # noqa: SIM115
    shown.page.get_by_role("button", name="As text").click()
    shown.page.get_by_label("Condition").fill("ServiceName ==")
    shown.page.get_by_role("button", name="Apply").click()
    assert "line 1" in shown.page.get_by_role("alert").first.inner_text()


def test_the_receipt_is_one_click_away_and_reproduces_the_figure(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-10")
    shown.page.get_by_role("button", name="Where does this come from?").click()
    shown.page.get_by_role("button", name="Compute it again").click()
    shown.page.get_by_role("dialog").get_by_text("The same answer came out").wait_for()


def test_a_view_is_saved_and_found_again(demo: str, look: Look) -> None:
    shown = look(f"{demo}/explorer?range=2026-10&group_by=RegionId")
    shown.page.get_by_role("button", name="Save view").click()
    shown.page.get_by_label("Name", exact=True).fill("October by region")
    shown.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    shown.page.wait_for_selector("#view")
    other = look(f"{demo}/explorer")
    other.page.get_by_label("Saved views").select_option("October by region")
    other.page.wait_for_url("**group_by=RegionId**")
    board = look(f"{demo}/dashboards/October%20by%20region")
    assert board.page.locator("[data-state=ok]").count() == 1
