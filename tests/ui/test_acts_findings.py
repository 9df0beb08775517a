"""What one does about findings and messages, pressed in a browser and read back from the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, expect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.plugins.http import PRIVATE_HOSTS
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import outbox
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.store.outbox import Outgoing
from tests.collecting.fake_api import FakeApi, Reply
from tests.notifications.channels.conftest import KEY, NOTICE
from tests.ui.opening import Opened
from tests.ui.pages_fixture import FOUND, Home, home
from tests.ui.test_who import PASSWORD

__all__ = ["home"]
Look = Callable[..., Opened]


def kept(home: Home, key: str) -> str:
    """A finding of its own for a test; its id."""
    one = replace(FOUND, key=key, title=f"About {key}")
    FindingBook(home.workspace.opened.database, home.workspace.opened.now).keep([one])
    return one.id


def finding(home: Home, finding_id: str) -> dict[str, object]:
    return dict(httpx.get(f"{home.url}/api/v1/findings/{finding_id}").json())


def happened(home: Home, finding_id: str) -> list[tuple[str, dict[str, object]]]:
    events = httpx.get(f"{home.url}/api/v1/findings/{finding_id}/history").json()["history"]
    return [(event["action"], event["detail"]) for event in events]


def test_the_life_of_a_finding(home: Home, look: Look) -> None:
    one = kept(home, "life")
    page = look(f"{home.url}/findings/{one}").page
    for button, state in (("Acknowledge", "acknowledged"), ("Approve", "approved"), ("Done", "done"), ("Open again", "open")):
        page.get_by_label("Reason").fill(f"because of {state}")
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_text(f"It is {state} now.")).to_be_visible()
        expect(page.get_by_label("Reason")).to_have_value("")
        assert finding(home, one)["state"] == state
    reasons = [detail["reason"] for action, detail in happened(home, one) if action == "state"]
    assert reasons == [f"because of {state}" for state in ("acknowledged", "approved", "done", "open")]
    page.get_by_label("Owner").fill("maya")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("It is maya's now.")).to_be_visible()
    page.get_by_label("Owner").fill("")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("It is nobody's now.")).to_be_visible()
    assert finding(home, one)["owner"] is None
    page.get_by_label("Link", exact=True).fill("https://tickets.example.com/7")
    page.get_by_label("Its title").fill("Ticket 7")
    page.get_by_role("button", name="Add the link").click()
    expect(page.get_by_role("link", name="Ticket 7")).to_have_attribute("href", "https://tickets.example.com/7")
    assert finding(home, one)["links"] == [{"url": "https://tickets.example.com/7", "title": "Ticket 7"}]
    page.get_by_label("Comment").fill("Seen")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text("The comment was added.")).to_be_visible()
    assert ("comment", {"text": "Seen"}) in happened(home, one)
    page.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.get_by_text("It is dismissed now.")).to_be_visible()
    assert finding(home, one)["state"] == "dismissed"
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


@pytest.mark.parametrize(
    ("button", "verdict", "state"),
    [
        ("It was right", "right", "open"),
        ("It was expected", "expected", "dismissed"),
        ("It was not useful", "not_useful", "dismissed"),
    ],
)
def test_a_verdict_is_kept_and_shown(home: Home, look: Look, button: str, verdict: str, state: str) -> None:
    one = kept(home, verdict)
    page = look(f"{home.url}/findings/{one}").page
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Thank you")).to_be_visible()
    told = finding(home, one)
    assert (told["verdict"], told["state"]) == (verdict, state)


def test_a_finding_is_snoozed_for_everybody_by_who_has_no_account(home: Home, look: Look) -> None:
    one = kept(home, "snoozed")
    page = look(f"{home.url}/findings/{one}").page
    assert page.get_by_label("Everybody", exact=True).count() == 0
    page.get_by_label("Everybody hears nothing of it for").select_option("3 days")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Quiet for that time.")).to_be_visible()
    page.get_by_label("Everybody hears nothing of it for").select_option("Not any more")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("It is heard of again.")).to_be_visible()
    now = home.workspace.opened.now()
    assert snoozes(happened(home, one)) == [((now + timedelta(days=3)).isoformat(), True), (now.isoformat(), True)]


def snoozes(events: list[tuple[str, dict[str, object]]]) -> list[tuple[object, object]]:
    return [(told["until"], told["everybody"]) for action, told in events if action == "snooze"]


def test_what_somebody_else_did_meanwhile_is_told_and_nothing_is_overwritten(home: Home, look: Look) -> None:
    one = kept(home, "meanwhile")
    page = look(f"{home.url}/findings/{one}").page
    page.route("**/api/v1/stream**", lambda route: route.abort())
    answer = httpx.patch(f"{home.url}/api/v1/findings/{one}", json={"state": "done", "version": 1})
    assert answer.status_code == 200
    held = {"version": 1, "state": "acknowledged", "reason": ""}
    page.route(
        f"**/findings/{one}",
        lambda route: route.continue_(post_data=held) if route.request.method == "PATCH" else route.continue_(),
    )
    page.get_by_role("button", name="Acknowledge").or_(page.get_by_role("button", name="Open again")).first.click()
    expect(page.get_by_role("alert")).to_contain_text("was changed since it was read")
    assert finding(home, one)["state"] == "done"
    expect(page.get_by_role("button", name="Open again")).to_be_visible()


def test_the_severity_filter_reaches_what_is_on_later_pages(home: Home, look: Look) -> None:
    book = FindingBook(home.workspace.opened.database, home.workspace.opened.now)
    rare = replace(FOUND, key="rare", title="The rare one", severity="critical", sort="insight")
    book.keep(
        [
            rare,
            *(replace(FOUND, key=f"n{number}", title=f"Number {number}", severity="low", sort="insight") for number in range(60)),
        ]
    )
    book.change(rare.id, actor="ann", comment="older")
    for number in range(60):
        book.change(replace(FOUND, key=f"n{number}", sort="insight").id, actor="ann", comment="newer")
    shown = look(f"{home.url}/anomalies?sort=insight")
    page = shown.page
    pages = page.get_by_role("navigation", name="Pages")
    assert page.locator("tbody tr").count() == 50
    page.get_by_label("Severity").select_option("critical")
    page.wait_for_url("**severity=critical**")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="The rare one")).to_be_visible()
    expect(pages).to_have_count(0)
    page.get_by_label("Severity").select_option("low")
    expect(page.locator("tbody tr")).to_have_count(50)
    pages.get_by_role("button", name="Older").click()
    page.wait_for_url("**offset=50**")
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(pages.get_by_role("button", name="Older")).to_be_disabled()
    again = look(page.url)
    assert again.page.locator("tbody tr").count() == 10
    page.get_by_label("Severity").select_option("critical")  # a filter begins at its first page
    expect(page.get_by_role("link", name="The rare one")).to_be_visible()


@pytest.fixture
def posting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Acting, str, FakeApi]]:
    """A home with a channel to a receiver on loopback, its server, and the receiver."""
    monkeypatch.setenv(PRIVATE_HOSTS, "127.0.0.1, ::1")
    monkeypatch.setenv("SIGNING_KEY", KEY)
    hook = FakeApi(lambda _: Reply({}, 204))
    monkeypatch.setenv(ALLOWED, hook.url)
    with Workspace(tmp_path / "home") as workspace, BackgroundServer(workspace) as server:
        acting = Acting(workspace, OWNER)
        settings = {"integration": "webhook", "settings": {"url": hook.url}, "secrets": {"signing_key": "env:SIGNING_KEY"}}
        acting.specs.put("connection", "hook", settings)
        yield acting, server.url, hook
    hook.close()


def put(acting: Acting, key: str, title: str) -> str:
    one = Outgoing(key, "hook", "", replace(NOTICE, title=title), acting.workspace.opened.now())
    with acting.workspace.opened.database.write() as connection:
        outbox.put(connection, [one], acting.workspace.opened.now())
    return one.id


def test_a_message_that_failed_is_tried_again_or_dropped(posting: tuple[Acting, str, FakeApi], look: Look) -> None:
    acting, url, hook = posting
    first, second = put(acting, "a", "The first"), put(acting, "b", "The second")
    hook.faults = [Reply({}, 400), Reply({}, 401)]
    assert Delivering(acting).deliver().dead == 2
    shown = look(f"{url}/notifications?state=dead")
    page = shown.page
    expect(page.locator("tbody").first.locator("tr")).to_have_count(2)
    shown.picture("notifications-dead")
    page.get_by_role("button", name="The first").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("refused")).to_be_visible()
    shown.picture("message")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_text("Waiting")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="The first")).to_have_count(0)  # it is dead no more
    page.get_by_role("button", name="The second").click()
    dialog.get_by_role("button", name="Drop it").click()
    expect(dialog.get_by_text("Dropped")).to_be_visible()
    expect(dialog.get_by_role("button", name="Drop it")).to_have_count(0)
    assert Outbox(acting).one(second)[0].state == "dropped"
    assert Delivering(acting).deliver().sent == 1
    assert Outbox(acting).one(first)[0].state == "sent"
    dialog.get_by_role("button", name="Close").click()
    page.get_by_label("State").select_option("sent")
    page.get_by_role("button", name="The first").click()
    expect(dialog.get_by_text("Sent", exact=True)).to_be_visible()
    assert dialog.get_by_role("button", name="Try again").count() == 0


def test_a_channel_is_tried_and_says_what_is_wrong(posting: tuple[Acting, str, FakeApi], look: Look) -> None:
    _, url, hook = posting
    page = look(f"{url}/notifications").page
    page.get_by_role("button", name="Test a channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Connection").fill("hook")
    dialog.get_by_label("For").fill("ann")
    dialog.get_by_role("button", name="Send a test").click()
    expect(dialog.get_by_role("status")).to_have_text("It was sent by hook.")
    assert hook.asked[-1].json()["data"]["recipient"] == "ann"
    hook.faults = [Reply({}, 401)]
    dialog.get_by_role("button", name="Send a test").click()
    expect(dialog.get_by_role("status")).to_contain_text("answered 401. Check its secret.")
    dialog.get_by_label("Connection").fill("nowhere")
    dialog.get_by_role("button", name="Send a test").click()
    expect(dialog.get_by_role("alert")).to_contain_text("nowhere")


def test_how_somebody_wants_to_hear_is_kept_and_wrong_words_stand_at_their_field(
    posting: tuple[Acting, str, FakeApi], look: Look
) -> None:
    acting, url, _ = posting
    IAMManager(acting.workspace.opened).users.add("ann", roles=["finance_analyst"], by=OWNER, password=PASSWORD)
    book = FindingBook(acting.workspace.opened.database, acting.workspace.opened.now)
    book.keep([FOUND])
    shown = look(f"{url}/login?next=%2Fsettings")
    page = shown.page
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{url}/settings")
    shown.ready()
    form = page.get_by_role("form", name="How I want to hear")
    form.get_by_label("Frequency").select_option("daily_digest")
    form.get_by_label("Min severity").select_option("high")
    saved(form)
    form.locator("summary").first.click()
    form.locator("[name=zone]").fill("Nowhere/At all")
    form.get_by_role("button", name="Save").click()
    expect(form.locator("[name=zone]")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("[name=zone]")).to_be_focused()
    form.locator("[name=zone]").fill("Europe/Vienna")
    saved(form)
    body = acting.specs.get("notification_preference", "ann").body
    assert {name: body[name] for name in ("frequency", "min_severity", "zone")} == {
        "frequency": "daily_digest",
        "min_severity": "high",
        "zone": "Europe/Vienna",
    }
    page.reload()
    shown.ready()
    expect(form.get_by_label("Frequency")).to_have_value("daily_digest")
    form.get_by_label("Frequency").select_option("")
    saved(form)
    assert acting.specs.get("notification_preference", "ann").body.get("frequency") is None
    shown.go(f"{url}/findings/{FOUND.id}")
    page.get_by_label("Hear nothing of it for").select_option("3 days")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Quiet for that time.")).to_be_visible()
    page.get_by_label("Everybody").check()
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_role("button", name="Snooze")).to_be_enabled()
    shown.ready()
    events = [(event.action, dict(event.detail)) for event in book.history(FOUND.id)]
    assert [everybody for _, everybody in snoozes(events)] == [False, True]


def saved(form: Locator) -> None:
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Kept.")
