"""Lists that the server filters and pages: the audit trail, and the lines of a reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import Page, expect

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import audit
from tests.store.bills import charge, write_csv
from tests.ui.opening import Opened

Look = Callable[..., Opened]
INVOICES = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A home with many invoices, one of which differs, and a long audit trail in which one line is rare."""
    folder = tmp_path_factory.mktemp("lists")
    with Workspace(folder / "home") as workspace:
        rows = [
            charge("1.10", "Compute", "2026-05", 3, InvoiceId=f"I-{number:03}", InvoiceIssuerName="AWS" if number % 2 else "GCP")
            for number in range(INVOICES)
        ]
        workspace.ingest([write_csv(folder / "bill.csv", rows)], source="aws")
        from finopsmetrics.core.money import Money
        from finopsmetrics.observability.reconcile import enter_invoice

        enter_invoice(workspace.opened, "GCP", "I-110", Money.parse("1.00 USD"))
        enter_invoice(workspace.opened, "GCP", "I-108", Money.parse("1.10 USD"))
        acting = Acting(workspace, OWNER)
        acting.specs.put("team", "rare", {"description": "the needle"})
        with workspace.opened.database.write() as connection:
            for number in range(250):
                actor = "maya" if number % 2 else "ravi"
                audit.record(connection, workspace.opened.now(), actor, "user.changed", f"user{number}", {"roles": ["cfo"]})
        with BackgroundServer(workspace) as server:
            yield server.url


def rows_of(page: Page, name: str) -> list[str]:
    return page.get_by_role("table", name=name).locator("tbody tr").all_inner_texts()


def test_the_audit_trail_is_sought_beyond_what_is_shown(served: str, look: Look) -> None:
    shown = look(f"{served}/audit")
    page = shown.page
    table = "Audit trail, the newest line first"
    assert len(rows_of(page, table)) == 100
    page.get_by_label("Find in every part").fill("needle")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=needle**")
    expect(page.get_by_text("No line matches these filters.")).to_be_visible()  # what a spec holds is not in the trail
    page.get_by_label("Find in every part").fill("RARE")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name=table).locator("tbody tr")).to_have_count(1)
    assert page.get_by_role("button", name="Older").count() == 0
    shown.go(f"{served}/audit?actor=maya&action=user.")
    assert page.get_by_label("Who").input_value() == "maya"
    seen = rows_of(page, table)
    page.get_by_role("button", name="Older").click()
    page.wait_for_url("**before=**")
    shown.ready()
    seen += rows_of(page, table)
    assert len(seen) == len(set(seen)) == 125
    assert all("maya" in line for line in seen)
    assert page.get_by_role("button", name="Older").is_disabled()
    page.get_by_label("Who").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No line matches these filters.")).to_be_visible()
    assert "before" not in page.url
    shown.picture("audit-filtered")


def test_the_lines_of_a_reconciliation_are_paged_and_its_sums_stay(served: str, look: Look) -> None:
    shown = look(f"{served}/reconciliation")
    page = shown.page
    table = "Invoices beside their charges"
    sums = page.locator("dl[aria-label='Sums of all invoices']")
    assert f"charges {Decimal('1.10') * INVOICES} USD" in sums.inner_text()
    assert "residual of those with an invoice 0.10 USD" in sums.inner_text()
    note = page.get_by_text("Not everything ties.").locator("..").inner_text()
    assert "1 differs" in note
    seen = rows_of(page, table)
    assert len(seen) == 50
    whole = sums.inner_text()
    pages = page.get_by_role("navigation", name="Pages of invoices")
    assert f"1–50 of {INVOICES}" in pages.inner_text()
    for count in (100, INVOICES):
        pages.get_by_role("button", name="Older").click()
        page.wait_for_url(f"**offset={count - 50 if count == 100 else 100}**")
        shown.ready()
        seen += rows_of(page, table)
        assert len(seen) == len(set(seen)) == count
        assert sums.inner_text() == whole
    page.get_by_label("Status").select_option("differs")
    expect(page.get_by_role("table", name=table).locator("tbody tr")).to_have_count(1)
    assert "offset" not in page.url
    assert sums.inner_text() == whole
    page.get_by_label("Status").select_option("")
    page.get_by_label("Issuer").select_option("GCP")
    expect(pages).to_contain_text(f"of {INVOICES // 2}")
    again = look(page.url)
    assert rows_of(again.page, table) == rows_of(page, table)
    told = httpx.get(f"{served}/api/v1/reconciliation", params={"issuer": "GCP"}).json()
    assert told["counts"]["invoices"] == INVOICES // 2
    shown.picture("reconciliation")
