"""Texts of messages: without what controls a screen, shortened with a word about the rest, and a notice as plain text. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote, urlsplit

from finopsmetrics.core.notices import Notice

T = TypeVar("T")
_PNG = b"\x89PNG\r\n\x1a\n"
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean(text: str) -> str:
    """A text without control characters, overrides of the writing direction and halves of characters; lines stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def one_line(text: str) -> str:
    """A clean text in one line."""
    return " ".join(clean(text).split())


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters; one that is longer says how many more there are."""
    if len(text) <= most:
        return text
    room = most - len(f"… ({len(text)} more)")
    return f"{text[:room].rstrip()}… ({len(text) - room} more)"


def few(texts: Sequence[str], most: int) -> list[str]:
    """At most `most` texts; where there are more, the last one says how many."""
    return list(texts) if len(texts) <= most else [*texts[: most - 1], f"… ({len(texts) - most + 1} more)"]


def packed(texts: Iterable[str], most: int) -> Iterator[tuple[str, int]]:
    """Texts joined by line breaks into as few as hold at most `most` characters each, and how many are in each."""
    held: list[str] = []
    for text in (shortened(one, most) for one in texts):
        if held and sum(map(len, held)) + len(held) + len(text) > most:
            yield "\n".join(held), len(held)
            held = []
        held.append(text)
    if held:
        yield "\n".join(held), len(held)


def fitted(items: Sequence[T], fits: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """As many of the first items as fit; `fits` holds for fewer of them when it holds for more."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(items[:middle]) else (low, middle - 1)
    return items[:low]


def picture(notice: Notice) -> bytes | None:
    """A notice's chart as the bytes of a PNG; None when there is none, or it is something else."""
    try:
        found = base64.b64decode(notice.chart or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if found.startswith(_PNG) else None


def web_address(url: str) -> str | None:
    """A link as it can be followed, percent-encoded; None for what is no http(s) address."""
    told = clean(url)
    try:
        parts = urlsplit(told)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or re.search(r"\s", told):
        return None
    return quote(told, safe="!#$%&'()*+,/:;=?@[]~-._")


def stamp(notice: Notice) -> str:
    """Severity and time in one line."""
    state = {"trigger": "", "acknowledge": " · acknowledged", "resolve": " · resolved"}[notice.stage]
    return f"{notice.severity}{state} · {notice.at:%Y-%m-%d %H:%M} UTC"


def plain_lines(notice: Notice) -> Iterator[str]:
    """A notice as lines of plain text, everything that it says but the picture, without its title."""
    yield from (clean(one) for one in notice.sentences)
    yield from (f"{one_line(label)}: {one_line(value)}" for label, value in notice.facts)
    if notice.recommendations:
        yield "To do:"
        yield from (f"- {clean(one)}" for one in notice.recommendations)
    yield from (f"{one_line(label)}: {web_address(url) or one_line(url)}" for label, url in notice.links)
    for part in notice.parts:
        yield ""
        yield f"{one_line(part.title)} ({stamp(part)})"
        yield from (f"  {line}" for line in plain_lines(part))


def plain_text(notice: Notice) -> str:
    """A notice as plain text with its title first and its severity and time last."""
    return "\n".join([one_line(notice.title), "", *plain_lines(notice), "", stamp(notice)])
