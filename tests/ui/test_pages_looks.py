"""Pages behind the menu's, and forms: light, dark and narrow; nothing sticks out, nobody is shut out."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.ui.opening import Opened
from tests.ui.pages_fixture import FOUND, HOSTILE, Home, home
from tests.ui.test_looks import AXE, SERIOUS

__all__ = ["home"]
Look = Callable[..., Opened]
WHERE = {
    "budget": f"/budgets/{quote('Compute')}",
    "budget-new": "/budgets?new=1",
    "finding": f"/findings/{FOUND.id}",
    "kind": "/declared/budget",
    "policy-new": "/declared/policy?new=1",
    "spec": f"/declared/budget/{quote(HOSTILE, safe='')}",
    "people-access": "/people?tab=access",
}


@pytest.mark.parametrize("name", WHERE)
def test_a_page_behind_the_menu_is_whole(home: Home, look: Look, name: str) -> None:
    shown = look(f"{home.url}{WHERE[name]}", bypass_csp=True)
    page = shown.page
    assert page.locator("main h1").count() == 1
    page.add_script_tag(path=str(AXE))
    assert page.evaluate(SERIOUS) == []
    shown.picture(name)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(250)  # colours go over
    shown.ready()
    assert page.evaluate(SERIOUS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    shown.ready()
    assert not shown.overflows()
    assert page.locator("main img[src=x]").count() == 0
    shown.picture(f"{name}-narrow")


def test_every_field_of_every_kind_has_a_name_and_a_label(home: Home, look: Look) -> None:
    from finopsmetrics.kinds import KINDS

    shown = look(f"{home.url}/declared")
    for kind in KINDS:
        shown.go(f"{home.url}/declared/{kind}?new=1")
        shown.page.get_by_role("button", name="Fill in an example").click()
        for more in shown.page.locator("summary").all():
            more.click()
        nameless = shown.page.evaluate(
            "() => [...document.querySelectorAll('form input, form select, form textarea')]"
            ".filter(one => !one.name || !one.labels.length).map(one => one.outerHTML)"
        )
        assert nameless == [], kind
