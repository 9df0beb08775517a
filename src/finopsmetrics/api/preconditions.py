"""Entity tags and the conditions of requests (RFC 9110): If-Match and If-None-Match by a spec's version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from fastapi import Header

from finopsmetrics.core.errors import UsageError
from finopsmetrics.store.specs import Match

_TAGS = re.compile(r'\s*(?:(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"\s*)?')


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


IfMatch = Annotated[list[str] | None, Header(include_in_schema=False)]
"""A route's parameter for If-Match or If-None-Match, by its name."""


def tags(lines: list[str] | None, *, weakly: bool = False) -> Match:
    """The versions that If-Match or If-None-Match name; None without the header. Raises UsageError (400).

    A weak tag matches only `weakly`, as RFC 9110 has it for If-None-Match.
    """
    if lines is None:
        return None
    text = ",".join(lines)
    if text.strip() == "*":
        return "*"
    found: set[int] = set()
    for part in _parts(text):
        tag = part["tag"]
        if tag is not None and (weakly or not part["weak"]) and re.fullmatch("[1-9][0-9]{0,8}", tag, re.ASCII):
            found.add(int(tag))
    return frozenset(found)


def _parts(text: str) -> Iterable[re.Match[str]]:
    at, found = 0, []
    while at <= len(text):
        part = _TAGS.match(text, at)
        if part is None or (part.end() < len(text) and text[part.end()] != ","):
            raise UsageError(f"{text[:80]} is no list of entity tags.", cure='Send the ETag as it came, in its quotes: "7".')
        found.append(part)
        at = part.end() + 1
    if not any(part["tag"] is not None for part in found):
        raise UsageError("The condition names no entity tag.", cure='Send the ETag as it came, in its quotes: "7".')
    return found
