"""People, tokens, runs, schedules, connections: each act pressed in a browser and read back from the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, expect

from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.plugins.http import PRIVATE_HOSTS
from finopsmetrics.runtime.worker import Worker
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.fake_api import FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN
from tests.collecting.test_digitalocean import TEAM, TOKEN, DigitalOcean
from tests.ui.opening import Opened
from tests.ui.pages_fixture import Home, home
from tests.ui.test_who import PASSWORD

__all__ = ["home"]
Look = Callable[..., Opened]


def of(home: Home, path: str, key: str, name: str, by: str = "name") -> dict[str, object]:
    """One of a list that the API gives."""
    [found] = [one for one in httpx.get(f"{home.url}/api/v1/{path}").json()[key] if one[by] == name]
    return dict(found)


def test_a_schedule_is_made_changed_switched_off_and_removed(home: Home, look: Look) -> None:
    page = look(f"{home.url}/runs").page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New schedule").click()
    dialog.get_by_label("Name").fill("mine")
    dialog.get_by_label("Step").select_option("doctor")
    dialog.get_by_label("When").fill("61 6 * * *")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("61 6 * * *")
    dialog.get_by_label("When").fill("30 6 * * 1")
    dialog.get_by_label("Time zone").fill("Europe/Vienna")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="mine", exact=True))
    expect(row).to_contain_text("30 6 * * 1 (Europe/Vienna)")
    assert of(home, "schedules", "schedules", "mine")["active"] is True
    page.get_by_role("button", name="mine", exact=True).click()
    dialog.get_by_label("When").fill("0 7 * * *")
    dialog.get_by_label("On", exact=True).uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("off")
    kept = of(home, "schedules", "schedules", "mine")
    assert (kept["cron"], kept["active"], kept["step"], kept["zone"]) == ("0 7 * * *", False, "doctor", "Europe/Vienna")
    page.get_by_role("button", name="mine", exact=True).click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    names = [one["name"] for one in httpx.get(f"{home.url}/api/v1/schedules").json()["schedules"]]
    assert "mine" not in names


def test_a_run_is_started_by_a_form_and_its_outcome_is_shown(home: Home, look: Look) -> None:
    shown = look(f"{home.url}/runs")
    page = shown.page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Start a step").click()
    dialog.get_by_label("Step").select_option("ingest")
    dialog.get_by_role("button", name="Start it").click()
    expect(dialog.locator("[name=folder]")).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator("[name=folder]")).to_be_focused()
    shown.picture("run-start-fault")
    dialog.get_by_label("Step").select_option("reconcile")
    dialog.get_by_role("button", name="Start it").click()
    expect(dialog).to_have_count(0)
    run = httpx.get(f"{home.url}/api/v1/runs", params={"step": "reconcile"}).json()["runs"][0]
    assert (run["state"], run["actor"]) == ("waiting", "owner")
    assert Worker(home.acting.workspace).work_on(run["id"])
    page.get_by_role("button", name="Look again").click()
    row = page.get_by_role("row").filter(has_text="reconcile").first
    expect(row).to_contain_text("Done")
    row.get_by_role("button").click()
    expect(dialog).to_contain_text(run["id"])
    expect(dialog).to_contain_text("invoices")
    shown.picture("run-outcome")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("No run matches these filters.")).to_be_visible()


def test_an_account_is_changed_switched_off_and_on_and_its_second_factor_reset(home: Home, look: Look) -> None:
    iam = IAMManager(home.workspace.opened)
    page = look(f"{home.url}/people").page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Invite somebody").click()
    dialog.get_by_label("Name", exact=True).fill("not a name!")
    dialog.get_by_label("engineer").check()
    dialog.get_by_role("button", name="Invite").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("rob")
    dialog.get_by_role("textbox", name="Teams").fill("ml, web")
    dialog.get_by_role("button", name="Invite").click()
    expect(dialog.locator("[name=once]")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    assert of(home, "users", "users", "rob")["teams"] == ["ml", "web"]
    page.get_by_role("button", name="rob", exact=True).click()
    dialog.get_by_label("engineer").uncheck()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("auditor").check()
    dialog.get_by_role("textbox", name="Teams").fill("ml")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_have_text("Kept.")
    told = of(home, "users", "users", "rob")
    assert (told["roles"], told["teams"]) == (["auditor"], ["ml"])
    before = dialog.get_by_role("button", name="New link").count()
    dialog.get_by_role("button", name="New link").click()
    again = dialog.locator("[name=once]").input_value()
    assert before
    assert again.startswith(f"{home.url}/welcome?code=")
    dialog.get_by_role("button", name="Switch off").click()
    expect(dialog.get_by_role("status").last).to_contain_text("The account is off")
    assert iam.users.get("rob").active is False
    dialog.get_by_role("button", name="Switch on").click()
    expect(dialog.get_by_role("button", name="Switch off")).to_be_visible()
    assert iam.users.get("rob").active is True
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("row").filter(has=page.get_by_role("button", name="rob", exact=True))).to_contain_text("auditor")


def test_a_token_is_shown_once_works_and_is_ended(odd: tuple[Workspace, str], look: Look) -> None:
    workspace, url = odd
    shown = look(f"{url}/people?tab=tokens")
    page = shown.page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New token").click()
    dialog.get_by_label("Name", exact=True).fill("ci")
    dialog.get_by_label("engineer").check()
    dialog.get_by_label("Only charges where").fill("tags.team ==")
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("line 1")
    dialog.get_by_label("Only charges where").fill('tags.team == "ml"')
    dialog.get_by_label("How long it holds").select_option("30 days")
    dialog.get_by_role("button", name="Make it").click()
    token = dialog.locator("[name=once]").input_value()
    assert page.url == f"{url}/people?tab=tokens"
    bearer = {"Authorization": f"Bearer {token}"}
    told = httpx.get(f"{url}/api/v1/me", headers=bearer).json()
    assert (told["roles"], told["scope"], told["sort"]) == (["engineer"], 'tags.team == "ml"', "token")
    # From the first token on, the server asks everybody for a proof: who was let in without one logs in now.
    IAMManager(workspace.opened).users.add("kim", roles=["admin"], by=OWNER, password=PASSWORD)
    dialog.get_by_role("button", name="Done").click()
    page.wait_for_url(f"{url}/login?next=**")
    page.get_by_label("Name").fill("kim")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{url}/people?tab=tokens")
    shown.ready()
    assert token not in page.content()
    page.get_by_role("button", name="End ci").click()
    dialog.get_by_role("button", name="Cancel").click()
    assert httpx.get(f"{url}/api/v1/me", headers=bearer).status_code == 200
    page.get_by_role("button", name="End ci").click()
    dialog.get_by_role("button", name="End it").click()
    expect(page.get_by_role("row").filter(has_text="ci").first).to_contain_text("Revoked")
    assert httpx.get(f"{url}/api/v1/me", headers=bearer).status_code == 401


@pytest.fixture
def ocean(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A vendor's API on loopback, with two months of bills."""
    made = DigitalOcean()
    made.add(EARLIER, "1.25")
    made.add(OPEN, "4")
    api = FakeApi(made.answer)
    for name, value in ((ALLOWED, api.url), (PRIVATE_HOSTS, "127.0.0.1"), ("OCEAN", TOKEN)):
        monkeypatch.setenv(name, value)
    yield api
    api.close()


