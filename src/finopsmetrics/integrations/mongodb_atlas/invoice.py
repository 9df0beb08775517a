"""Line items of MongoDB Atlas, each with its invoice beside it, as FOCUS charges: SQL over the delivered table `r`. Pure.

All amounts of the Admin API are cents of a US dollar. A line item is a charge, and the sales tax of each invoice is one more,
so that billed costs sum to the line items and the tax. What was owed before an invoice is no charge of it.
"""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.integrations.mongodb_atlas.columns import CARRIED, common, invoice
from finopsmetrics.integrations.native import AMOUNT, Mapped, Native, Rows, Told
from finopsmetrics.integrations.records import columns_of, tags

AMOUNTS = ("totalpricecents", "unitpricedollars", "quantity", "invoicesalestaxcents")
CENT = "CAST('0.01' AS DECIMAL(3,2))"


def facts(native: Native) -> dict[str, str]:
    """Whether an invoice stands with two amounts of tax, as it does when two of its answers are delivered together."""
    invoice_id, tax = native.text("invoiceid"), native.text("invoicesalestaxcents")
    pair = f"{invoice_id} || '/' || coalesce({tax}, '')"
    return {"taxes": f"count(DISTINCT {pair}) - count(DISTINCT {invoice_id})"}


def mapping(native: Native) -> Mapped:
    """The charges: one a line item, and one for the sales tax of each invoice that has some."""
    if native.facts.get("taxes"):
        cure = "Two answers for one invoice differ: deliver the later one alone."
        raise DeliveryError("An invoice of MongoDB Atlas stands with more than one salesTaxCents.", cure=cure)
    given = f"upper({native.text('invoicecurrency')})"
    native.faults["invoice.currency: the amounts of line items are cents of a US dollar"] = f"coalesce({given} <> 'USD', false)"
    columns = {**invoice(native), **common(native), **_costs(native), "Tags": tags(native, "tags")}
    return Mapped(
        (Rows(columns), _sales_tax(native)),
        told=_told(native),
        notes=("Payments, refunds of payments and balances from before are no charges and were not read.",),
        carried=CARRIED | columns_of(native, "tags"),
    )


def _dollars(cents: str) -> str:
    return f"CAST({cents} * {CENT} AS {AMOUNT})"


def _costs(native: Native) -> dict[str, str]:
    cents, quantity, unit = native.amount("totalpricecents"), native.amount("quantity"), native.text("unit")
    billed, usage = _dollars(cents), f"{cents} >= 0"
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost"), billed),
        "ContractedUnitPrice": f"CASE WHEN {usage} THEN {native.amount('unitpricedollars')} END",
        "ChargeCategory": f"CASE WHEN {usage} THEN 'Usage' ELSE 'Credit' END",
        "ChargeFrequency": f"CASE WHEN {usage} THEN 'Usage-Based' ELSE 'One-Time' END",
        "PricingCategory": f"CASE WHEN {usage} THEN 'Standard' END",
        "PricingQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "PricingUnit": f"CASE WHEN {usage} THEN {unit} END",
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "ConsumedUnit": f"CASE WHEN {usage} THEN {unit} END",
    }


def _sales_tax(native: Native) -> Rows:
    own, tax = invoice(native), f"max({native.amount('invoicesalestaxcents')})"
    columns = {
        **own,
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), _dollars(tax)),
        "ChargePeriodStart": own["BillingPeriodStart"],
        "ChargePeriodEnd": own["BillingPeriodEnd"],
        "ChargeCategory": "'Tax'",
        "ChargeFrequency": "'One-Time'",
        "ChargeDescription": "'Sales tax'",
        "ServiceName": "'MongoDB Atlas'",
        "ServiceCategory": "'Databases'",
    }
    group = ", ".join([native.text("invoiceid"), *own.values()])
    return Rows(columns, group=group, having=f"{tax} <> 0")


def _told(native: Native) -> tuple[Told, ...]:
    pending = f"count(*) FILTER (WHERE upper({native.text('invoicestatusname')}) = 'PENDING')"
    prepaid = f"count(*) FILTER (WHERE upper({native.text('invoicestatusname')}) = 'PREPAID')"
    cents, percent = native.text("discountcents"), native.text("percentdiscount")
    discounted = f"{cents} NOT IN ('0', '0.0') OR {percent} NOT IN ('0', '0.0')"
    told = (
        Told("{n} line items are of a pending invoice: its amounts still grow.", pending),
        Told("{n} line items are of a prepaid invoice: they are billed here as they draw on what was paid before.", prepaid),
        Told(
            "{n} line items carry a discount: totalPriceCents is taken as what is billed.",
            f"count(*) FILTER (WHERE coalesce({discounted}, false))",
        ),
    )
    return (*told, *_subtotals(native))


def _subtotals(native: Native) -> tuple[Told, ...]:
    """By how much line items differ from the subtotals of their invoices, which sum all positive ones."""
    if not native.has("invoicesubtotalcents"):
        return ()
    cents, whole = (f"TRY_CAST({native.text(name)} AS DECIMAL(38,6))" for name in ("totalpricecents", "invoicesubtotalcents"))
    positive = f"coalesce(sum({cents}) FILTER (WHERE {cents} > 0), 0)"
    stated = f"list_distinct(list({{i: {native.text('invoiceid')}, s: {whole}}}))"
    rest = f"({positive} - coalesce(list_sum(list_transform({stated}, lambda e: e.s)), 0))"
    text = "Positive line items come to {n} cents more than the subtotals of their invoices; below zero, some are missing."
    return (Told(text, f"CASE WHEN {rest} <> 0 THEN {rest} END"),)
