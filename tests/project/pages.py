"""The documentation as data: its pages, their code blocks in order, and their links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = "<!-- run -->"
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[a-z]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line on which it starts, and whether it is marked to be run."""

    kind: str
    code: str
    line: int
    marked: bool


def pages() -> list[Path]:
    """README.md and every page below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        yield Block(found["kind"], found["code"], before.count("\n") + 2, before.rstrip().endswith(RUN))


def links(text: str) -> list[str]:
    """The targets of links outside of code."""
    return [found["target"] for found in _LINK.finditer(_FENCE.sub("", text))]


def commands(block: Block) -> list[str]:
    """The lines of a console block that call finopsmetrics, without the prompt; a line may go on after a backslash."""
    joined = re.sub(r"\\\n\s*", " ", block.code)
    lines = [line.removeprefix("$ ") for line in joined.splitlines()]
    return [line for line in lines if line.startswith("finopsmetrics ")]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
