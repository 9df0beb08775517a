"""Reconciliation: every invoice against its charges, every commitment against its use; no residual is rounded away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from finopsmetrics.core.errors import MoneyError
from finopsmetrics.core.exact import minus, plus
from finopsmetrics.core.money import Money
from finopsmetrics.store import kept, records
from finopsmetrics.store.lake import CHARGES, Snapshot
from finopsmetrics.store.opened import OpenedHome

CENT = Decimal("0.01")
Status = Literal["ties", "differs", "no invoice", "running", "bought before"]
Key = tuple[str, str, str, str]  # issuer, invoice, period where there is no invoice, currency


@dataclass(frozen=True)
class InvoiceLine:
    """One invoice, or one billing period without an invoice, in one currency. `residual` is charges less invoice."""

    issuer: str
    invoice: str | None
    period: str
    currency: str
    rows: int
    charges: Decimal
    figure: Decimal | None
    figure_from: str
    residual: Decimal | None
    status: Status


@dataclass(frozen=True)
class CommitmentLine:
    """One commitment: what was paid, what was used and left unused (EffectiveCost), and what remains."""

    commitment: str
    kind: str
    currency: str
    purchased: Decimal
    used: Decimal
    unused: Decimal
    residual: Decimal
    ends: datetime | None
    status: Status


@dataclass(frozen=True)
class Reconciliation:
    """All invoices and commitments of a home, and the closed periods that arrived changed."""

    invoices: tuple[InvoiceLine, ...]
    commitments: tuple[CommitmentLine, ...]
    closed_changes: tuple[dict[str, Any], ...]

    @property
    def ties(self) -> bool:
        """Whether no line differs by more than a cent and no closed period arrived changed."""
        statuses = [*(line.status for line in self.invoices), *(line.status for line in self.commitments)]
        return "differs" not in statuses and not self.closed_changes

    def totals(self) -> dict[str, dict[str, Decimal]]:
        """By currency: the charges, the figures of invoices, and the residuals of those that have one."""
        sums: dict[str, dict[str, Decimal]] = {}
        for line in sorted(self.invoices, key=lambda one: one.currency):
            of = sums.setdefault(line.currency, dict.fromkeys(("charges", "figure", "residual"), Decimal(0)))
            for name in of:
                of[name] = plus(of[name], getattr(line, name) or Decimal(0))
        return sums

    def as_dict(self) -> dict[str, Any]:
        """The reconciliation as plain data: amounts as decimal text."""
        return {
            "ties": self.ties,
            "invoices": [_plain(asdict(line)) for line in self.invoices],
            "commitments": [_plain(asdict(line)) for line in self.commitments],
            "closed_changes": list(self.closed_changes),
        }


def reconcile(opened: OpenedHome) -> Reconciliation:
    """Compare charges with invoices (InvoiceDetail, else entered by hand), and commitments with their use."""
    snapshot = opened.lake.snapshot()
    return Reconciliation(_invoices(opened, snapshot), _commitments(opened, snapshot), _closed_changes(opened))


def enter_invoice(opened: OpenedHome, issuer: str, invoice_id: str, amount: Money, actor: str = "local") -> None:
    """Put the total of an invoice on record, as it stands on paper. Entered again, it is replaced; both are audited.

    Raises MoneyError when the amount is not exact.
    """
    if not issuer.strip() or not invoice_id.strip():
        raise MoneyError("An invoice needs its issuer and its number.", cure="Give both as the charges name them.")
    entry = {"issuer": issuer, "invoice_id": invoice_id, "currency": amount.currency, "amount": f"{amount.amount:f}"}
    kept.enter_invoice(opened.database, opened.now(), actor, entry)


def _invoices(opened: OpenedHome, snapshot: Snapshot) -> tuple[InvoiceLine, ...]:
    charged = {key: (rows, amount, period) for key, rows, amount, period in _charged(opened, snapshot)}
    figures = _figures(opened, snapshot)
    lines = []
    for key in sorted(charged.keys() | figures.keys()):
        issuer, invoice, period, currency = key
        rows, charges, seen = charged.get(key, (0, Decimal(0), period))
        figure, told_by = figures.get(key, (None, ""))
        residual = None if figure is None else minus(charges, figure)
        status: Status = "no invoice" if residual is None else "ties" if abs(residual) <= CENT else "differs"
        lines.append(InvoiceLine(issuer, invoice or None, seen, currency, rows, charges, figure, told_by, residual, status))
    return tuple(lines)


def _charged(opened: OpenedHome, snapshot: Snapshot) -> Iterable[tuple[Key, int, Decimal, str]]:
    query = (
        "SELECT coalesce(InvoiceIssuerName, '') AS issuer, coalesce(InvoiceId, '') AS invoice, "
        "CASE WHEN InvoiceId IS NULL THEN x_fm_period ELSE '' END AS period, BillingCurrency AS currency, "
        "count(*) AS n, sum(BilledCost) AS billed, min(x_fm_period) AS first_period, max(x_fm_period) AS last_period "
        f"FROM {CHARGES} GROUP BY 1, 2, 3, 4"
    )
    for row in opened.engine.query(query, [snapshot.source(CHARGES)]).to_pylist():
        first, last = row["first_period"], row["last_period"]
        shown = first if first == last else f"{first}..{last}"
        yield (row["issuer"], row["invoice"], row["period"], row["currency"]), row["n"], row["billed"] or Decimal(0), shown


def _figures(opened: OpenedHome, snapshot: Snapshot) -> dict[Key, tuple[Decimal, str]]:
    query = (
        "SELECT InvoiceIssuerName AS issuer, InvoiceId AS invoice, BillingCurrency AS currency, sum(BilledCost) AS billed "
        "FROM invoice_detail WHERE InvoiceIssueStatus IS DISTINCT FROM 'Voided' GROUP BY 1, 2, 3"
    )
    told: dict[Key, tuple[Decimal, str]] = {}
    for entry in kept.entered_invoices(opened.database):
        told[(entry["issuer"], entry["invoice_id"], "", entry["currency"])] = (Decimal(entry["amount"]), "entered")
    for row in opened.engine.query(query, [snapshot.source("invoice_detail")]).to_pylist():
        told[(row["issuer"], row["invoice"], "", row["currency"])] = (row["billed"], "InvoiceDetail")
    return told


def _commitments(opened: OpenedHome, snapshot: Snapshot) -> tuple[CommitmentLine, ...]:
    query = (
        "WITH bought AS (SELECT CommitmentDiscountId AS id, max(CommitmentDiscountType) AS kind, BillingCurrency AS currency, "
        "sum(CASE WHEN ChargeCategory = 'Purchase' THEN BilledCost END) AS purchased, "
        "sum(CASE WHEN ChargeCategory = 'Usage' AND CommitmentDiscountStatus = 'Used' THEN EffectiveCost END) AS used, "
        "sum(CASE WHEN ChargeCategory = 'Usage' AND CommitmentDiscountStatus = 'Unused' THEN EffectiveCost END) AS unused "
        f"FROM {CHARGES} WHERE CommitmentDiscountId IS NOT NULL GROUP BY 1, 3), "
        "terms AS (SELECT ContractCommitmentId AS id, max(ContractCommitmentPeriodEnd) AS ends "
        "FROM contract_commitment GROUP BY 1) "
        f"SELECT bought.*, ends, (SELECT max(ChargePeriodEnd) FROM {CHARGES}) AS seen "
        "FROM bought LEFT JOIN terms ON terms.id = bought.id ORDER BY bought.id, currency"
    )
    tables = [snapshot.source(CHARGES), snapshot.source("contract_commitment")]
    return tuple(_commitment(row) for row in opened.engine.query(query, tables).to_pylist())


def _commitment(row: dict[str, Any]) -> CommitmentLine:
    purchased, used, unused = (row[name] or Decimal(0) for name in ("purchased", "used", "unused"))
    residual = minus(minus(purchased, used), unused)
    over = row["ends"] is not None and row["ends"] <= row["seen"]
    status: Status = "ties" if abs(residual) <= CENT else "differs"
    if status == "differs" and residual < 0 and purchased == 0:
        status = "bought before"
    elif status == "differs" and residual > 0 and not over:
        status = "running"
    return CommitmentLine(row["id"], row["kind"] or "", row["currency"], purchased, used, unused, residual, row["ends"], status)


def _closed_changes(opened: OpenedHome) -> tuple[dict[str, Any], ...]:
    with opened.database.read() as connection:
        standing = {(record.delivery_id, record.period) for record in records.periods(connection, current=True)}
        known = records.all_deliveries(connection)
    return tuple(
        {"delivery": record.id, "source": record.source, **change}
        for record in known
        for change in record.report.get("closed_changes", [])
        if (record.id, change["period"]) in standing
    )


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in line.items():
        plain = f"{value:f}" if isinstance(value, Decimal) else value
        shown[name] = plain.isoformat() + "Z" if isinstance(plain, datetime) else plain
    return shown