def checks(dialog: Locator) -> list[str]:
    return [one.split()[0] for one in dialog.get_by_role("listitem").all_inner_texts()]


def test_a_connection_is_declared_checked_and_synced(odd: tuple[Workspace, str], ocean: FakeApi, look: Look) -> None:
    workspace, url = odd
    shown = look(f"{url}/connections?new=1")
    page = shown.page
    form = page.get_by_role("form", name="New connection")
    form.get_by_role("button", name="JSON").click()
    body = '{"name": "ocean", "integration": "digitalocean", "settings": %s, "secrets": {"token": "env:OCEAN"}}'
    form.get_by_label("The whole as JSON").fill(body % '{"since": "soon"}')
    form.get_by_role("button", name="Create").click()
    page.wait_for_url(f"{url}/connections")
    page.get_by_role("button", name="Check ocean").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("since")
    dialog.get_by_role("button", name="Close").click()
    shown.go(f"{url}/declared/connection/ocean?edit=1")
    form = page.get_by_role("form", name="Edit ocean")
    form.get_by_role("button", name="JSON").click()
    settings = f'{{"team_uuid": "{TEAM}", "since": "2026-05", "endpoint": "{ocean.url}"}}'
    form.get_by_label("The whole as JSON").fill(body % settings)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="History")).to_contain_text("Updated by owner")
    shown.go(f"{url}/connections")
    ocean.fault = lambda _: Reply({"id": "Unauthorized", "message": "Unable to authenticate you"}, 401)
    page.get_by_role("button", name="Check ocean").click()
    expect(dialog.get_by_text("Something is missing")).to_be_visible()
    assert set(checks(dialog)) == {"Missing"}
    assert "401" in dialog.inner_text()
    shown.picture("connection-check-failed")
    dialog.get_by_role("button", name="Close").click()
    ocean.fault = lambda _: None
    page.get_by_role("button", name="Check ocean").click()
    expect(dialog.get_by_text("Nothing is missing.")).to_be_visible()
    assert checks(dialog) == ["There", "There"]
    dialog.get_by_role("button", name="Sync now").click()
    expect(dialog.get_by_role("status").last).to_contain_text("A sync is queued.")
    [run] = httpx.get(f"{url}/api/v1/runs", params={"step": "sync"}).json()["runs"]
    assert run["inputs"]["connection"] == "ocean"
    assert Worker(workspace).work_on(run["id"])
    dialog.get_by_role("button", name="Close").click()
    row = page.get_by_role("row").filter(has_text="ocean")
    expect(row).to_contain_text("2")
    [told] = httpx.get(f"{url}/api/v1/collecting").json()["connections"]
    assert (told["batches"], told["error"]) == (2, None)


