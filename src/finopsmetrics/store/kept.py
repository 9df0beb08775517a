"""What the state keeps beside bills: receipts of answers, and the totals of invoices as they stand on paper."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from finopsmetrics.store import audit
from finopsmetrics.store.database import Database
from finopsmetrics.store.tables import invoices_entered, receipts


def keep_receipt(database: Database, receipt_id: str, body: dict[str, Any], at: datetime) -> None:
    """Keep a receipt, once; a receipt that is there already stays as it is."""
    known = select(receipts.c.id).where(receipts.c.id == receipt_id)
    with database.read() as connection:
        if connection.execute(known).first():
            return
    with database.write() as connection:
        if not connection.execute(known).first():
            connection.execute(receipts.insert().values(id=receipt_id, created_at=at, body=body))


def find_receipt(database: Database, receipt_id: str) -> dict[str, Any] | None:
    """The body of a kept receipt; None when there is none."""
    with database.read() as connection:
        row = connection.execute(select(receipts.c.body).where(receipts.c.id == receipt_id)).first()
    return dict(row[0]) if row else None


def enter_invoice(database: Database, at: datetime, actor: str, entry: dict[str, str]) -> None:
    """Put an invoice's total on record: issuer, invoice_id, currency and amount as exact text. Entered again, it is replaced."""
    key = [invoices_entered.c[name] == entry[name] for name in ("issuer", "invoice_id", "currency")]
    with database.write() as connection:
        connection.execute(invoices_entered.delete().where(*key))
        connection.execute(invoices_entered.insert().values(**entry, entered_at=at, actor=actor))
        detail = {name: entry[name] for name in ("issuer", "amount", "currency")}
        audit.record(connection, at, actor, "invoice.entered", entry["invoice_id"], detail)


def entered_invoices(database: Database) -> list[dict[str, str]]:
    """Every invoice on record: issuer, invoice_id, currency and amount as exact text."""
    with database.read() as connection:
        found = connection.execute(select(invoices_entered)).mappings()
        return [{name: str(row[name]) for name in ("issuer", "invoice_id", "currency", "amount")} for row in found]
