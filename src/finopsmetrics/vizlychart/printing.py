"""Printing: Typst makes a picture of SVG text, and a document of a chart with its words and its table.

Text is drawn in Arimo. Where it has signs that Arimo lacks, each of these comes from a font of the machine that has it, and is a
box where none has it; text of Arimo's own signs is drawn by Arimo alone, so that it is the same bytes on every machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finopsmetrics.vizlychart import drawing
from finopsmetrics.vizlychart.errors import ChartError
from finopsmetrics.vizlychart.lettering import OWN, Lettering, without_foreign
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    import typst

    from finopsmetrics.vizlychart.drawing import Theme

Paper = Literal["a4", "us-letter"]
PAPERS: dict[str, tuple[float, float]] = {"a4": (595.28, 841.89), "us-letter": (612.0, 792.0)}  # points
MARGIN = 42.0
MOST_SECONDS = 120.0
PALETTE = {
    "light": {"ink": "#1b1f24", "soft": "#56606b", "line": "#d5dbe1"},
    "dark": {"ink": "#e6edf3", "soft": "#a3adb8", "line": "#343c46"},
}
TEMPLATE = Path(__file__).with_name("chart.typ")
DIGIT, PADDING, TEXT = 5.0, 12.0, 24  # points of a sign and of what stands around a cell; signs that a text column has room for
LONG = re.compile(rf"\S{{{TEXT},}}")


def png(drawn: str, *, width: int, height: int, scale: float = 2.0, theme: Theme = "light") -> bytes:
    """SVG text as a PNG of `scale` pixels for each of its own, on the theme's ground. Raises ChartError."""
    if not 0.5 <= scale <= 4:
        raise ChartError(f"The scale is {scale}.", cure="Use a number from 0.5 to 4.")
    svg, texts = without_foreign(drawn)
    told = {
        **_told(theme, width, height, texts),
        "title": "Chart",
        "alt": "Chart",
        "lang": "en",
        "region": None,
        "document": None,
    }
    return _made("png", svg, told, own=not texts, ppi=72 * scale)


def pdf(spec: ChartSpec, *, theme: Theme, width: int, height: int, paper: Paper = "a4") -> bytes:
    """A chart as a document: its title, the picture as vectors with alternative text, its sentence and its table.

    It lies where the picture is broader than high; a table that is broader than the paper has broader pages. The document is
    tagged, and declared as PDF/UA-1 where every sign has a glyph. Raises ChartError.
    """
    if paper not in PAPERS:
        raise ChartError(f"There is no paper {paper!r}.", cure=f"Use {' or '.join(PAPERS)}.")
    svg, texts = without_foreign(drawing.svg(spec.model_copy(update={"title": ""}), theme=theme, width=width, height=height))
    title, sentence = (drawing.printable(text).strip() for text in (spec.title, spec.sentence))
    document = _document(spec, width, height, paper) | {"title": title, "sentence": sentence}
    name = title or sentence or "Chart"
    told = {**_told(theme, width, height, texts), "title": name, "alt": sentence or name, **_language(spec.locale)}
    told["document"] = document
    written = [
        name,
        sentence,
        *(one["label"] for one in document["columns"]),
        *(cell for row in document["rows"] for cell in row),
    ]
    own = not texts and all(map(OWN.fullmatch, written))
    given: dict[str, Any] = {"sort": "pdf", "svg": svg, "told": told, "own": own}
    return _apart(given) if _POOL["left"] else _made(**given)


def _document(spec: ChartSpec, width: int, height: int, paper: Paper) -> dict[str, Any]:
    twin = drawing.twin(spec)
    columns = [
        {"label": _breaking(one["label"]), "right": one["align"] == "right", "narrow": told.type != "text"}
        for one, told in zip(twin["columns"], spec.columns, strict=True)
    ]
    rows = [
        [drawing.printable(cell) if column["narrow"] else _breaking(cell) for cell, column in zip(row, columns, strict=True)]
        for row in twin["rows"]
    ]
    short, long = PAPERS[paper]
    across, down = (long, short) if width > height else (short, long)
    across = max(across, _least(columns, rows) + 2 * MARGIN)
    scale = min((across - 2 * MARGIN) / width, (down - 2 * MARGIN - 90) / height, 1.5)
    # A table as a picture would only say in part what stands below.
    size = {"width": across, "height": down, "margin": MARGIN, "scale": scale, "picture": spec.chart != "table"}
    return {**size, "columns": columns, "rows": rows}


