"""Each channel against its vendor's contract on loopback: what is asked, what proves it, and what goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.integrations.sending import ChannelError, Parcel, Proof, open_channel, senders
from finopsmetrics.runtime.channels import Channels
from tests.collecting.contract import Contract
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply
from tests.notifications.channels.conftest import KEY, NOTICE, Room
from tests.notifications.channels.made import PNG

TOKEN = "-".join(("xoxb", "1234567890", "hunter2"))
ROUTE = "0123456789abcdef0123456789abcdef"
PARCEL = Parcel("m-0a1b", "", NOTICE)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def channel(vendor: str, settings: Any, secrets: dict[str, str]) -> Any:
    return open_channel(vendor, settings, secrets, now)


@pytest.fixture
def slack(room: Room, serve: Callable[..., FakeApi]) -> FakeApi:
    """Slack: a workspace with one person and one channel."""
    contract = Contract("slack")

    def answer(asked: Asked) -> Reply:
        method = asked.path.removeprefix("/api/")
        if method == "users.lookupByEmail":
            email = parse_qs(asked.body.decode())["email"][0]
            known = email == "ann@example.com"
            return Reply({"ok": True, "user": {"id": "U1"}} if known else {"ok": False, "error": "users_not_found"})
        if method == "files.getUploadURLExternal":
            return Reply({"ok": True, "upload_url": f"{server.url}/upload/1", "file_id": "F1"})
        if method == "files.completeUploadExternal":
            return Reply({"ok": True, "files": [{"id": "F1"}]})
        if asked.path.startswith("/services/"):
            return Reply(b"ok", headers={"Content-Type": "text/html"})
        if asked.path == "/upload/1":
            return Reply(b"OK", headers={"Content-Type": "text/plain"})
        return Reply({"ok": True, "channel": "C9", "ts": "1763640000.000100"})

    def judge(asked: Asked, reply: Reply) -> None:
        if asked.path != "/upload/1":
            contract.judge(asked, reply)

    server = serve(answer, judge)
    return server


def bot(server: FakeApi, **settings: Any) -> Any:
    return channel("slack", {"endpoint": server.url, "default_channel": "#finops", **settings}, {"token": TOKEN})


def test_slack_by_a_bot(slack: FakeApi) -> None:
    assert bot(slack).send(PARCEL) == Proof("1763640000.000100", {"channel": "C9", "ts": "1763640000.000100"})
    [asked] = slack.asked
    body = asked.json()
    assert body["channel"] == "#finops"
    assert body["metadata"]["event_payload"] == {"id": "m-0a1b", "about": "f-1", "stage": "trigger"}
    bot(slack).send(replace(PARCEL, recipient="#other"))
    assert slack.asked[-1].json()["channel"] == "#other"


def test_slack_finds_a_person_by_address(slack: FakeApi) -> None:
    bot(slack).send(replace(PARCEL, recipient="ann@example.com"))
    assert slack.asked[-1].json()["channel"] == "U1"
    with pytest.raises(ChannelError, match="users_not_found") as refused:
        bot(slack).send(replace(PARCEL, recipient="bob@example.com"))
    assert not refused.value.retryable


def test_slack_puts_the_chart_into_the_thread(slack: FakeApi) -> None:
    proof = bot(slack).send(replace(PARCEL, notice=replace(NOTICE, chart=PNG)))
    assert proof.detail["chart"] == "F1"
    upload, complete = slack.asked[-2:]
    assert upload.body.startswith(b"\x89PNG")
    assert "authorization" not in upload.headers
    assert complete.json() == {"files": [{"id": "F1", "title": NOTICE.title}], "channel_id": "C9", "thread_ts": proof.reference}
    slack.fault = lambda asked: Reply({"ok": False, "error": "missing_scope"}) if "getUpload" in asked.path else None
    proof = bot(slack).send(replace(PARCEL, notice=replace(NOTICE, chart=PNG)))
    assert proof.reference == "1763640000.000100"
    assert "missing_scope" in proof.detail["chart"]


def test_slack_uploads_only_to_slack(slack: FakeApi) -> None:
    elsewhere = {"ok": True, "upload_url": "https://evil.example/up", "file_id": "F1"}
    slack.fault = lambda asked: Reply(elsewhere) if "getUpload" in asked.path else None
    proof = bot(slack).send(replace(PARCEL, notice=replace(NOTICE, chart=PNG)))
    assert "not the vendor's" in proof.detail["chart"]


@pytest.mark.parametrize(
    ("reply", "retryable", "told"),
    [
        (Reply({"ok": False, "error": "not_in_channel"}), False, "Invite the bot"),
        (Reply({"ok": False, "error": "invalid_auth"}), False, "xoxb-"),
        (Reply({"ok": False, "error": "something_new"}), False, "something_new"),
        (Reply({"ok": False, "error": "internal_error"}), True, "internal_error"),
        (Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"}), True, "429"),
        (Reply({}, 503), True, "503"),
        (HTML, True, "no JSON"),
        (Reply(b"", 302, {"Location": "http://169.254.169.254/"}), False, "Redirects are not followed"),
    ],
)
def test_what_slack_refuses(slack: FakeApi, reply: Reply, retryable: bool, told: str) -> None:
    slack.faults = [reply]
    with pytest.raises(ChannelError) as refused:
        bot(slack).send(PARCEL)
    assert (refused.value.retryable, told in str(refused.value)) == (retryable, True)
    assert refused.value.wait == (30.0 if reply.status == 429 else None)
    assert "hunter2" not in str(refused.value)
    assert len(slack.asked) == 1


def test_slack_by_a_webhook(slack: FakeApi) -> None:
    made = channel("slack", {}, {"webhook": f"{slack.url}/services/T1/B1/hunter2"})
    assert made.send(PARCEL) == Proof("m-0a1b", {"status": 200, "answer": "ok"})
    with pytest.raises(ChannelError, match="one place only"):
        made.send(replace(PARCEL, recipient="#other"))
    slack.faults = [Reply(b"invalid_token", 403, {"Content-Type": "text/html"})]
    with pytest.raises(ChannelError, match="403: invalid_token") as refused:
        made.send(PARCEL)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(UsageError, match="no secret"):
        channel("slack", {}, {})


@pytest.fixture
def teams(room: Room, serve: Callable[..., FakeApi]) -> FakeApi:
    return serve(lambda _: Reply(b"", 202, {"x-ms-workflow-run-id": "0858"}), Contract("teams").judge)


def flow(server: FakeApi) -> Any:
    return channel("teams", {}, {"url": f"{server.url}/workflows/w1/triggers/manual/paths/invoke?api-version=1&sig=hunter2"})


def test_teams(teams: FakeApi) -> None:
    assert flow(teams).send(PARCEL) == Proof("0858", {"status": 202})
    assert teams.asked[0].query == {"api-version": "1", "sig": "hunter2"}
    with pytest.raises(ChannelError, match="one place only"):
        flow(teams).send(replace(PARCEL, recipient="ann"))
    teams.faults = [Reply(b"Webhook message delivery failed with error: 429", 200), Reply({}, 429, {"Retry-After": "7"})]
    for wait in (None, 7.0):
        with pytest.raises(ChannelError) as refused:
            flow(teams).send(PARCEL)
        assert (refused.value.retryable, refused.value.wait) == (True, wait)
    with pytest.raises(UsageError, match="not the vendor's") as odd:
        channel("teams", {}, {"url": "https://user:hunter2@evil.example/x?sig=hunter2"})
    assert "hunter2" not in str(odd.value)


@pytest.fixture
def pagerduty(room: Room, serve: Callable[..., FakeApi]) -> FakeApi:
    def answer(asked: Asked) -> Reply:
        return Reply({"status": "success", "message": "Event processed", "dedup_key": asked.json()["dedup_key"]}, 202)

    return serve(answer, Contract("pagerduty").judge)


def test_pagerduty_keeps_one_incident(pagerduty: FakeApi) -> None:
    made = channel("pagerduty", {"endpoint": pagerduty.url}, {"routing_key": ROUTE})
    proof = made.send(PARCEL)
    assert proof == Proof("f-1", {"status": "success", "action": "trigger"})
    for stage in ("acknowledge", "resolve"):
        assert made.send(replace(PARCEL, notice=replace(NOTICE, stage=stage))).reference == "f-1"
    first, *others = [asked.json() for asked in pagerduty.asked]
    assert (first["payload"]["severity"], first["payload"]["custom_details"]["facts"]["Spent"]) == ("error", "120.00 USD")
    assert [set(one) for one in others] == [{"routing_key", "event_action", "dedup_key"}] * 2
    pagerduty.faults = [Reply({"status": "invalid event", "errors": ["bad key"]}, 400), Reply({}, 429)]
    for retryable in (False, True):
        with pytest.raises(ChannelError) as refused:
            made.send(PARCEL)
        assert refused.value.retryable is retryable
        assert ROUTE not in str(refused.value)


def test_a_webhook_is_what_the_reference_library_verifies(room: Room, serve: Callable[..., FakeApi]) -> None:
    server = serve(lambda _: Reply(b"thanks", 201))
    made = channel("webhook", {"url": server.url}, {"signing_key": KEY})
    assert made.send(replace(PARCEL, recipient="#x")) == Proof("m-0a1b", {"status": 201})
    made.send(PARCEL)
    first, second = server.asked
    told = Webhook(KEY).verify(first.body, dict(first.headers))
    assert (told["type"], told["data"]["id"], told["data"]["recipient"]) == ("notice.trigger", "m-0a1b", "#x")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for body, headers in (
        (first.body.replace(b"compute", b"nothing"), first.headers),
        (first.body, {**first.headers, "webhook-id": "m-other"}),
        (first.body, {**first.headers, "webhook-timestamp": "1"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY).verify(body, dict(headers))
    for weak in ("", "whsec_", "hunter2hunter2hunter2", "whsec_" + "A" * 100):
        with pytest.raises(UsageError, match="no key") as refused:
            channel("webhook", {"url": server.url}, {"signing_key": weak})
        assert "hunter2" not in str(refused.value)
    with pytest.raises(UsageError, match="no address"):
        channel("webhook", {}, {"signing_key": KEY})


def test_apprise(room: Room, serve: Callable[..., FakeApi]) -> None:
    server = serve(lambda _: Reply({}, 200))
    place = server.url.removeprefix("http://")
    made = channel("apprise", {}, {"url": f"json://{place}/hunter2"})
    assert made.send(PARCEL).reference == "m-0a1b"
    body = server.asked[0].json()
    assert body["title"] == NOTICE.title
    assert "Spent: 120.00 USD" in body["message"]
    assert body["attachments"] == []
    made.send(replace(PARCEL, notice=replace(NOTICE, chart=PNG)))
    [file] = server.asked[-1].json()["attachments"]
    assert (file["filename"], file["mimetype"], file["base64"]) == ("chart.png", "image/png", PNG)
    server.fault = lambda _: Reply({}, 302, {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(ChannelError, match="did not take"):
        made.send(PARCEL)
    assert "/elsewhere" not in [asked.path for asked in server.asked]
    with pytest.raises(ChannelError, match="one place only"):
        made.send(replace(PARCEL, recipient="x"))


@pytest.mark.parametrize(
    "url",
    [
        "json://10.0.0.1/x",
        "json://2130706433/x",
        "jsons://169.254.169.254",
        "mailtos://u:p@example.com?smtp=127.0.0.2",
        "gotify://localhost/t",
    ],
)
def test_apprise_is_kept_from_private_addresses(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINOPSMETRICS_PRIVATE_HOSTS", raising=False)
    with pytest.raises(FinOpsError, match=r"private network|cannot be found"):
        channel("apprise", {}, {"url": url})


@pytest.mark.parametrize("url", ["dbus://", "syslog://", "windows://", "nothing://x", "hunter2"])
def test_apprise_is_kept_from_the_machine(url: str) -> None:
    with pytest.raises(UsageError, match=r"own machine|no URL"):
        channel("apprise", {}, {"url": url})


def test_a_package_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageError, match=r"needs the package apprise. pip install finopsmetrics\[notify\]"):
        channel("apprise", {}, {"url": "json://93.184.215.14/x"})


@pytest.mark.parametrize("vendor", sorted(senders()))
def test_secrets_and_settings_are_checked(vendor: str) -> None:
    with pytest.raises(UsageError, match="secrets of"):
        channel(vendor, {}, {"surprise": "hunter2"})
    given = dict.fromkeys(senders()[vendor].secret_names(needed=True), "hunter2")
    with pytest.raises(UsageError, match="settings of"):
        channel(vendor, {"surprise": 1}, given)


def test_a_word_stands_for_a_connection_or_all_of_an_integration(room: Room) -> None:
    channels = Channels(room.workspace.opened)
    with pytest.raises(FinOpsError, match=r"Declare a connection: {name: slack, integration: slack"):
        channels.named("slack")
    room.declare("company-slack", "slack")
    room.declare("other-slack", "slack")
    room.declare("off", "slack", enabled=False)
    room.declare("bills-only", "slack", capabilities=["charges"])
    room.declare("hosting", "csv")
    assert channels.named("slack") == ["company-slack", "other-slack"]
    assert channels.named("other-slack") == ["other-slack"]
    room.declare("slack", "teams")
    assert channels.named("slack") == ["slack"]
    assert (channels.takes_recipient("company-slack"), channels.takes_recipient("slack")) == (True, False)
    room.declare("pager", "pagerduty")
    assert (channels.keeps_incidents("pager"), channels.keeps_incidents("slack")) == (True, False)
    for word in ("csv", "hosting", "nowhere", "off"):
        with pytest.raises(FinOpsError, match="There are: company-slack, other-slack"):
            channels.named(word)
