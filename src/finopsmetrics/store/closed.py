"""Closed billing periods: told by the BillingPeriod dataset or by an invoice on record; and what changed in one anyway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from finopsmetrics.core.exact import minus, plus
from finopsmetrics.focus.columns import charges
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.home import Home
from finopsmetrics.store.records import FileRecord, files_of
from finopsmetrics.store.report import ClosedChange, plain
from finopsmetrics.store.tables import invoices_entered

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_LINES = 50


def closed_by(connection: Connection, duck: DuckDBPyConnection, home: Home, old: Sequence[FileRecord]) -> str | None:
    """What closed the period of these files: a status, an invoice, or nothing (None)."""
    if not old:
        return None
    sides = (
        f"SELECT DISTINCT InvoiceIssuerName AS issuer, BillingPeriodStart AS start, InvoiceId AS invoice FROM {_rel(home, old)}"
    )
    for table, condition, words in (
        ("billing_period", "BillingPeriodStatus = 'Closed'", "the BillingPeriod dataset says Closed"),
        ("invoice_detail", "InvoiceIssueStatus IS DISTINCT FROM 'Open'", "an invoice is on record (InvoiceDetail)"),
    ):
        told = files_of(connection, table)
        if told:
            columns = f"SELECT InvoiceIssuerName, BillingPeriodStart FROM {_rel(home, told)} WHERE {condition}"
            query = (
                f"SELECT count(*) FROM ({sides}) JOIN ({columns}) c ON issuer = InvoiceIssuerName AND start = BillingPeriodStart"
            )
            if _number(duck, query):
                return words
    entered = [row[0] for row in connection.execute(select(invoices_entered.c.invoice_id))]
    if entered and _number(duck, f"SELECT count(*) FROM ({sides}) WHERE invoice IN ({_texts(entered)})"):
        return "an invoice is on record (entered)"
    return None


def change_in_closed(
    duck: DuckDBPyConnection, home: Home, period: str, why: str, old: Sequence[FileRecord], new: Sequence[Path]
) -> ClosedChange | None:
    """What differs between two deliveries of a closed period, apart from Correction rows; None when nothing does."""
    known = [quote(name) for name in charges().columns]
    row_hash = f"sum(CAST(hash({', '.join(known)}) AS HUGEINT))"
    before, after = f"{_rel(home, old)} {_KEPT}", f"{_reading(new)} {_KEPT}"
    prints = [duck.execute(f"SELECT count(*), {row_hash} FROM {side}").fetchone() for side in (before, after)]
    if prints[0] == prints[1]:
        return None
    by = "BillingCurrency, ServiceName, SubAccountId"
    query = (
        f"SELECT {by}, sum(b) AS was, sum(a) AS now FROM ("
        f"SELECT {by}, BilledCost AS b, CAST(0 AS DECIMAL(38,18)) AS a FROM {before} "
        f"UNION ALL SELECT {by}, CAST(0 AS DECIMAL(38,18)), BilledCost FROM {after}) "
        f"GROUP BY ALL HAVING was <> now ORDER BY abs(now - was) DESC, ALL"
    ).replace(", ALL", ", 2, 3")
    lines = duck.execute(query).fetchall()
    differences: dict[str, Decimal] = {}
    for currency, _, _, was, now in lines:
        differences[currency] = plus(differences.get(currency, Decimal(0)), minus(now, was))
    shown = [
        {
            "currency": c,
            "service": s,
            "account": a,
            "before": plain(was),
            "after": plain(now),
            "difference": plain(minus(now, was)),
        }
        for c, s, a, was, now in lines[:MOST_LINES]
    ]
    return ClosedChange(period, why, {currency: plain(amount) for currency, amount in differences.items()}, shown)


_KEPT = "WHERE ChargeClass IS DISTINCT FROM 'Correction'"


def _rel(home: Home, files: Sequence[FileRecord]) -> str:
    return _reading([home.root / file.path for file in files])


def _reading(paths: Iterable[Path]) -> str:
    return f"read_parquet([{_texts(str(path) for path in paths)}], union_by_name = true, hive_partitioning = false)"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(literal(value) for value in values)


def _number(duck: DuckDBPyConnection, query: str) -> int:
    row = duck.execute(query).fetchone()
    return int(row[0]) if row else 0
