"""A picture as HTML: with its table twin, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

from finopsmetrics.vizlychart import drawing

if TYPE_CHECKING:
    from finopsmetrics.vizlychart.drawing import Theme
    from finopsmetrics.vizlychart.spec import ChartSpec

INK = {"light": "#1b1f24", "dark": "#e6edf3"}
STYLE = (
    ".vizly{margin:0;font-family:Arimo,Arial,Helvetica,sans-serif}.vizly table{border-collapse:collapse;font-size:13px}"
    ".vizly th,.vizly td{padding:2px 10px;text-align:left}"
    ".vizly .right{text-align:right;font-variant-numeric:tabular-nums}"
)


def figure(spec: ChartSpec, *, theme: Theme, width: int, height: int, script: bool = False) -> str:
    """A picture with its words and its table twin; with the spec itself where a script is to draw it again."""
    told = escape(spec.sentence or spec.title or "Chart")
    drawn = drawing.svg(spec, theme=theme, width=width, height=height)
    ground = f"background:{drawing.GROUND[theme]};color:{INK[theme]}"
    data = _data(spec, theme, width, height) if script else ""
    return (
        f'<figure class="vizly" style="{ground}"><style>{STYLE}</style><div role="img" aria-label="{told}">{drawn}</div>'
        f"<figcaption>{escape(spec.sentence)}</figcaption>{_table(drawing.twin(spec))}{data}</figure>"
    )


def page(spec: ChartSpec, *, theme: Theme, width: int, height: int, interactive: bool) -> str:
    """A whole page. Where it is interactive it carries the bundle that draws, and no other script can run in it."""
    script = drawing.script("page.js").replace("</script", "<\\/script") if interactive else ""
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:" + (
        f"; script-src 'sha256-{allowed}'" if script else ""
    )
    shown = figure(spec, theme=theme, width=width, height=height, script=interactive)
    return (
        f'<!doctype html>\n<html lang="{escape(spec.locale)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(spec.title or spec.sentence or 'Chart')}</title></head>"
        f'<body style="margin:1rem;background:{drawing.GROUND[theme]}">{shown}{f"<script>{script}</script>" if script else ""}'
        "</body></html>\n"
    )


def _data(spec: ChartSpec, theme: str, width: int, height: int) -> str:
    """The spec in a block of data, in which nothing can end the block."""
    text = spec.model_dump_json(exclude_none=True).replace("<", "\\u003c")
    size = f'data-width="{width}" data-height="{height}"'
    return f'<script type="application/json" data-vizly data-theme="{theme}" {size}>{text}</script>'


def _table(twin: dict[str, Any]) -> str:
    sides = [' class="right"' if column["align"] == "right" else "" for column in twin["columns"]]
    heads = zip(twin["columns"], sides, strict=True)
    head = "".join(f'<th scope="col"{side}>{escape(column["label"])}</th>' for column, side in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{side}>{escape(cell)}</td>" for cell, side in zip(row, sides, strict=True)) + "</tr>"
        for row in twin["rows"]
    )
    return f"<details><summary>Table</summary><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
