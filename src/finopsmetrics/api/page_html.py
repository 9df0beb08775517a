"""The HTML of the first page: no script, nothing from elsewhere, every value escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import finopsmetrics

if TYPE_CHECKING:
    from finopsmetrics.api.page import Facts

CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --page: #fff; --warn: #9a3412;
  --good: #116329; --band: #fff1e5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117; --warn: #ffa657;
  --good: #56d364; --band: #341a00; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.banner { background: var(--band); border: 1px solid var(--warn); border-radius: .4rem; padding: .6rem .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tfoot td { font-weight: 600; } .soft { color: var(--soft); } .good { color: var(--good); } .warn { color: var(--warn); }
a { color: inherit; } form.entry { max-width: 22rem; } form.entry label { display: block; margin: .8rem 0 .2rem; }
form.entry input { width: 100%; font: inherit; padding: .4rem .5rem; } button { font: inherit; padding: .4rem .9rem; }
form.entry button { margin-top: 1rem; } footer { margin-top: 2.5rem; color: var(--soft); }
"""
_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
ROUTES = ("costs?group_by=ServiceName", "charges", "deliveries", "reconciliation", "dimensions")
MOST_LINES = 20


def render(facts: Facts) -> str:
    """The page as HTML."""
    parts = [
        _banner() if facts.synthetic else "",
        _costs(facts),
        *_widgets(facts),
        _sources(facts),
        _reconciliation(facts),
        _links(),
    ]
    return document("finopsmetrics", "".join(parts), _asker(facts))