def test_a_connection_whose_source_is_not_there_says_so(odd: tuple[Workspace, str], look: Look, ocean: FakeApi) -> None:
    _, url = odd
    settings = {"team_uuid": TEAM, "since": EARLIER, "endpoint": ocean.url}
    sent = {"name": "gone", "integration": "digitalocean", "settings": settings, "secrets": {"token": "env:NOT_SET"}}
    assert httpx.put(f"{url}/api/v1/connections/gone", json=sent).status_code == 201
    page = look(f"{url}/connections").page
    page.get_by_role("button", name="Check gone").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert").or_(dialog.get_by_text("Missing").first)).to_be_visible()
    assert "NOT_SET" in dialog.inner_text()


def test_a_spec_is_edited_with_the_servers_word_at_its_field_and_its_history_shown(home: Home, look: Look) -> None:
    home.acting.specs.put("budget", "Edited", {"amount": 100, "period": "monthly", "currency": "USD"})
    shown = look(f"{home.url}/declared/budget/Edited")
    page = shown.page
    page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("form", name="Edit Edited")
    expect(form.locator("[name=name]")).to_be_disabled()
    form.get_by_label("Amount").fill("-1")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("Amount")).to_be_focused()
    form.get_by_label("Amount").fill("250")
    form.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{home.url}/declared/budget/Edited")
    history = page.get_by_role("region", name="History")
    expect(history).to_contain_text("Updated by owner")
    assert history.locator("del").first.inner_text() == "100"
    assert history.locator("ins").first.inner_text() == "250"
    page.get_by_role("link", name="Copy", exact=True).click()
    copy = page.get_by_role("form", name="New budget")
    expect(copy.locator("[name=name]")).to_have_value("Edited (copy)")
    copy.get_by_role("button", name="Create").click()
    page.wait_for_url(f"{home.url}/declared/budget/Edited%20(copy)")
    shown.ready()
    assert home.acting.specs.get("budget", "Edited (copy)").body["amount"] == "250"
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{home.url}/declared/budget")
    shown.go(f"{home.url}/declared/budget/Edited%20(copy)")
    expect(page.get_by_role("region", name="History")).to_contain_text("Deleted by owner")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("pre")).to_contain_text("250")
    assert home.acting.specs.get("budget", "Edited (copy)").body["amount"] == "250"
