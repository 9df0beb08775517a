"""Who looks: the first start, log-in with a second factor, what a team lead's browser is never sent, hostile names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pyotp

from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import HIDDEN, MARKUP, NOW
from tests.ui.opening import Opened

Look = Callable[..., Opened]
PASSWORD = "a sentence nobody guesses"


def entered(shown: Opened, name: str, code: str | None = None) -> None:
    page = shown.page
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    if code is not None:
        page.get_by_label("Code of your authenticator").fill(code)
    page.get_by_role("button", name="Log in").click()


def test_the_first_start_leads_to_a_log_in_with_a_second_factor(odd: tuple[Workspace, str], look: Look) -> None:
    workspace, url = odd
    code = IAMManager(workspace.opened).first_admin_code()
    shown = look(f"{url}/welcome?code={code}")
    shown.picture("welcome")
    shown.page.get_by_label("New password").fill(PASSWORD)
    shown.page.get_by_role("button", name="Set the password").click()
    shown.page.wait_for_url(f"{url}/")
    shown.ready()
    with httpx.Client(base_url=url) as client:
        begun = client.post("/api/v1/auth/login", json={"name": "admin", "password": PASSWORD}).json()
        guard = {"X-CSRF-Token": begun["csrf"]}
        codes = pyotp.TOTP(client.post("/api/v1/me/second-factor", headers=guard).json()["secret"])
        client.post("/api/v1/me/second-factor/confirm", json={"code": codes.at(NOW)}, headers=guard)
    shown.page.get_by_role("button", name="Log out").click()
    shown.page.wait_for_url(f"{url}/login")
    shown.go(f"{url}/explorer?range=2026-05")
    assert shown.page.url.startswith(f"{url}/login?next=")
    shown.picture("login")
    entered(shown, "admin")
    entered(shown, "admin", codes.at(NOW + timedelta(seconds=30)))  # the code of now was used up when it was confirmed
    shown.page.wait_for_url(f"{url}/explorer?range=2026-05")
    shown.ready()
    assert shown.page.locator("#sums tbody tr").count() > 2


def test_a_team_leads_browser_never_receives_a_hidden_row(odd: tuple[Workspace, str], look: Look) -> None:
    workspace, url = odd
    iam = IAMManager(workspace.opened)
    iam.users.add("lead", roles=["team_lead"], teams=["ml"], by=OWNER)
    invited = iam.users.invite("lead", by=OWNER)
    shown = look(f"{url}/welcome?code={invited}", listen=True)
    shown.page.get_by_label("New password").fill(PASSWORD)
    shown.page.get_by_role("button", name="Set the password").click()
    shown.page.wait_for_url(f"{url}/")
    shown.ready()
    for path in ("/explorer?range=all&group_by=ServiceName,tags.team&rows=1", "/dashboards/cfo_default", "/dashboards"):
        shown.go(url + path)
    shown.page.wait_for_timeout(300)
    assert len(shown.traffic) > 8
    assert any("Compute" in text for text in shown.traffic)
    assert [text[:300] for text in shown.traffic if HIDDEN in text] == []
    assert "You may not see this" in shown.page.content() or shown.page.url.endswith("/dashboards")


def test_hostile_names_are_text_everywhere(odd: tuple[Workspace, str], look: Look) -> None:
    _, url = odd
    told = f"**{MARKUP}** [x](javascript:alert(1)) {MARKUP}"
    widgets = [{"type": "text", "config": {"markdown": told}}]
    for kind in ("treemap", "table", "bar", "donut"):
        config = {"group_by": "ServiceName", "chart": kind, "time_range": "all"}
        widgets.append({"type": "cost_by", "title": MARKUP, "config": config})
    widgets += [{"type": name} for name in sorted(set(WIDGETS) - {"text", "cost_by", "explorer_view"})]
    spec = {"name": "odd", "widgets": widgets}
    assert httpx.put(f"{url}/api/v1/dashboards/odd", json=spec).status_code == 201
    for path in ("/dashboards/odd?range=2026-05", "/explorer?range=all&group_by=ServiceName,tags.team&rows=1"):
        shown = look(url + path)
        shown.page.evaluate("() => { window.alert = () => { throw new Error('it ran'); }; }")
        assert MARKUP in shown.page.locator("main").inner_text()
        assert shown.page.locator("[data-state=failed]").count() == 0
        assert shown.page.locator("main img, main script, main a[href^='javascript:']").count() == 0
        for canvas in shown.page.locator("canvas").all():
            canvas.hover(position={"x": 120, "y": 60}, force=True)
