"""Rejected rows, kept with the reason: a table of the lake beside the charges, so that what was delivered still adds up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.store.landing import BadLine
from finopsmetrics.store.profile import Rejected
from finopsmetrics.store.report import Totals, add_totals, plain
from finopsmetrics.store.writing import WrittenFile

QUARANTINE_TABLE = "quarantine"
QUARANTINE_COLUMNS = {
    "file": "text",
    "line": "count",
    "column": "text",
    "reason": "text",
    "row": "text",
    "currency": "text",
    "billed": "decimal",
    "effective": "decimal",
}


def as_rejected(line: BadLine) -> Rejected:
    """A line that was no row, as a rejected row whose amount is not known."""
    return Rejected(line.file, line.line, line.column, line.reason, line.text, None, None, None, None)


def write_quarantine(rejected: Sequence[Rejected], stamp: tuple[str, str], first_period: str, room: Path) -> list[WrittenFile]:
    """Write rejected rows, by billing period; rows of no known period stand with the delivery's first."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    amount = pa.decimal128(38, 18)
    types = {"text": pa.string(), "count": pa.int64(), "decimal": amount}
    names = ("x_fm_source", "x_fm_period", "x_fm_delivery")
    fields = [*((name, pa.string()) for name in names), *((name, types[kind]) for name, kind in QUARANTINE_COLUMNS.items())]
    by_period: dict[str, list[Rejected]] = {}
    for row in rejected:
        by_period.setdefault(row.period or first_period, []).append(row)
    made = []
    for number, (period, rows) in enumerate(sorted(by_period.items())):
        lines = [_line(row, (stamp[0], period, stamp[1])) for row in rows]
        columns = [pa.array(column, type=kind) for column, (_, kind) in zip(zip(*lines, strict=True), fields, strict=True)]
        path = room / f"quarantine-{number}.parquet"
        pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), path, compression="zstd")
        made.append(WrittenFile(QUARANTINE_TABLE, path, period, len(rows), (), None, None))
    return made


def _line(row: Rejected, stamp: tuple[str, str, str]) -> tuple[object, ...]:
    amounts = (Decimal(text) if text is not None else None for text in (row.billed, row.effective))
    return (*stamp, row.file, row.line, row.column, row.reason, row.row, row.currency, *amounts)


def totals_of(rejected: Sequence[Rejected]) -> Totals:
    """What the rejected rows would have cost, as far as their amounts can be read, by currency."""
    parts: list[Totals] = []
    for row in rejected:
        amounts = {"billed": row.billed, "effective": row.effective}
        known = {metric: plain(Decimal(amount)) for metric, amount in amounts.items() if amount is not None}
        if known:
            parts.append({row.currency or NO_CURRENCY: known})
    return add_totals(parts)
