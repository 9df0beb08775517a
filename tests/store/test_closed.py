"""A closed billing period that arrives changed is taken and flagged loudly, or refused where that is the setting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.tables import audit_events, invoices_entered
from tests.store.bills import charge
from tests.store.homes import costs, failures

BEGIN = datetime(2026, 6, 5)
CLOSE = """BillingPeriodCreated,BillingPeriodEnd,BillingPeriodLastUpdated,BillingPeriodStart,BillingPeriodStatus,InvoiceIssuerName
2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-06-04T00:00:00Z,2026-05-01T00:00:00Z,{status},Example Cloud
"""


@pytest.fixture
def closed(workspace: Workspace, bill: Callable[..., Path], tmp_path: Path) -> Workspace:
    """May is delivered and closed, June is delivered and open."""
    workspace.ingest([bill(charge("10.00"), charge("5.00", "Storage"), charge("1.00", period="2026-06"))], delivered_at=BEGIN)
    (tmp_path / "period.csv").write_text(CLOSE.format(status="Closed"))
    report = workspace.ingest([tmp_path / "period.csv"], delivered_at=BEGIN)[0]
    assert report.dataset == "BillingPeriod"
    return workspace


def flags(workspace: Workspace) -> list[str]:
    with workspace.opened.database.read() as connection:
        query = select(audit_events.c.subject).where(audit_events.c.action == "period.closed_changed")
        return list(connection.execute(query).scalars())


def later(workspace: Workspace, path: Path, **options: bool) -> list[dict[str, object]]:
    asked = IngestOptions(**options)
    return workspace.ingest([path], delivered_at=BEGIN + timedelta(days=1), options=asked)[0].closed_changes


def test_a_changed_charge_is_flagged_with_the_difference(closed: Workspace, bill: Callable[..., Path]) -> None:
    changes = later(closed, bill(charge("12.50"), charge("5.00", "Storage"), charge("2.00", period="2026-06")))
    assert [change["period"] for change in changes] == ["2026-05"]
    assert {c: Decimal(d) for c, d in changes[0]["differences"].items()} == {"USD": Decimal("2.5")}  # type: ignore[attr-defined]
    assert "Closed" in str(changes[0]["closed_by"])
    assert [line["service"] for line in changes[0]["by_service"]] == ["Compute"]  # type: ignore[attr-defined]
    assert flags(closed) == ["2026-05"]
    assert costs(closed) == {"Compute": Decimal("14.5"), "Storage": Decimal(5)}
    assert failures(closed, deep=True) == []


def test_a_charge_that_vanished_is_flagged(closed: Workspace, bill: Callable[..., Path]) -> None:
    changes = later(closed, bill(charge("10.00")))
    assert {c: Decimal(d) for c, d in changes[0]["differences"].items()} == {"USD": Decimal(-5)}  # type: ignore[attr-defined]


def test_a_shift_that_sums_to_nothing_is_flagged(closed: Workspace, bill: Callable[..., Path]) -> None:
    changes = later(closed, bill(charge("9.00"), charge("6.00", "Storage")))
    assert [change["period"] for change in changes] == ["2026-05"]
    assert len(changes[0]["by_service"]) == 2  # type: ignore[arg-type]


def test_it_is_refused_where_that_is_the_setting(closed: Workspace, bill: Callable[..., Path]) -> None:
    before = costs(closed), len(closed.deliveries())
    with pytest.raises(DeliveryError, match="2026-05") as caught:
        later(closed, bill(charge("12.50"), charge("5.00", "Storage")), refuse_closed=True)
    assert "Nothing was changed" in str(caught.value)
    assert (costs(closed), len(closed.deliveries())) == before
    assert flags(closed) == []


def test_corrections_may_come_to_a_closed_period(closed: Workspace, bill: Callable[..., Path]) -> None:
    correction = charge("-3.00", day=2, ChargeClass="Correction")
    path = bill(charge("10.00"), charge("5.00", "Storage"), correction, charge("7.00", period="2026-06"))
    assert later(closed, path, refuse_closed=True) == []
    assert costs(closed) == {"Compute": Decimal(14), "Storage": Decimal(5)}
    assert flags(closed) == []


def test_the_same_charges_in_another_order_are_no_change(closed: Workspace, bill: Callable[..., Path]) -> None:
    path = bill(charge("5.00", "Storage"), charge("1.00", period="2026-06"), charge("10.00"))
    assert later(closed, path, refuse_closed=True) == []


def test_an_open_period_changes_without_a_word(workspace: Workspace, bill: Callable[..., Path], tmp_path: Path) -> None:
    workspace.ingest([bill(charge("10.00"))], delivered_at=BEGIN)
    (tmp_path / "period.csv").write_text(CLOSE.format(status="Open"))
    workspace.ingest([tmp_path / "period.csv"], delivered_at=BEGIN)
    assert later(workspace, bill(charge("12.50")), refuse_closed=True) == []


def test_an_invoice_that_was_entered_closes_its_period(workspace: Workspace, bill: Callable[..., Path]) -> None:
    workspace.ingest([bill(charge("10.00") | {"InvoiceId": "INV-1"})], delivered_at=BEGIN)
    row = {"issuer": "Example Cloud", "invoice_id": "INV-1", "currency": "USD", "amount": "10.00"}
    with workspace.opened.database.write() as connection:
        connection.execute(invoices_entered.insert().values(**row, entered_at=BEGIN, actor="test"))
    changes = later(workspace, bill(charge("11.00") | {"InvoiceId": "INV-1"}))
    assert ["entered" in str(change["closed_by"]) for change in changes] == [True]
