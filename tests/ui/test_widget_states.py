"""Every widget in every state, at three sizes on one board: whole, readable, within its cell, open to everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from tests.ui.opening import READY, Opened
from tests.ui.test_looks import AXE, SERIOUS
from tests.ui.test_who import PASSWORD

Look = Callable[..., Opened]
SIZES = ([1, 1], [2, 1], [4, 1])
BOARD, SHOW = "/dashboards/every", re.compile(r"/api/v1/(widgets|layouts/every)/show")
CONFIG = {
    "text": {"markdown": "**Costs** of [May](/explorer)\n\n- one\n- two"},
    "explorer_view": {"address": "group_by=RegionId"},
}
# What sticks out of its cell, and what is cut off in it without a way to reach it.
OUT = """
all => all.filter(e => [...e.querySelectorAll('h2, p, button, table, canvas')].some(one => {
    const [inner, outer] = [one.getBoundingClientRect(), e.getBoundingClientRect()];
    return inner.width && !one.closest('.scroll, .scroll-y') && (inner.right > outer.right + 1 || inner.left < outer.left - 1);
})).map(e => e.getAttribute('aria-label'))
"""


def declared(client: httpx.Client) -> None:
    """A board with every widget at every size."""
    widgets = [
        {"type": name, "size": size, "title": f"{name} {size[0]}", **({"config": CONFIG[name]} if name in CONFIG else {})}
        for size in SIZES
        for name in sorted(WIDGETS)
    ]
    made = client.put("/api/v1/dashboards/every", json={"name": "every", "widgets": widgets})
    assert made.status_code in {200, 201}, made.text


def whole(shown: Opened, name: str) -> list[str]:
    """Look at the board in light and dark, wide and narrow; give the states of its cells."""
    page = shown.page
    page.add_script_tag(path=str(AXE))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.wait_for_timeout(200)
        assert page.evaluate(SERIOUS) == [], scheme
        shown.picture(f"widgets-{name}-{scheme}")
    cells = page.locator("[data-state]")
    assert cells.count() == len(WIDGETS) * len(SIZES)
    assert not shown.overflows()
    assert cells.evaluate_all(OUT) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    assert not shown.overflows()
    assert cells.evaluate_all(OUT) == []
    return list(cells.evaluate_all("all => all.map(e => e.dataset.state)"))


@pytest.fixture
def board(demo: str) -> str:
    with httpx.Client(base_url=demo) as client:
        declared(client)
    return demo


def test_with_charges(board: str, look: Look) -> None:
    shown = look(board + BOARD, bypass_csp=True)
    states = whole(shown, "ok")
    assert set(states) <= {"ok", "empty"}
    assert states.count("ok") > len(states) * 2 / 3


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[str]:
    """The server of a home in which nothing is yet."""
    with Workspace(tmp_path / "home") as workspace, BackgroundServer(workspace) as server:
        yield server.url


def test_without_charges_each_says_what_to_do(bare: str, look: Look) -> None:
    with httpx.Client(base_url=bare) as client:
        declared(client)
    shown = look(bare + BOARD, bypass_csp=True)
    states = whole(shown, "empty")
    assert set(states) <= {"ok", "empty"}
    assert states.count("empty") > len(states) / 2
    notes = shown.page.locator("[data-state=empty] .note").all_inner_texts()
    assert len(notes) == states.count("empty")
    assert all(len(note) > 10 for note in notes)
    assert "NaN" not in shown.page.locator("main").inner_text()


def answering(route: Route, state: str, sentence: str, error: object) -> None:
    """Answer each widget of the request with one state."""
    told = {"state": state, "sentence": sentence, "chart": None, "text": None, "receipts": [], "source": "", "link": None}
    asked = [json.loads(line) for line in route.fetch().text().splitlines()]
    lines = [
        {**told, "id": one["id"], "type": one["type"], "title": one["title"], "empty": None, "error": error} for one in asked
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    route.fulfill(status=200, content_type="application/x-ndjson", body=body)


def failing(route: Route) -> None:
    """Each widget with an error of its own."""
    error = {"code": "store", "detail": "The lake cannot be read: a file is gone.", "cure": "Run `finopsmetrics doctor`."}
    answering(route, "failed", "", error)


def opened(look: Look, board: str, handler: Callable[[Route], None], *, ready: bool = True) -> Opened:
    """The board with something between it and the server."""
    shown = look(f"{board}/settings", bypass_csp=True)
    shown.page.route(SHOW, handler)
    shown.page.goto(board + BOARD)
    shown.page.wait_for_selector(READY if ready else "[data-state=loading]")
    return shown


def test_each_that_fails_says_why_and_what_to_do(board: str, look: Look) -> None:
    shown = opened(look, board, failing)
    assert set(whole(shown, "failed")) == {"failed"}
    alerts = shown.page.locator("[data-state=failed] [role=alert]").all_inner_texts()
    assert len(alerts) == len(WIDGETS) * len(SIZES)
    assert all("a file is gone" in one and "doctor" in one for one in alerts)


def test_a_server_that_fails_is_asked_again_by_a_button(board: str, look: Look) -> None:
    problem = {"status": 503, "detail": "Too many questions at once.", "cure": "Ask again in a moment.", "code": "busy"}
    shown = opened(look, board, lambda route: route.fulfill(status=503, json=problem, content_type="application/problem+json"))
    assert set(whole(shown, "unanswered")) == {"failed"}
    shown.page.unroute(SHOW)
    first = shown.page.locator("[data-widget=kpi]").first
    assert "Too many questions at once. Ask again in a moment." in first.inner_text()
    first.get_by_role("button", name="Try again").click()
    expect(first.locator("[data-state=ok]")).to_be_visible()
    expect(shown.page.locator("[data-state=failed]")).to_have_count(0)


def test_while_the_server_thinks_there_are_bones(board: str, look: Look) -> None:
    held: list[Route] = []
    shown = opened(look, board, lambda route: held.append(route), ready=False)  # noqa: PLW0108
    assert set(whole(shown, "loading")) == {"loading"}
    cells = shown.page.locator("[data-state=loading]")
    assert all(cells.evaluate_all("all => all.map(e => e.getAttribute('aria-busy') === 'true' && !!e.querySelector('.bones'))"))
    assert shown.page.locator(READY).count() == 0
    for route in held:
        route.continue_()
    shown.ready()
    assert shown.page.locator("[data-state=loading]").count() == 0


def entered(page: Page, url: str, code: str) -> None:
    page.goto(f"{url}/welcome?code={code}")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url(f"{url}/")


def test_what_one_may_not_see_is_said_and_not_sent(odd: tuple[Workspace, str], look: Look) -> None:
    workspace, url = odd
    with httpx.Client(base_url=url) as client:
        declared(client)
    Acting(workspace, OWNER).specs.put("role", "looker", {"permissions": ["costs:read", "dashboard:read"]})
    users = IAMManager(workspace.opened).users
    users.add("ann", roles=["looker"], by=OWNER)
    shown = look(f"{url}/login", bypass_csp=True, listen=True)
    entered(shown.page, url, users.invite("ann", by=OWNER))
    shown.ready()
    shown.traffic.clear()
    shown.go(url + BOARD)
    kept = {name for name, one in WIDGETS.items() if set(one.needs) - {"costs:read"}}
    hidden = shown.page.locator(".place:has([data-state=forbidden])")
    assert set(hidden.evaluate_all("all => all.map(e => e.dataset.widget)")) == kept
    assert hidden.count() == len(kept) * len(SIZES)
    assert {text for text in hidden.locator(".note").all_inner_texts() if "You may not see this" not in text} == set()
    assert not any("Team ml" in text for text in shown.traffic)  # a budget's name
    sentence = "You may not see this: it needs every permission that there is."
    shown.page.route(SHOW, lambda route: answering(route, "forbidden", sentence, None))
    shown.go(url + BOARD)
    assert set(whole(shown, "forbidden")) == {"forbidden"}
