"""Lettering: text of a picture that its own font cannot write, taken out of the SVG to be set by Typst, sign by sign.

An SVG reader draws a whole text in one font; what this font lacks becomes boxes, or the text changes its face. Typst's own text
takes every sign from a font that has it, and joins and orders scripts as they are written.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator

# Signs that both faces of Arimo have: Latin, Greek, Cyrillic, Hebrew, and those of figures.
_SIGNS = (
    "\t\n\r -~\u00a0-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u052f\u05d0-\u05ea\u1e00-\u1eff"
    "\u2000-\u2064\u2070\u2071\u2074-\u208e\u20a0-\u20be\u2100-\u214f\u2190-\u2195\u2212\u221e\u2248\u2260\u2264\u2265"
    "\u25a0\u25a1\u25b2\u25bc\u25cf"
)
OWN = re.compile(f"[{_SIGNS}]*")
_FOREIGN = re.compile(f"[^{_SIGNS}]")
_SVG = "{http://www.w3.org/2000/svg}"
_CENTRE = 0.3465  # of the size: half of what Arimo rises above the line less what it hangs below
_NUMBER = r"-?[\d.]+(?:e-?\d+)?"


@dataclass(frozen=True)
class Lettering:
    """One text: where its line begins, ends or has its middle, in pixels; turned in radians; set down from there."""

    text: str
    x: float
    y: float
    turn: float
    down: float
    size: float
    weight: int
    fill: str
    anchor: str


def without_foreign(drawn: str) -> tuple[str, list[Lettering]]:
    """A picture without the texts that Arimo cannot write, and these texts. One without such texts stays byte for byte."""
    if _FOREIGN.search(drawn) is None:
        return drawn, []
    root = ElementTree.fromstring(drawn)  # noqa: S314 - it was drawn here, and has no entities
    found = list(_taken(root, 0.0, 0.0))
    return ElementTree.tostring(root, encoding="unicode"), found


def _taken(element: ElementTree.Element, left: float, top: float) -> Iterator[Lettering]:
    """Take the texts out of an element, whose own place is `left` and `top`."""
    for child in list(element):
        if child.tag == f"{_SVG}text" and _FOREIGN.search(child.text or ""):
            yield _lettering(child, left, top)
            element.remove(child)
        elif child.tag == f"{_SVG}svg":
            yield from _taken(child, left + float(child.get("x", 0)), top + float(child.get("y", 0)))
        else:
            yield from _taken(child, left, top)


def _lettering(told: ElementTree.Element, left: float, top: float) -> Lettering:
    style = dict(one.strip().split(":", 1) for one in told.get("style", "").split(";") if ":" in one)
    size = float(style.get("font-size", "12px").removesuffix("px"))
    turn, (x, y) = _placed(told.get("transform", ""), float(told.get("x", 0)), float(told.get("y", 0)))
    down = size * _CENTRE if told.get("dominant-baseline") == "central" else 0.0
    weight = int(style.get("font-weight", "400"))
    text = re.sub(r"\s", "\u00a0", told.text or "")  # where several spaces stand they keep their room
    fill, anchor = told.get("fill", "#000000"), told.get("text-anchor", "start")
    return Lettering(text, left + x, top + y, turn, down, size, weight, fill, anchor)


def _placed(transform: str, x: float, y: float) -> tuple[float, tuple[float, float]]:
    """How far a text is turned, and its place: ECharts moves and turns texts, and does nothing else to them."""
    numbers = [float(one) for one in re.findall(_NUMBER, transform)]
    if transform.startswith("translate"):
        return 0.0, (x + numbers[0], y + (numbers[1] if len(numbers) > 1 else 0.0))
    if transform.startswith("matrix"):
        a, b, c, d, e, f = numbers
        return math.atan2(b, a), (a * x + c * y + e, b * x + d * y + f)
    return 0.0, (x, y)
