"""Dashboards by finger: a widget carried and another resized by touches, kept and found again; the page scrolls elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.ui.opening import Opened
from tests.ui.test_dashboards import order

Look = Callable[..., Opened]
PHONE = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
SIZES = {"tablet": (820, 1180), "phone": (390, 844)}


class Finger:
    """One finger on the screen, by the browser's own protocol: what a touch screen would send."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session: CDPSession = page.context.new_cdp_session(page)

    def _send(self, sort: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        self._session.send("Input.dispatchTouchEvent", {"type": sort, "touchPoints": points})

    def drag(self, start: tuple[float, float], *through: tuple[float, float], steps: int = 6, lift: bool = True) -> None:
        """Put the finger down, move it through points, and lift it."""
        self._send("touchStart", start)
        last = start
        for target in through:
            for step in range(1, steps + 1):
                part = step / steps
                self._send("touchMove", (last[0] + (target[0] - last[0]) * part, last[1] + (target[1] - last[1]) * part))
                self._page.wait_for_timeout(20)
            last = target
        if lift:
            self._send("touchEnd")

    def hold(self, time: int) -> None:
        self._page.wait_for_timeout(time)

    def lift(self) -> None:
        self._send("touchEnd")

    def cancel(self) -> None:
        self._send("touchCancel")


def middle(found: Locator) -> tuple[float, float]:
    box = found.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture(params=SIZES)
def by_finger(request: pytest.FixtureRequest, demo: str, look: Look) -> Iterator[tuple[Opened, Finger, str]]:
    """The builder over a board of three widgets, on a tablet and on a phone; its name."""
    name = f"by finger on a {request.param}"
    widgets = [
        {"type": "kpi", "title": "One", "size": [2, 1], "position": [0, 0]},
        {"type": "cost_trend", "title": "Two", "size": [2, 1], "position": [2, 0]},
        {"type": "cost_by", "title": "Three", "size": [2, 1], "position": [0, 1]},
    ]
    for row in range(2, 5):  # so that the page is longer than the screen
        widgets.append({"type": "text", "title": f"Row {row}", "config": {"markdown": "…"}, "size": [2, 1], "position": [0, row]})
    assert httpx.put(f"{demo}/api/v1/dashboards/{name}", json={"name": name, "widgets": widgets}).status_code == 201
    width, height = SIZES[request.param]
    shown = look(f"{demo}/dashboards/{name}?edit=1", width=width, height=height, **PHONE)
    shown.page.locator(".corner").last.wait_for()
    yield shown, Finger(shown.page), name
    httpx.delete(f"{demo}/api/v1/dashboards/{name}")


def scrolled(page: Page) -> float:
    """How far down the page is, once it is at rest."""
    before, now = -1.0, 0.0
    while before != now:
        before, now = now, float(page.evaluate("window.scrollY"))
        page.wait_for_timeout(60)
    return now


def columns(shown: Opened) -> float:
    """How many pixels one column is wide."""
    return float(shown.page.locator("[data-widget=kpi]").evaluate("e => e.getBoundingClientRect().width / 2"))


def test_a_widget_is_carried_another_resized_and_the_layout_holds(
    by_finger: tuple[Opened, Finger, str], demo: str, look: Look
) -> None:
    shown, finger, name = by_finger
    page = shown.page
    shown.picture(f"builder-{name.split()[-1]}")
    before = order(shown)
    wide = columns(shown)
    grip = page.get_by_role("button", name="Move One", exact=True)
    grip.scroll_into_view_if_needed()
    x, y = middle(grip)
    finger.drag((x, y), (x + 2 * wide, y))
    carried = order(shown)
    assert ("kpi", "3 / span 2", "1 / span 1") in carried
    assert carried != before
    corner = page.locator("[data-widget=kpi] .corner")
    corner.scroll_into_view_if_needed()
    x, y = middle(page.locator("[data-widget=cost_by] .corner"))
    scrolled = page.evaluate("window.scrollY")
    finger.drag((x, y), (x + 2 * wide, y))
    resized = order(shown)
    assert ("cost_by", "1 / span 4") in [one[:2] for one in resized]
    assert page.evaluate("window.scrollY") == scrolled  # the handle is the board's, not the page's
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved", exact=True).wait_for()
    again = look(f"{demo}/dashboards/{name}?edit=1", width=1400)
    assert order(again) == resized
    kept = {
        one["title"]: (one["position"], one["size"]) for one in httpx.get(f"{demo}/api/v1/dashboards/{name}").json()["widgets"]
    }
    assert (kept["One"][0][0], kept["Three"][1]) == (2, [4, 1])
    page.get_by_role("button", name="Undo").click()
    assert order(shown) == carried


def test_a_finger_scrolls_where_no_handle_is_and_a_widget_at_the_edge_takes_the_page_along(
    by_finger: tuple[Opened, Finger, str],
) -> None:
    shown, finger, _ = by_finger
    page = shown.page
    before = order(shown)
    height = page.viewport_size["height"]  # type: ignore[index]
    page.evaluate("window.scrollTo(0, 0)")
    x, _ = middle(page.locator("[data-widget=kpi]"))
    finger.drag((x, height * 0.8), (x, height * 0.3), steps=12)
    assert scrolled(page) > 100
    assert order(shown) == before
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(100)
    grip = page.get_by_role("button", name="Move One", exact=True)
    finger.drag(middle(grip), (middle(grip)[0], height - 10), lift=False)
    finger.hold(400)
    assert page.evaluate("window.scrollY") > 100
    finger.lift()
    after = order(shown)
    assert after != before
    page.get_by_role("button", name="Undo").click()
    assert order(shown) == before  # the whole way is one step


def test_a_touch_that_the_system_takes_away_changes_nothing(by_finger: tuple[Opened, Finger, str]) -> None:
    shown, finger, _ = by_finger
    before = order(shown)
    grip = shown.page.get_by_role("button", name="Move One", exact=True)
    grip.scroll_into_view_if_needed()
    x, y = middle(grip)
    finger.drag((x, y), (x + 2 * columns(shown), y), lift=False)
    assert order(shown) != before
    finger.cancel()
    shown.page.wait_for_timeout(50)
    assert order(shown) == before
    assert shown.page.get_by_role("button", name="Undo").is_disabled()
    shown.page.get_by_role("button", name="Configure One", exact=True).click()
    shown.page.get_by_role("dialog").get_by_label("Title", exact=True).fill("Uno")
    shown.page.get_by_role("button", name="Apply").click()
    expect(shown.page.get_by_role("heading", name="Uno")).to_be_visible()
