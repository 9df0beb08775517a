"""A notice as an event of PagerDuty's Events API v2. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.plain_text import clean, few, one_line, plain_text, shortened, web_address

SUMMARY, KEY = 1_024, 255  # characters
TEXT, LABEL, LIST = 500, 100, 40  # so that an event stays below PagerDuty's 512 KB
SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


def dedup_key(notice: Notice) -> str:
    """What names the incident: what the notice is about, or its digest where that is no plain line of 255 characters."""
    about = notice.about
    return (
        about
        if 0 < len(about) <= KEY and about == one_line(about)
        else hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()
    )


def rendered(notice: Notice) -> dict[str, Any]:
    """The event without its routing key."""
    event: dict[str, Any] = {"event_action": notice.stage, "dedup_key": dedup_key(notice)}
    if notice.stage != "trigger":
        return event
    links, rest = _links(notice)
    payload = {
        "summary": shortened(one_line(notice.title) or "(no title)", SUMMARY),
        "source": "finopsmetrics",
        "severity": SEVERITIES[notice.severity],
        "timestamp": f"{notice.at.isoformat()}Z",
        "class": "cost",
        "custom_details": _details(notice, rest),
    }
    more = {"links": links} if links else {}
    return {**event, "client": "finopsmetrics", "payload": payload, **more}


def _links(notice: Notice) -> tuple[list[dict[str, str]], list[str]]:
    """The links as PagerDuty takes them, and those that it does not take in words."""
    links: list[dict[str, str]] = []
    rest: list[str] = []
    for label, url in notice.links:
        address, text = web_address(url), shortened(one_line(label), LABEL)
        if address is not None and len(address) <= TEXT and len(links) < LIST:
            links.append({"href": address, "text": text})
        else:
            rest.append(f"{text}: {one_line(url)}")
    return links, rest


def _details(notice: Notice, links: list[str]) -> dict[str, Any]:
    facts: dict[str, str] = {}
    for label, value in notice.facts[:LIST]:
        name = shortened(one_line(label), LABEL) or "–"
        while name in facts:  # an object holds a name once, and every fact is told
            name += "'"
        facts[name] = shortened(one_line(value), TEXT)
    if len(notice.facts) > LIST:
        facts["…"] = f"({len(notice.facts) - LIST} more)"
    lists = {
        "what": [clean(one) for one in notice.sentences],
        "to do": [clean(one) for one in notice.recommendations],
        "parts": [plain_text(one) for one in notice.parts],
        "links": links,
    }
    told = {name: few([shortened(text, TEXT) for text in texts], LIST) for name, texts in lists.items() if texts}
    return {**told, **({"facts": facts} if facts else {})}
