"""A notice as an Adaptive Card 1.5 in the envelope of a Teams workflow. Pure.

Every text is a `TextRun`, for which the schema says that Markdown is not supported: nothing in a notice can become a link or
change the layout.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.plain_text import clean, fitted, one_line, picture, plain_lines, shortened, stamp, web_address

MOST_BYTES = 28_000  # Microsoft: about 28 KB for a message, everything included
MOST_ACTIONS = 6
TITLE, TEXT, ADDRESS = 300, 2_000, 2_000  # characters
COLOURS = {"critical": "Attention", "high": "Attention", "medium": "Warning", "low": "Default"}
Element = dict[str, Any]

_DOUBLED = re.compile(r"\{(?=\{)")  # also the second of three


def rendered(notice: Notice) -> dict[str, Any]:
    """The message. What does not fit into 28 KB is left out from its end, and how much that is stands in it."""
    middle = [*_middle(notice), *_chart(notice)]

    def message(some: Sequence[tuple[Element, int]]) -> dict[str, Any]:
        left = sum(count for _, count in middle[len(some) :])
        more = [_text(f"… ({left} more)", isSubtle=True)] if left else []
        return _envelope(notice, [*(element for element, _ in some), *more])

    return message(fitted(middle, lambda some: len(encoded(message(some))) <= MOST_BYTES))


def encoded(message: dict[str, Any]) -> bytes:
    """The bytes as they are sent."""
    return json.dumps(message, ensure_ascii=False).encode()


def _envelope(notice: Notice, body: list[Element]) -> dict[str, Any]:
    colour = "Good" if notice.stage == "resolve" else COLOURS[notice.severity]
    title = shortened(one_line(notice.title) or "(no title)", TITLE)
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": title,
        "body": [_text(title, weight="Bolder", size="Large", color=colour), *body, _text(stamp(notice), isSubtle=True)],
    }
    actions = [
        {"type": "Action.OpenUrl", "title": shortened(one_line(label) or "Open", 100), "url": address}
        for label, url in notice.links
        if (address := web_address(url)) is not None and len(address) <= ADDRESS
    ][:MOST_ACTIONS]
    if actions:
        card["actions"] = actions
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _middle(notice: Notice) -> Iterator[tuple[Element, int]]:
    """The elements between title and time, each with how many things it tells."""
    for sentence in filter(None, map(clean, notice.sentences)):
        yield _text(shortened(sentence, TEXT)), 1
    for label, value in notice.facts:
        runs = [_run(f"{shortened(one_line(label), 200)}: ", weight="Bolder"), _run(shortened(one_line(value) or "–", TEXT))]
        yield {"type": "RichTextBlock", "spacing": "Small", "inlines": runs}, 1
    for one in notice.recommendations:
        yield _text(f"• {shortened(clean(one), TEXT)}"), 1
    for label, url in _rest(notice):
        yield _text(shortened(f"{one_line(label)}: {one_line(url)}", TEXT)), 1
    for part in notice.parts:
        title = _text(shortened(one_line(part.title) or "(no title)", TITLE), weight="Bolder")
        text = _text(shortened("\n".join([stamp(part), *plain_lines(part)]), TEXT))
        yield {"type": "Container", "separator": True, "items": [title, text]}, 1


def _rest(notice: Notice) -> list[tuple[str, str]]:
    """The links that are no buttons."""
    buttons, rest = 0, []
    for label, url in notice.links:
        address = web_address(url)
        if address is not None and len(address) <= ADDRESS and buttons < MOST_ACTIONS:
            buttons += 1
        else:
            rest.append((label, url))
    return rest


def _chart(notice: Notice) -> Iterator[tuple[Element, int]]:
    found = picture(notice)
    if found is not None:
        told = shortened(one_line(notice.title) or "chart", TITLE)
        yield {"type": "Image", "altText": told, "url": f"data:image/png;base64,{base64.b64encode(found).decode()}"}, 1


def _text(text: str, **style: Any) -> Element:
    return {"type": "RichTextBlock", "inlines": [_run(text, **style)]}


def _run(text: str, **style: Any) -> Element:
    # {{DATE(…)}} would be shown as a time of the reader's: it is kept apart, so that a text is shown as it is
    return {"type": "TextRun", "text": _DOUBLED.sub("{\u200b", text or "–"), **style}
