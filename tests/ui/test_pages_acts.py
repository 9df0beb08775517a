"""What one does on pages: declare by a form, hear the server's word at its field, act on a finding, invite somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from playwright.sync_api import expect

from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.reviewing import Reviewing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.specs import Step
from tests.ui.opening import Opened
from tests.ui.pages_fixture import FOUND, HOSTILE, Home, home

__all__ = ["home"]
Look = Callable[..., Opened]


def test_a_budget_is_declared_by_a_form_that_puts_the_servers_word_at_its_field(home: Home, look: Look) -> None:
    shown = look(f"{home.url}/budgets?new=1")
    page = shown.page
    form = page.get_by_role("form", name="New budget")
    form.get_by_label("Name").fill("By hand")
    form.get_by_label("Amount").fill("many")
    form.get_by_label("Period").select_option("monthly")
    form.get_by_label("Currency").fill("USD")
    form.get_by_role("button", name="Add a key").click()
    form.get_by_label("Filters: key 1").fill("service")
    form.get_by_label("Filters: value 1").fill("Compute")
    form.get_by_role("button", name="Add budget alert").click()
    form.get_by_label("Threshold").fill("soon")
    form.get_by_role("button", name="Create").click()
    amount = form.locator("[name=amount]")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_be_focused()
    expect(form.locator("[name='alerts/0/threshold']")).to_have_attribute("aria-invalid", "true")
    assert "is no number" in amount.locator("xpath=..").locator(".fault").inner_text()
    amount.fill("1234.10")
    form.locator("[name='alerts/0/threshold']").fill("80%")
    form.get_by_role("button", name="Create").click()
    page.wait_for_url(f"{home.url}/budgets/By%20hand")
    shown.ready()
    assert "1,234.10 USD" in page.get_by_label("How it stands").inner_text()
    assert home.acting.specs.get("budget", "By hand").body["amount"] == "1234.1"
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{home.url}/budgets")
    shown.ready()
    assert page.get_by_role("link", name="By hand").count() == 0


def test_a_change_of_somebody_else_in_between_is_told_and_not_overwritten(home: Home, look: Look) -> None:
    home.acting.specs.put("team", "platform", {"description": "first"})
    shown = look(f"{home.url}/declared/team/platform?edit=1")
    page = shown.page
    form = page.get_by_role("form", name="Edit platform")
    form.get_by_label("Description").fill("mine")
    home.acting.specs.put("team", "platform", {"description": "theirs"})
    form.get_by_role("button", name="Save").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("412")
    assert home.acting.specs.get("team", "platform").body["description"] == "theirs"
    told.get_by_role("button", name="Show what is there now").click()
    expect(form.get_by_label("Description")).to_have_value("theirs")
    form.get_by_label("Description").fill("both")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("pre")).to_contain_text("both")
    assert home.acting.specs.get("team", "platform").body["description"] == "both"


def test_what_was_deleted_is_restored_from_its_history(home: Home, look: Look) -> None:
    home.acting.specs.put("team", "gone", {"description": "once"})
    shown = look(f"{home.url}/declared/team/gone")
    page = shown.page
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{home.url}/declared/team")
    shown.go(f"{home.url}/declared/team/gone")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("pre")).to_contain_text("once")
    assert home.acting.specs.get("team", "gone").body["description"] == "once"


def test_json_and_form_are_the_same_body(home: Home, look: Look) -> None:
    page = look(f"{home.url}/declared/policy?new=1").page
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("The whole as JSON")
    before = text.input_value()
    text.fill(before.replace('"name": "', '"name": "A '))
    page.get_by_role("button", name="Form").click()
    assert page.locator("[name=name]").input_value().startswith("A ")
    page.get_by_role("button", name="JSON").click()
    text.fill("{ no")
    assert "no JSON" in page.get_by_role("alert").inner_text()


def test_a_finding_is_acknowledged_and_spoken_of(home: Home, look: Look) -> None:
    shown = look(f"{home.url}/findings/{FOUND.id}")
    page = shown.page
    assert HOSTILE in page.locator("h1").inner_text()
    causes = page.get_by_role("region", name="Likely causes by their share of the change").locator("tbody tr")
    assert HOSTILE in causes.first.inner_text()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("It is acknowledged now.")).to_be_visible()
    page.get_by_label("Comment").fill(f"We look at it {HOSTILE}")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text(f"We look at it {HOSTILE}")).to_be_visible()
    page.get_by_label("Owner").fill("maya")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("maya looks after it")).to_be_visible()
    kept = Reviewing(home.acting).one(FOUND.id)
    assert (kept.state, kept.owner) == ("acknowledged", "maya")
    shown.go(f"{home.url}/anomalies?state=open&sort=anomaly")
    assert "No finding matches" in page.locator("main").inner_text()
    page.get_by_label("State").select_option("acknowledged")
    page.wait_for_url("**state=acknowledged**")
    expect(page.get_by_role("link", name=FOUND.title)).to_be_visible()
    assert "120.50 USD" in page.locator("tbody tr").first.inner_text()


def test_somebody_is_invited_by_a_link_that_is_shown_once(home: Home, look: Look) -> None:
    shown = look(f"{home.url}/people")
    page = shown.page
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("maya")
    dialog.get_by_label("finance_analyst").check()
    dialog.get_by_role("button", name="Invite").click()
    link = dialog.locator("[name=once]").input_value()
    assert link.startswith(f"{home.url}/welcome?code=")
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="maya")).to_be_visible()
    visitor = look(f"{home.url}/budgets")
    visitor.page.goto(link)
    assert visitor.page.get_by_label("New password").count() == 1


def test_the_trail_is_verified(home: Home, look: Look) -> None:
    page = look(f"{home.url}/audit").page
    page.get_by_role("button", name="Verify the trail").click()
    expect(page.get_by_role("status")).to_contain_text("The trail is whole")


def test_what_a_scenario_comes_to_is_told_step_by_step_and_kept(home: Home, look: Look) -> None:
    page = look(f"{home.url}/what-if").page
    page.locator("[name='changes/0/change']").fill("+50%")
    page.locator("[name='changes/0/service']").fill("Compute")
    page.locator("[name=currency]").fill("USD")
    page.get_by_label("On the charges of the last twelve months").check()
    page.get_by_role("button", name="What does it come to?").click()
    told = page.get_by_label("What it comes to")
    expect(told).to_contain_text("More to pay")
    page.get_by_label("Save as").fill("More compute")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="More compute")).to_be_visible()
    assert home.acting.specs.get("scenario", "More compute").body["changes"][0]["change"] == "+50%"


def test_a_hostile_name_is_text_and_has_its_page(home: Home, look: Look) -> None:
    page = look(f"{home.url}/budgets").page
    page.get_by_role("link", name=HOSTILE).click()
    page.wait_for_url(f"{home.url}/budgets/{quote(HOSTILE, safe='()')}")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert page.locator("main img").count() == 0


@dataclass(frozen=True)
class Plan:
    """What a file declares."""

    steps: list[Step]
    hash: str = "0" * 64


def test_what_a_file_declares_is_read_and_copied_not_edited(home: Home, look: Look) -> None:
    body = {"name": "by-file", "description": "from git"}
    home.acting.specs.apply(lambda _: Plan([Step("create", "team", "by-file", "infra/teams.yaml", body)]))
    page = look(f"{home.url}/declared/team/by-file?edit=1").page
    assert "infra/teams.yaml" in page.locator("main").inner_text()
    assert page.get_by_role("form").count() == page.get_by_role("button", name="Edit").count() == 0
    page.get_by_role("link", name="Copy to edit").click()
    form = page.get_by_role("form", name="New team")
    expect(form.get_by_label("Name")).to_have_value("by-file (copy)")
    expect(form.get_by_label("Description")).to_have_value("from git")


def test_what_one_may_not_is_not_shown(odd: tuple[Workspace, str], look: Look) -> None:
    """A team lead reads budgets and declares none; what others may is neither in the menu nor opened."""
    workspace, url = odd
    iam = IAMManager(workspace.opened)
    iam.users.add("lead", roles=["team_lead"], teams=["ml"], by=OWNER)
    shown = look(f"{url}/welcome?code={iam.users.invite('lead', by=OWNER)}")
    page = shown.page
    page.get_by_label("New password").fill("a sentence nobody guesses")
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url(f"{url}/")
    shown.go(f"{url}/budgets")
    assert page.get_by_role("link", name="New budget").count() == 0
    menu = page.get_by_role("navigation", name="Main").inner_text()
    assert "Budgets" in menu
    assert "Audit trail" not in menu
    shown.go(f"{url}/audit")
    assert "You need audit:read" in page.locator("main").inner_text()
    shown.go(f"{url}/settings")
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password", exact=True).fill("another long sentence")
    page.get_by_label("New password again").fill("another long sentence")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="New token").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("script")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("[name=once]")).to_be_visible()
    assert [one.name for one in iam.tokens.all()] == ["script"]