def document(title: str, body: str, foot: str = "") -> str:
    """A whole page around a body that is HTML already."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{CSS}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        f"<footer>{foot}finopsmetrics {escape(finopsmetrics.__version__)}</footer></body></html>\n"
    )


def _asker(facts: Facts) -> str:
    if not facts.session:
        return ""
    return f'<form method="post" action="/logout">{escape(facts.asker)} <button>Log out</button></form>'


def _banner() -> str:
    return '<p class="banner" role="note"><strong>Synthetic data.</strong> These charges are made up; no bill is behind them.</p>'


def _costs(facts: Facts) -> str:
    title = f"<h2>Billed cost by service, {escape(facts.window.label())}</h2>"
    receipt = facts.costs.receipt
    if not len(facts.costs) or receipt is None:
        return f'{title}<p class="soft">There is no bill yet. Take one in: <code>finopsmetrics ingest PATH</code></p>'
    rows = [(_name(row["ServiceName"]), _amount(row["cost"]), escape(row["currency"] or "")) for row in facts.costs]
    totals = receipt.body["answer"]["totals"].items()
    foot = [("Total", _amount(Decimal(amount)), escape(currency)) for currency, amount in totals]
    link = f"/api/v1/receipts/{quote(receipt.id)}"
    proof = f'<p class="soft">Receipt <a href="{link}">{escape(receipt.id)}</a></p>'
    return title + _table((("Service", ""), ("Cost", "n"), ("Currency", "")), rows, foot) + proof


def _widgets(facts: Facts) -> Iterable[str]:
    """What plugins show: plain data, every value escaped here."""
    for widget in facts.widgets:
        numeric = [any(isinstance(row[place], (int, Decimal)) for row in widget.rows) for place in range(len(widget.columns))]
        heads = [(escape(str(name)), "n" if number else "") for name, number in zip(widget.columns, numeric, strict=True)]
        sentence = f'<p class="soft">{escape(widget.sentence)}</p>' if widget.sentence else ""
        table = _table(heads, [tuple(_cell(cell) for cell in row) for row in widget.rows]) if widget.columns else ""
        yield f"<h2>{escape(widget.title)}</h2>{table}{sentence}"


def _cell(value: object) -> str:
    return _amount(value) if isinstance(value, Decimal) else escape("—" if value is None else str(value))


def _sources(facts: Facts) -> str:
    title = "<h2>How fresh the data is</h2>"
    if facts.sources is None:
        return ""
    if not facts.sources:
        return f'{title}<p class="soft">Nothing was delivered yet.</p>'
    rows = []
    for one in facts.sources:
        link = f'<a href="/api/v1/deliveries/{quote(one["delivery"])}">{one["delivered_at"]:%Y-%m-%d %H:%M} UTC</a>'
        age = _age(facts.now - one["delivered_at"])
        rows.append((escape(one["source"]), escape(one["dataset"]), link, age, f"{one['rows']:,}"))
    heads = (("Source", ""), ("Dataset", ""), ("Newest delivery", ""), ("Age", ""), ("Rows", "n"))
    return title + _table(heads, rows)


def _reconciliation(facts: Facts) -> str:
    found = facts.reconciliation
    if found is None:
        return ""
    counts: dict[str, int] = {}
    for status in (*(line.status for line in found.invoices), *(line.status for line in found.commitments)):
        counts[status] = counts.get(status, 0) + 1
    told = ", ".join(f"{number} {escape(status)}" for status, number in sorted(counts.items())) or "nothing to compare yet"
    changed = len(found.closed_changes)
    told += f"; {changed} closed period{'s' if changed > 1 else ''} arrived changed" if changed else ""
    state = '<strong class="good">Ties.</strong>' if found.ties else '<strong class="warn">Differs.</strong>'
    red = [line for line in found.invoices if line.status == "differs"]
    heads = (("Issuer", ""), ("Invoice", ""), ("Charges", "n"), ("Invoice figure", "n"), ("Residual", "n"), ("Currency", ""))
    rows = [
        (
            escape(line.issuer),
            escape(line.invoice or line.period),
            *(_amount(amount, exact=True) for amount in (line.charges, line.figure, line.residual)),
            escape(line.currency),
        )
        for line in red[:MOST_LINES]
    ]
    more = f'<p class="soft">{len(red) - MOST_LINES} more differ.</p>' if len(red) > MOST_LINES else ""
    link = '<a href="/api/v1/reconciliation">every line</a>'
    return f"<h2>Reconciliation</h2><p>{state} {told} ({link}).</p>" + (_table(heads, rows) if rows else "") + more


def _links() -> str:
    api = "".join(f'<li><a href="/api/v1/{path}">/api/v1/{path}</a></li>' for path in ROUTES)
    own = "".join(f'<li><a href="/{path}">/{path}</a></li>' for path in ("openapi.json", "metrics", "readyz"))
    return f"<h2>For programs</h2><ul>{api}{own}</ul>"


def _table(heads: Iterable[tuple[str, str]], rows: Iterable[tuple[str, ...]], foot: Iterable[tuple[str, ...]] = ()) -> str:
    """A table of cells that are HTML already."""
    kinds = list(heads)
    head = "".join(f'<th scope="col"{_kind(kind)}>{name}</th>' for name, kind in kinds)

    def lines(cells: Iterable[tuple[str, ...]]) -> str:
        made = ("".join(f"<td{_kind(kind)}>{cell}</td>" for cell, (_, kind) in zip(row, kinds, strict=True)) for row in cells)
        return "".join(f"<tr>{line}</tr>" for line in made)

    body = f"<thead><tr>{head}</tr></thead><tbody>{lines(rows)}</tbody><tfoot>{lines(foot)}</tfoot>"
    return f'<div class="scroll"><table>{body}</table></div>'


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _name(value: Any) -> str:
    return escape(str(value)) if value is not None else '<span class="soft">no service named</span>'


def _amount(amount: Decimal | None, *, exact: bool = False) -> str:
    """An amount to the cent, all of its digits beside it; `exact` shows what the cent would hide."""
    if amount is None:
        return "—"
    plain = f"{amount.normalize():,f}" if exact else f"{amount:,.2f}"
    return f'<span title="{amount:f}">{plain}</span>'


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    return f"{hours} hour{'s' if hours > 1 else ''}" if hours < 48 else f"{hours // 24} days"
