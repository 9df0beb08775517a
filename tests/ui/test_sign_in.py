"""Log-in in a browser: by a running OpenID provider and back, what a person is told when it fails, and the second factor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import oidc_provider_mock
import pyotp
import pytest
from playwright.sync_api import Page, Route, expect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from tests.iam.conftest import ROWS, Clock
from tests.store.bills import write_csv
from tests.ui.opening import Opened
from tests.ui.test_who import PASSWORD, entered

Look = Callable[..., Opened]
GROUPS = {"ann": ["finance"], "eve": ["strangers"], "kim": ["finance"]}
NO_FONTS = re.compile("^https://")  # the provider's page asks another server for its looks


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    users = [
        oidc_provider_mock.User(sub=name, claims={"groups": groups, "preferred_username": name})
        for name, groups in GROUPS.items()
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as running:
        yield f"http://localhost:{running.server_port}"


@pytest.fixture
def signing(issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Workspace, str]]:
    """A home whose people log in at the provider; who is of its finance is an analyst."""
    for name, value in (("ISSUER", issuer), ("CLIENT_ID", "finopsmetrics"), ("CLIENT_SECRET", "a secret of the client")):
        monkeypatch.setenv(f"FINOPSMETRICS_OIDC_{name}", value)
    with Workspace(tmp_path / "home") as workspace:
        workspace.ingest([write_csv(tmp_path / "bill.csv", ROWS)], source="aws")
        acting = Acting(workspace, OWNER)
        analyst = {"permissions": ["costs:read", "dashboard:read"], "groups": ["finance"]}
        acting.specs.put("role", "analyst", analyst)
        IAMManager(workspace.opened).users.add("kim", roles=["admin"], by=OWNER, password=PASSWORD)
        with BackgroundServer(workspace) as server:
            yield workspace, server.url


def at_provider(shown: Opened, url: str, after: str = "/") -> Page:
    """Press the button of the log-in; the provider's page."""
    shown.page.route(NO_FONTS, _refuse)
    shown.go(f"{url}{after}")
    assert shown.page.url.startswith(f"{url}/login")
    shown.page.get_by_role("link", name="Log in with single sign-on").click()
    shown.page.get_by_role("heading", name="Authorize Client").wait_for()
    return shown.page


def _refuse(route: Route) -> None:
    route.abort()


def chosen(page: Page, name: str) -> None:
    page.locator("[name=sub]").first.fill(name)
    page.get_by_role("button", name="Authorize").click()


def told(shown: Opened, url: str) -> str:
    """What stands on the log-in after something went wrong: whole, with both ways to try again."""
    shown.ready()
    assert shown.page.url.startswith(url)
    assert shown.page.locator("h1").inner_text() == "Log in"
    assert shown.page.get_by_role("link", name="Log in with single sign-on").count() == 1
    assert shown.page.get_by_label("Password").count() == 1
    return shown.page.get_by_role("alert").inner_text()


def test_who_logs_in_at_the_provider_comes_back_to_the_page_with_a_role(signing: tuple[Workspace, str], look: Look) -> None:
    workspace, url = signing
    shown = look(f"{url}/login")
    shown.picture("login-single-sign-on")
    page = at_provider(shown, url, "/explorer?range=2026-05")
    chosen(page, "ann")
    page.wait_for_url(f"{url}/explorer?range=2026-05")
    shown.ready()
    assert page.locator("#sums tbody tr").count() == 3
    shown.go(f"{url}/settings")
    assert "analyst" in page.locator("main").inner_text()
    assert page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit trail").count() == 0
    user = IAMManager(workspace.opened).users.get("ann")
    assert (user.roles, user.has_password) == (("analyst",), False)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{url}/login")


def test_what_goes_wrong_at_the_provider_is_told_in_words_with_a_way_on(signing: tuple[Workspace, str], look: Look) -> None:
    workspace, url = signing
    shown = look(f"{url}/login")
    page = at_provider(shown, url)
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url(f"{url}/api/v1/auth/oidc/callback**")
    assert re.search(r"did not log you in \(access_denied\).*Begin again at /login", told(shown, url))
    shown.picture("login-denied")
    page.get_by_role("link", name="Log in with single sign-on").click()
    chosen(page, "eve")
    page.wait_for_url(f"{url}/api/v1/auth/oidc/callback**")
    assert "None of your groups stands for a role here. An administrator maps a group" in told(shown, url)
    page.get_by_role("link", name="Log in with single sign-on").click()
    chosen(page, "kim")
    page.wait_for_url(f"{url}/api/v1/auth/oidc/callback**")
    assert "There is a user kim who does not log in by single sign-on." in told(shown, url)
    used = page.url
    shown.go(used)
    assert "not begun here, or too long ago" in told(shown, url)
    shown.go(re.sub("state=[^&]+", "state=forged", used))
    assert "was begun in another browser. Begin again at /login." in told(shown, url)
    other = look(used)
    assert "was begun in another browser" in told(other, url)
    assert {user.name for user in IAMManager(workspace.opened).users.all()} == {"kim"}
    programs = httpx.get(used)
    assert (programs.status_code, programs.headers["content-type"]) == (401, "application/problem+json")