def _least(columns: list[dict[str, Any]], rows: list[list[str]]) -> float:
    """The least breadth of a table in points: figures and times are never broken over lines."""
    longest = [max([len(column["label"]), *(len(row[at]) for row in rows)]) for at, column in enumerate(columns)]
    signs = [length if column["narrow"] else min(length, TEXT) for length, column in zip(longest, columns, strict=True)]
    return sum(number * DIGIT + PADDING for number in signs)


def _breaking(text: str) -> str:
    """A text in which long words can be broken, after what divides them or anywhere: an id has no spaces."""

    def broken(word: re.Match[str]) -> str:
        parts = re.findall(rf"[^/:._,@&?=]{{1,{TEXT // 2}}}[/:._,@&?=]*|[/:._,@&?=]+", word[0])
        return "\u200b".join(parts)

    return LONG.sub(broken, drawing.printable(text))


def _told(theme: Theme, width: int, height: int, texts: list[Lettering]) -> dict[str, Any]:
    size = {"width": width, "height": height, "texts": [vars(one) for one in texts]}
    return {**size, **PALETTE[theme], "ground": drawing.GROUND[theme]}


def _language(locale: str) -> dict[str, str | None]:
    language, *rest = locale.split("-")
    region = next((one.upper() for one in rest if re.fullmatch("[A-Za-z]{2}", one)), None)
    return {"lang": language.lower() if re.fullmatch("[A-Za-z]{2,3}", language) else "en", "region": region}


def _made(sort: Literal["png", "pdf"], svg: str, told: dict[str, Any], *, own: bool, **how: Any) -> bytes:
    import typst

    _POOL["begun"] = _POOL["begun"] or sort == "pdf"
    compile_: Any = typst.compile  # its stub wants the paths of fonts in the same type as the page
    inputs = {"svg": svg, "told": json.dumps(told)}
    page, fonts = TEMPLATE.read_bytes(), _fonts(own, drawing.FONTS)
    standards = [["ua-1"], []] if sort == "pdf" else [[]]
    for standard in standards:
        try:
            return bytes(compile_(page, format=sort, sys_inputs=inputs, font_paths=fonts, pdf_standards=standard, **how))
        except RuntimeError as error:
            # PDF/UA wants a glyph for every sign: a document without one is tagged all the same, and not declared as such.
            if standard and "could not be displayed" in str(error):
                continue
            raise ChartError(f"The picture could not be made: {str(error)[:200]}", cure="Save it as SVG.") from error
    raise AssertionError("unreachable")


def _apart(given: dict[str, Any]) -> bytes:
    """What `_made` gives, from a process that was started and not forked."""
    code = "import json, sys\nfrom finopsmetrics.vizlychart import printing\n"
    code += "sys.stdout.buffer.write(printing._made(**json.load(sys.stdin)))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-c", code]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter with code of ours; what is told comes by stdin
            words, input=json.dumps(given).encode(), env=env, capture_output=True, check=True, timeout=MOST_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        cure = "Print in a process that was not forked, or save it as SVG."
        raise ChartError(f"The document could not be made apart: {type(error).__name__}.", cure=cure) from error
    return done.stdout


# Typst prints with threads that begin with the first document, and that a fork of this process does not have: it would wait for
# them for ever.
_POOL = {"begun": False, "left": False}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _POOL.update(left=_POOL["begun"]))


@cache
def _fonts(own: bool, where: Path) -> typst.Fonts:
    """Arimo, and where it is not enough the fonts of the machine, and those that Typst brings."""
    import typst

    return typst.Fonts(include_system_fonts=not own, include_embedded_fonts=not own, font_paths=[str(where)])
