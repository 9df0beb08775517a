"""Services as people call them: ec2 is AmazonEC2 where the bill says so."""

from __future__ import annotations

import re
from collections.abc import Iterable

_REST = re.compile(r"[^a-z0-9]+")


def named(word: str, services: Iterable[str]) -> list[str]:
    """The services that a word names: that very name, else those that hold it, without regard to case, spaces and hyphens."""
    every = list(services)
    exact = [one for one in every if one.lower() == word.lower()]
    if exact:
        return exact
    plain = _REST.sub("", word.lower())
    return [one for one in every if plain and plain in _REST.sub("", one.lower())]