def test_a_provider_that_is_not_there_is_told_with_the_log_in(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch, signing: tuple[Workspace, str]
) -> None:
    monkeypatch.setenv("FINOPSMETRICS_OIDC_ISSUER", "http://localhost:9")
    with BackgroundServer(signing[0]) as server:
        shown = look(f"{server.url}/login?next=%2Fexplorer")
        shown.page.get_by_role("link", name="Log in with single sign-on").click()
        shown.page.wait_for_url(f"{server.url}/api/v1/auth/oidc/start**")
        assert "FINOPSMETRICS_OIDC_ISSUER is right and can be reached" in told(shown, server.url)
        entered(shown, "kim")
        shown.page.wait_for_url(f"{server.url}/explorer")
        shown.ready()


def test_the_second_factor_is_set_up_used_and_switched_off(tmp_path: Path, look: Look) -> None:
    clock = Clock()
    with Workspace(tmp_path / "home", now=clock) as workspace, BackgroundServer(workspace) as server:
        url, users = server.url, IAMManager(workspace.opened).users
        users.add("kim", roles=["admin"], by=OWNER, password=PASSWORD)
        shown = look(f"{url}/login?next=%2Fsettings")
        page = shown.page
        entered(shown, "kim")
        page.wait_for_url(f"{url}/settings")
        shown.ready()
        section = page.get_by_role("region", name="Second factor")
        section.get_by_role("button", name="Set it up").click()
        secret = section.locator("dd").first.inner_text()
        codes = pyotp.TOTP(secret)
        assert f"secret={secret}" in (section.get_by_role("link").get_attribute("href") or "")
        shown.picture("second-factor")
        right = codes.at(clock())
        section.get_by_label("Code").fill(f"{(int(right) + 1) % 1_000_000:06d}")
        section.get_by_role("button", name="Turn it on").click()
        expect(section.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
        expect(section.get_by_label("Code")).to_be_focused()
        assert section.get_by_role("alert").inner_text() == "The code is wrong."
        assert page.url == f"{url}/settings"
        section.get_by_label("Code").fill(right)
        section.get_by_role("button", name="Turn it on").click()
        recovery = section.locator("[name=once]").input_value().split()
        assert len(set(recovery)) == 10
        shown.picture("second-factor-on")
        assert users.get("kim").has_second_factor
        assert page.get_by_label("Code of the second factor").count() == 1  # the form for the password asks for it at once
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{url}/login")

        shown.go(f"{url}/login?next=%2Fsettings")
        entered(shown, "kim")
        assert page.get_by_role("alert").inner_text() == "A code of the authenticator app is needed."
        entered(shown, "kim", right)  # it was used up when it was confirmed
        field = page.get_by_label("Code of your authenticator")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description("The code is wrong or was used already.")
        shown.picture("login-wrong-code")
        clock.pass_(seconds=30)
        entered(shown, "kim", codes.at(clock()))
        page.wait_for_url(f"{url}/settings")
        shown.ready()

        section.get_by_role("button", name="Switch it off").click()
        section.get_by_label("Password").fill(PASSWORD)
        section.get_by_label("Code").fill("000000")
        section.get_by_role("button", name="Switch it off").click()
        expect(section.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
        section.get_by_label("Password").fill("another")
        section.get_by_role("button", name="Switch it off").click()
        expect(section.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
        section.get_by_label("Password").fill(PASSWORD)
        section.get_by_label("Code").fill(recovery[0])
        section.get_by_role("button", name="Switch it off").click()
        expect(section.get_by_role("status")).to_have_text("The second factor is off.")
        assert not users.get("kim").has_second_factor
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{url}/login")
        clock.pass_(seconds=timedelta(minutes=2).total_seconds())
        entered(shown, "kim")
        page.wait_for_url(f"{url}/")
        shown.ready()
