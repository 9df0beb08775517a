"""Sums of more than 28 digits, where Python's decimals round in silence, stay exact in every report."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from finopsmetrics import Workspace
from finopsmetrics.core.exact import minus, plus, total
from finopsmetrics.observability.reconcile import reconcile
from finopsmetrics.store.report import add_totals

LONG = "98765432109.123456789012345678"  # 29 digits


def test_the_arithmetic() -> None:
    amount = Decimal(LONG)
    assert f"{total([amount] * 3):f}" == "296296296327.370370367037037034"
    assert f"{plus(amount, amount):f}" == "197530864218.246913578024691356"
    assert minus(plus(amount, Decimal(1)), amount) == 1
    assert total([]) == 0
    parts = [{"JPY": {"billed": LONG}}] * 2
    assert add_totals(parts) == {"JPY": {"billed": "197530864218.246913578024691356"}}


def test_a_bill_of_long_amounts_ties(tmp_path: Path) -> None:
    """Two issuers in one period: their sums are added before the written file is compared with them."""
    rows = ["BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
            "ChargeCategory,InvoiceIssuerName,InvoiceId,ServiceName"]  # fmt: skip
    times = "2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05-02T00:00:00Z,2026-05-03T00:00:00Z"
    rows += [f"{LONG},{LONG},JPY,{times},Usage,{issuer},i-{issuer},s" for issuer in "AB"]
    (tmp_path / "bill.csv").write_text("\n".join(rows) + "\n")
    with Workspace(tmp_path / "home") as workspace:
        (report,) = workspace.ingest([tmp_path / "bill.csv"], source="long")
        assert report.totals["JPY"]["billed"] == "197530864218.246913578024691356"
        answer = workspace.costs.get_costs(time_range="all", group_by="ServiceName")
        assert [f"{row['cost']:f}" for row in answer] == ["197530864218.246913578024691356"]
        assert answer.receipt is not None
        assert answer.receipt.body["answer"]["totals"] == {"JPY": "197530864218.246913578024691356"}
        assert [f"{line.charges:f}" for line in reconcile(workspace.opened).invoices] == [LONG, LONG]
