"""How answers leave the command line: a table for people, JSON, CSV and Parquet for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow
    from rich.console import Console


class Format(StrEnum):
    """The shapes in which a command can answer."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


def say(text: str) -> None:
    """Tell people something, beside the figures: on standard error."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def console(*, error: bool = False) -> Console:
    """Rich's console; plain text where the output is no terminal."""
    from rich.console import Console

    width = None if (sys.stderr if error else sys.stdout).isatty() else 160
    return Console(stderr=error, highlight=False, soft_wrap=False, width=width)


def write_json(body: Any) -> None:
    """Print plain data as JSON."""
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False) + "\n")


def write_table(table: pyarrow.Table, form: Format, *, title: str = "", output: Path | None = None) -> None:
    """Write an Arrow table in the asked format, to standard output or a file. Raises UsageError for Parquet on a terminal."""
    from finopsmetrics.observability.answers import csv_text, plain_row

    if form is Format.parquet:
        _write_parquet(table, output)
        return
    rows = table.to_pylist()
    if form is Format.json:
        text = json.dumps([plain_row(row) for row in rows], indent=2, ensure_ascii=False) + "\n"
    elif form is Format.csv:
        text = csv_text(table.column_names, (list(row.values()) for row in rows))
    else:
        print_rows(table.column_names, rows, title=title)
        return
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _write_parquet(table: pyarrow.Table, output: Path | None) -> None:
    import pyarrow.parquet as pq

    if output is None and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal.", cure="Name a file with --output, or redirect the output.")
    if output is None:
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        sys.stdout.buffer.write(sink.getvalue().to_pybytes())
    else:
        pq.write_table(table, output)


def print_rows(names: Sequence[str], rows: Sequence[Mapping[str, Any]], *, title: str = "") -> None:
    """Print rows as a table for people: amounts to the cent with separators, nothing as an em dash."""
    from rich.table import Table

    shown = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    numbers = {name for name in names if any(isinstance(row[name], (Decimal, int)) for row in rows)}
    for name in names:
        shown.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(people(row[name]) for name in names))
    console().print(shown)


def people(value: Any) -> str:
    """A value as people read it."""
    from datetime import datetime

    if value is None:
        return "—"
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if abs(value) >= Decimal("0.005") or value == 0 else f"{value:.2g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d") if (value.hour, value.minute) == (0, 0) else value.strftime("%Y-%m-%d %H:%M")
    return str(value).replace("[", "\\[")


def money_lines(totals: Mapping[str, Mapping[str, str]]) -> str:
    """Totals by currency and metric as one line, amounts in full."""
    parts = [f"{metric} {_trimmed(amount)} {currency}" for currency, line in totals.items() for metric, amount in line.items()]
    return ", ".join(parts) or "nothing"


def _trimmed(amount: str) -> str:
    whole, _, rest = amount.partition(".")
    return f"{int(whole):,}" + (f".{rest.rstrip('0')}" if rest.rstrip("0") else "")
