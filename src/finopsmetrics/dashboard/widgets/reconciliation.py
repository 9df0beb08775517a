"""reconciliation: whether every invoice ties to its charges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from finopsmetrics.core.conditions import Condition
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import TAKE_IN, text, text_column
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import counted, money
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.observability.reconcile import InvoiceLine

ORDER = {"differs": 0, "no invoice": 1, "ties": 2}
SOURCE = "Every invoice of the home beside its charges; the dashboard's time and filters do not narrow them."


class ReconciliationConfig(Config):
    """Which invoices are listed."""

    show: Literal["open", "all"] = Field(default="open", description="Only what does not tie yet, or every invoice.")
    limit: int = Field(default=50, ge=1, le=1_000, description="How many are listed at most.")


class ReconciliationWidget(Widget[ReconciliationConfig]):
    """Invoices beside their charges."""

    name = "reconciliation"
    title = "Reconciliation"
    description = "Whether every invoice ties to its charges to the cent, and by how much one does not."
    config = ReconciliationConfig
    size = (2, 1)
    needs = ("reconciliation:read",)
    all_charges = True

    def show(self, asking: Asking, config: ReconciliationConfig) -> Shown:
        """List what differs first."""
        every = sorted(asking.reconcile().invoices, key=_place)
        if not every:
            return Shown("There is no charge and no invoice.", link="/reconciliation", empty=TAKE_IN)
        listed = [line for line in every if config.show == "all" or line.status != "ties"][: config.limit]
        return Shown(_sentence(every), _chart(listed), source=SOURCE, link="/reconciliation")


def _place(line: InvoiceLine) -> tuple[int, list[int], str, str]:
    """What differs first, then what has no invoice, then the rest; within these the newest period first."""
    return (ORDER.get(line.status, 3), [-ord(mark) for mark in line.period], line.issuer, line.invoice or "")


def _chart(listed: list[InvoiceLine]) -> ChartSpec:
    columns = (
        text_column("issuer", "Issuer"),
        text_column("invoice", "Invoice"),
        text_column("period", "Period"),
        text_column("currency", "Currency"),
        Column(name="charges", label="Charges", type="money"),
        Column(name="figure", label="Invoice says", type="money"),
        Column(name="residual", label="Residual", type="money"),
        text_column("status", "Status"),
    )
    rows = tuple(
        (
            line.issuer,
            line.invoice,
            line.period,
            line.currency,
            text(line.charges),
            text(line.figure),
            text(line.residual),
            line.status,
        )
        for line in listed
    )
    return ChartSpec(chart="table", columns=columns, rows=rows, links=tuple(_link(line) for line in listed))


def _link(line: InvoiceLine) -> str | None:
    only = {"InvoiceIssuerName": line.issuer or None, "InvoiceId": line.invoice, "BillingCurrency": line.currency or None}
    if line.invoice is None:
        return explorer("all", where=str(Condition.from_dict({"x_fm_period": line.period})), only=only)
    return explorer("all", group_by=["ServiceName"], only=only)


def _sentence(every: list[InvoiceLine]) -> str:
    ties, differs, waiting = (sum(1 for line in every if line.status == status) for status in ("ties", "differs", "no invoice"))
    told = f"{ties} of {counted(ties + differs, 'invoice')} {'ties' if ties == 1 else 'tie'} to the charges"
    newest = next((line for line in every if line.status == "differs"), None)
    if newest is not None and newest.residual is not None:
        told += f"; {newest.invoice or newest.period} of {newest.issuer} differs by {money(newest.residual, newest.currency)}"
    return told + (f"; {counted(waiting, 'billing period')} wait for an invoice." if waiting else ".")
