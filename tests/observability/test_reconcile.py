"""Reconciliation: a cent is the bound, a residual is never rounded away, and commitments end at nothing."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import MoneyError
from finopsmetrics.core.money import Money
from finopsmetrics.observability.reconcile import enter_invoice, reconcile
from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import charge, write_csv

ISSUER = "Example Cloud"


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def detail(invoice: str, cost: str, status: str = "Issued", number: int = 1) -> dict[str, str]:
    return {
        "InvoiceId": invoice,
        "InvoiceDetailId": f"{invoice}-{number}",
        "InvoiceIssuerName": ISSUER,
        "InvoiceIssueStatus": status,
        "BilledCost": cost,
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-05-01T00:00:00Z",
        "BillingPeriodEnd": "2026-06-01T00:00:00Z",
    }


def test_invoices_tie_differ_or_are_absent(workspace: Workspace, tmp_path: Path) -> None:
    billed = {"I-ties": "10.00", "I-cent": "10.01", "I-more": "10.010000000000000001", "I-void": "4", "I-split": "7", "": "3"}
    rows = [charge(cost, day=day, InvoiceId=invoice) for day, (invoice, cost) in enumerate(billed.items(), start=1)]
    details = [detail(invoice, "10") for invoice in ("I-ties", "I-cent", "I-more")]
    details += [detail("I-void", "4", "Voided"), detail("I-split", "5"), detail("I-split", "2", number=2), detail("I-lost", "9")]
    workspace.ingest([write_csv(tmp_path / "bill.csv", rows)])
    workspace.ingest([write_table(tmp_path / "invoices.csv", details)])
    found = reconcile(workspace.opened)
    lines = {line.invoice: line for line in found.invoices}
    told = {name: (line.status, line.residual, line.rows) for name, line in lines.items()}
    assert told == {
        "I-ties": ("ties", Decimal(0), 1),
        "I-cent": ("ties", Decimal("0.01"), 1),
        "I-more": ("differs", Decimal("0.010000000000000001"), 1),
        "I-void": ("no invoice", None, 1),
        "I-split": ("ties", Decimal(0), 1),
        "I-lost": ("differs", Decimal(-9), 0),
        None: ("no invoice", None, 1),
    }
    assert lines[None].period == "2026-05"
    assert not found.ties
    shown = {line["invoice"]: line["residual"] for line in found.as_dict()["invoices"]}
    assert shown["I-more"] == "0.010000000000000001"

    # An invoice entered by hand stands where the provider delivered none, and only there.
    enter_invoice(workspace.opened, ISSUER, "I-void", Money.parse("4.005 USD"))
    enter_invoice(workspace.opened, ISSUER, "I-ties", Money.parse("99 USD"))
    lines = {line.invoice: line for line in reconcile(workspace.opened).invoices}
    assert (lines["I-void"].status, lines["I-void"].figure_from, lines["I-void"].residual) == (
        "ties",
        "entered",
        Decimal("-0.005"),
    )
    assert (lines["I-ties"].status, lines["I-ties"].figure_from) == ("ties", "InvoiceDetail")
    enter_invoice(workspace.opened, ISSUER, "I-void", Money.parse("5 USD"))
    assert {line.invoice: line for line in reconcile(workspace.opened).invoices}["I-void"].residual == Decimal(-1)
    with pytest.raises(MoneyError):
        enter_invoice(workspace.opened, "", "I-1", Money.parse("1 USD"))


def commitment(name: str, cost: str, effective: str, status: str = "", day: int = 1) -> dict[str, str]:
    category = "Usage" if status else "Purchase"
    return charge(
        cost,
        day=day,
        EffectiveCost=effective,
        ChargeCategory=category,
        CommitmentDiscountId=name,
        CommitmentDiscountType="Savings Plan",
        CommitmentDiscountStatus=status,
    )


def test_commitments_are_what_was_used_and_what_was_not(workspace: Workspace, tmp_path: Path) -> None:
    rows = [
        commitment("whole", "30", "0"),
        commitment("whole", "0", "20", "Used", 2),
        commitment("whole", "0", "10", "Unused", 3),
        commitment("leaks", "30", "0", day=4),
        commitment("leaks", "0", "20", "Used", 5),
        commitment("runs", "30", "0", day=6),
        commitment("runs", "0", "20", "Used", 7),
        commitment("before", "0", "20", "Used", 8),
        charge("1", period="2026-06", day=29, CommitmentDiscountId="", CommitmentDiscountType="", CommitmentDiscountStatus=""),
    ]
    ends = {"whole": "2026-06-01T00:00:00Z", "leaks": "2026-06-01T00:00:00Z", "runs": "2027-05-01T00:00:00Z"}
    terms = [
        {"ContractId": "c", "ContractCommitmentId": name, "ContractCommitmentPeriodEnd": end, "InvoiceIssuerName": ISSUER}
        for name, end in ends.items()
    ]
    workspace.ingest([write_csv(tmp_path / "bill.csv", rows)])
    workspace.ingest([write_table(tmp_path / "terms.csv", terms)])
    found = {line.commitment: line for line in reconcile(workspace.opened).commitments}
    assert {name: (line.status, line.residual) for name, line in found.items()} == {
        "whole": ("ties", Decimal(0)),
        "leaks": ("differs", Decimal(10)),
        "runs": ("running", Decimal(10)),
        "before": ("bought before", Decimal(-20)),
    }
    assert (found["whole"].purchased, found["whole"].used, found["whole"].unused) == (Decimal(30), Decimal(20), Decimal(10))
