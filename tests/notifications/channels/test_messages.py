"""What a notice looks like in each channel: within its limits, and never in control of its markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from slack_sdk.models.blocks import Block

from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.email import message as mail
from finopsmetrics.integrations.pagerduty import message as pagerduty
from finopsmetrics.integrations.plain_text import clean, one_line, plain_text, shortened, web_address
from finopsmetrics.integrations.slack import message as slack
from finopsmetrics.integrations.teams import message as teams
from finopsmetrics.integrations.webhook import message as webhook
from tests.collecting.contract import Contract
from tests.notifications.channels.conftest import NOTICE
from tests.notifications.channels.made import BIG, LONG, PNG, notices

EASY = settings(max_examples=25, suppress_health_check=list(HealthCheck))
SENDER = Address("FinOps", addr_spec="finops@example.com")
NOW = datetime(2026, 11, 20, 12, 31)


def judge(vendor: str, operation: str) -> Draft202012Validator:
    text = Contract(vendor).text
    [found] = [one for one in text["operations"] if one["id"] == operation]
    return Draft202012Validator({**found["body"], "schemas": text["schemas"]})


SLACK, TEAMS, PAGERDUTY = judge("slack", "chat.postMessage"), judge("teams", "post_card"), judge("pagerduty", "enqueue")


def faults(validator: Draft202012Validator, value: Any) -> list[str]:
    return [f"{list(one.instance_path)}: {one.message[:200]}" for one in validator.iter_errors(value)]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def facts_of(notice: Notice) -> set[str]:
    found = {one_line(value) for _, value in notice.facts} | {clean(one) for one in notice.sentences}
    found |= {clean(one) for one in notice.recommendations}
    return found.union(*(facts_of(part) for part in notice.parts))


@EASY
@given(notices())
def test_slack(notice: Notice) -> None:
    message = slack.rendered(notice, "m-1")
    assert faults(SLACK, {"channel": "#finops", **message}) == []
    for block in message["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    assert not any(one.get("type") == "mrkdwn" for one in objects(message))
    assert message["mrkdwn"] is False
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", message["text"])
    assert all(one["url"].startswith(("https://", "http://")) for one in objects(message) if one.get("type") == "link")
    json.dumps(message, ensure_ascii=False).encode()


@EASY
@given(notices())
def test_teams(notice: Notice) -> None:
    message = teams.rendered(notice)
    assert faults(TEAMS, message) == []
    assert len(teams.encoded(message)) <= teams.MOST_BYTES
    types = {one.get("type") for one in objects(message)}
    assert "TextBlock" not in types  # its text is Markdown
    assert all("{{" not in one["text"] for one in objects(message) if one.get("type") == "TextRun")
    assert all(one["url"].startswith(("https://", "http://")) for one in objects(message) if one.get("type") == "Action.OpenUrl")


@EASY
@given(notices())
def test_pagerduty(notice: Notice) -> None:
    event = pagerduty.rendered(notice)
    assert faults(PAGERDUTY, {"routing_key": "0" * 32, **event}) == []
    assert len(json.dumps(event, ensure_ascii=False).encode()) <= 512_000
    if notice.stage == "trigger":
        details = event["payload"]["custom_details"]
        assert len(event.get("links", ())) + len(details.get("links", ())) == len(notice.links)
        assert len(details.get("facts", ())) == min(len(notice.facts), pagerduty.LIST + (len(notice.facts) > pagerduty.LIST))
    assert event["dedup_key"] == pagerduty.rendered(replace(notice, stage="resolve", title="other"))["dedup_key"]


class Seen(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        self.text += data


ALLOWED = {"html", "head", "meta", "body", "h2", "h3", "h4", "h5", "p", "table", "tr", "td", "ul", "li", "a", "hr", "br", "img"}


@EASY
@given(notices(), LONG)
def test_email(notice: Notice, recipient_name: str) -> None:
    made = mail.rendered(notice, "m-1", SENDER, [Address("", addr_spec="ann@example.com")], NOW)
    sent = made.as_bytes(policy=SMTP)
    assert b"\r\n" in sent
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    read = message_from_bytes(sent, policy=SMTP)
    assert set(read.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
    }
    assert read["Message-ID"] == "<m-1@example.com>"
    assert str(read["To"]) == "ann@example.com"
    plain, html = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert html is not None
    page, text = Seen(html.get_content()), plain.get_content()
    assert {tag for tag, _ in page.tags} <= ALLOWED
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "img" or attributes["src"] == "cid:chart"
        assert tag != "a" or str(attributes["href"]).startswith(("https://", "http://"))
    for fact in facts_of(notice):
        for line in fact.splitlines():
            assert one_line(line) in one_line(text)
            assert one_line(line) in one_line(page.text)
    pictures = [part for part in read.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) == (notice.chart in {PNG, BIG})
    assert all(part["Content-ID"] == "<chart>" and part.get_content_disposition() == "inline" for part in pictures)


@EASY
@given(notices())
def test_webhook(notice: Notice) -> None:
    body = webhook.rendered(notice, "m-1", "#x")
    told = json.loads(body)
    assert set(told) == {"type", "timestamp", "data"}
    assert told["type"] == f"notice.{notice.stage}"
    assert body == webhook.rendered(notice, "m-1", "#x")
    again = {**told["data"], "at": notice.at.isoformat()}
    again["parts"] = [{**part, "at": notice.at.isoformat()} for part in again["parts"]]
    assert Notice.read(again) == notice


@given(LONG, st.integers(30, 3_000))
def test_what_is_shortened_says_so(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or re.search(r"… \(\d+ more\)$", short)


@given(LONG)
def test_a_clean_text_has_no_control(text: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", clean(text))
    clean(text).encode()
    assert clean(clean(text)) == clean(text)


def test_links_are_web_addresses() -> None:
    assert web_address("https://x.example/a?b=c&d=%20") == "https://x.example/a?b=c&d=%20"
    assert web_address('https://x.example/"><script>') == "https://x.example/%22%3E%3Cscript%3E"
    for wrong in ("javascript:alert(1)", "data:text/html,x", "//x", "https://", "https://a b", "https://[", ""):
        assert web_address(wrong) is None


def test_what_is_left_out_is_counted() -> None:
    notice = replace(NOTICE, facts=tuple((f"fact {number}", "v" * 1_900) for number in range(700)))
    blocks = slack.rendered(notice, "m-1")["blocks"]
    shown = sum(len(block.get("fields", ())) for block in blocks)
    more = [block["text"]["text"] for block in blocks if "more)" in str(block.get("text"))]
    assert len(blocks) == 50
    [left] = [int(re.findall(r"\((\d+) more", text)[0]) for text in more]
    assert shown + left == 700 + len(notice.recommendations)
    card = json.dumps(teams.rendered(notice), ensure_ascii=False)
    assert card.count("fact ") + int(re.findall(r"\((\d+) more", card)[-1]) == 700 + len(notice.recommendations)
    many = slack.rendered(replace(NOTICE, links=(("a", "https://x.example/"),) * 11), "m-1")
    assert "… (1 more)" in json.dumps(many, ensure_ascii=False)
    small = teams.rendered(replace(NOTICE, chart=PNG))
    assert "data:image/png;base64," in json.dumps(small)
    assert "(1 more)" in json.dumps(teams.rendered(replace(NOTICE, chart=BIG)), ensure_ascii=False)


def test_a_plain_text_says_all() -> None:
    told = plain_text(replace(NOTICE, parts=(replace(NOTICE, title="a part", severity="low"),)))
    for word in (NOTICE.title, "ml-training spent 120.00 USD", "Spent: 120.00 USD", "- Stop the job", "high ·", "a part (low ·"):
        assert word in told
    assert "https://finops.example.com/findings/f-1" in told
