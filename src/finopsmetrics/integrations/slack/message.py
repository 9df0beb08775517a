"""A notice as a Slack message of blocks. Pure.

Every text is `plain_text` or an element of `rich_text`, which Slack shows as it is: nothing in a notice can mention somebody,
become a link or change the layout. The limits are those of Slack's reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.plain_text import (
    clean,
    fitted,
    one_line,
    packed,
    plain_lines,
    shortened,
    stamp,
    web_address,
)

MOST_BLOCKS, MOST_FIELDS, MOST_LINKS = 50, 10, 10
HEADER, SECTION, FIELD, FALLBACK = 150, 3_000, 2_000, 3_000  # characters
Block = dict[str, Any]


def rendered(notice: Notice, message_id: str) -> dict[str, Any]:
    """The message without its channel: `text` for notifications and readers, `blocks`, and its id in `metadata`."""
    told = {"id": message_id, "about": shortened(one_line(notice.about), 200), "stage": notice.stage}
    return {
        "text": _escaped(shortened(f"{one_line(notice.title)} ({stamp(notice)})", FALLBACK)),
        "mrkdwn": False,
        "blocks": _blocks(notice),
        "metadata": {"event_type": "finopsmetrics_notice", "event_payload": told},
        "unfurl_links": False,
        "unfurl_media": False,
    }


def by_webhook(notice: Notice) -> dict[str, Any]:
    """The message as an incoming webhook takes it: `text` and `blocks` alone."""
    whole = rendered(notice, "")
    return {"text": whole["text"], "blocks": whole["blocks"]}


def _blocks(notice: Notice) -> list[Block]:
    head = [{"type": "header", "text": _plain(shortened(one_line(notice.title) or "(no title)", HEADER), emoji=False)}]
    tail = [*_links(notice), {"type": "context", "elements": [_plain(stamp(notice))]}]
    middle = list(_middle(notice))
    kept = fitted(middle, lambda some: len(head) + len(some) + (len(some) < len(middle)) + len(tail) <= MOST_BLOCKS)
    left = sum(count for _, count in middle[len(kept) :])
    more = [_section(f"… ({left} more)")] if left else []
    return [*head, *(block for block, _ in kept), *more, *tail]


def _middle(notice: Notice) -> Iterator[tuple[Block, int]]:
    """The blocks between title and links, each with how many things it tells."""
    for text, count in packed(filter(None, map(clean, notice.sentences)), SECTION):
        yield _section(text), count
    for start in range(0, len(notice.facts), MOST_FIELDS):
        some = notice.facts[start : start + MOST_FIELDS]
        yield {"type": "section", "fields": [_field(label, value) for label, value in some]}, len(some)
    for text, count in packed((f"• {clean(one)}" for one in notice.recommendations), SECTION):
        yield _section(text), count
    for part in notice.parts:
        title = {"type": "text", "text": shortened(one_line(part.title) or "(no title)", HEADER), "style": {"bold": True}}
        body = shortened("\n".join(["", stamp(part), *plain_lines(part)]), SECTION)
        yield _rich([title, {"type": "text", "text": body}]), 1


def _links(notice: Notice) -> list[Block]:
    elements: list[Block] = []
    for label, url in notice.links:
        address = web_address(url)
        text = shortened(one_line(label) or one_line(url) or "link", HEADER)
        if address is not None and len(address) <= SECTION:
            elements.append({"type": "link", "url": address, "text": text})
        else:
            elements.append({"type": "text", "text": shortened(f"{text}: {one_line(url)}", SECTION)})
    shown = elements[:MOST_LINKS]
    if len(elements) > len(shown):
        shown.append({"type": "text", "text": f"… ({len(elements) - len(shown)} more)"})
    between = {"type": "text", "text": " · "}
    return [_rich([one for shown_one in shown for one in (between, shown_one)][1:])] if shown else []


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text or "–")}


def _field(label: str, value: str) -> Block:
    return _plain(f"{shortened(one_line(label), 200)}\n{shortened(one_line(value) or '–', FIELD - 201)}")


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _plain(text: str, *, emoji: bool = False) -> Block:
    return {"type": "plain_text", "text": text, "emoji": emoji}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
