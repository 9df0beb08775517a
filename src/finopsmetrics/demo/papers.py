"""The FOCUS 1.4 data sets beside the charges: InvoiceDetail, BillingPeriod, ContractCommitment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from finopsmetrics.demo.estate import Commitment, Estate, Source
from finopsmetrics.demo.prices import SKU
from finopsmetrics.demo.schedule import Delivery, due, is_closed
from finopsmetrics.demo.window import next_month

_TIMES = ("Created", "LastUpdated", "Start", "End", "Date")
_NUMBERS = (
    "BilledCost", "ContractCommitmentCost", "ContractCommitmentQuantity", "ContractCommitmentDiscountPercentage",
    "ContractCommitmentPaymentUpfrontPercentage",
)  # fmt: skip
Paper = dict[str, Any]


def midnight(day: date) -> datetime:
    """Return the first moment of `day`, UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def schema_of(papers: Sequence[Paper]) -> pa.Schema:
    """Return the Arrow schema: moments in UTC, money as decimal128(38, 18), the rest as text."""

    def kind(name: str) -> pa.DataType:
        if name == "x_Synthetic":
            return pa.bool_()
        if name in _NUMBERS:
            return pa.decimal128(38, 18)
        return pa.timestamp("us", tz="UTC") if name.endswith(_TIMES) else pa.string()

    return pa.schema([(name, kind(name)) for name in papers[0]])


def invoice_details(estate: Estate, delivery: Delivery, sums: Sequence[tuple[str, str, Decimal]]) -> list[Paper]:
    """Return one row for each (invoice id, charge category, sum of BilledCost) in `sums`."""
    source = estate.source(delivery.source)
    return [
        {
            "BilledCost": billed,
            "BillingAccountId": source.billing_account_id,
            "BillingCurrency": source.currency,
            "BillingPeriodEnd": midnight(next_month(delivery.period)),
            "BillingPeriodStart": midnight(delivery.period),
            "ChargeCategory": category,
            "InvoiceDetailCreated": delivery.delivered_at,
            "InvoiceDetailDescription": f"{category} charges of invoice {invoice}",
            "InvoiceDetailGrain": json.dumps({"x_GroupedBy": "InvoiceId, ChargeCategory"}),
            "InvoiceDetailId": f"{invoice}-{category}",
            "InvoiceDetailLastUpdated": delivery.delivered_at,
            "InvoiceId": invoice,
            "InvoiceIssueDate": midnight(delivery.at),
            "InvoiceIssueStatus": "Issued",
            "InvoiceIssuerName": source.provider,
            "PaymentDueDate": due(delivery.delivered_at),
            "PaymentTerms": "Net 30",
            "ReferenceInvoiceId": invoice,
            "x_Synthetic": True,
        }
        for invoice, category, billed in sums
    ]


def billing_periods(estate: Estate, delivery: Delivery) -> list[Paper]:
    """Return the period that was just closed and, when it has begun within the estate, the next one."""
    source = estate.source(delivery.source)
    found = [delivery.period]
    if next_month(delivery.period) in estate.window.periods:
        found.append(next_month(delivery.period))
    return [_billing_period(source, period, delivery) for period in found]


def _billing_period(source: Source, period: date, delivery: Delivery) -> Paper:
    return {
        "BillingPeriodCreated": midnight(period),
        "BillingPeriodEnd": midnight(next_month(period)),
        "BillingPeriodLastUpdated": delivery.delivered_at,
        "BillingPeriodStart": midnight(period),
        "BillingPeriodStatus": "Closed" if is_closed(source, period, delivery.at) else "Open",
        "InvoiceIssuerName": source.provider,
        "x_Synthetic": True,
    }


def contract_commitments(estate: Estate, delivery: Delivery) -> list[Paper]:
    """Return every commitment of the source that had begun by the day of the delivery."""
    begun = (c for c in estate.commitments if c.source == delivery.source and c.start < delivery.at)
    return [_contract(estate, commitment, delivery) for commitment in begun]


def _contract(estate: Estate, c: Commitment, delivery: Delivery) -> Paper:
    source, upfront = estate.source(c.source), c.payment == "upfront"
    hours = c.units * 24 * (c.end - c.start).days
    by_use = c.category == "Usage"
    return {
        "BillingCurrency": source.currency,
        "ContractCommitmentApplicability": json.dumps({"IsComplexScope": True}),
        "ContractCommitmentBenefitCategory": "Discount",
        "ContractCommitmentCategory": c.category,
        "ContractCommitmentCost": c.fee,
        "ContractCommitmentCreated": midnight(c.start),
        "ContractCommitmentDescription": c.name,
        "ContractCommitmentDiscountPercentage": _discount(c),
        "ContractCommitmentDurationType": f"{c.end.year - c.start.year} Year",
        "ContractCommitmentFulfillmentInterval": "Hourly",
        "ContractCommitmentId": c.id,
        "ContractCommitmentLastUpdated": delivery.delivered_at,
        "ContractCommitmentLifecycleStatus": "Active" if delivery.at < c.end else "Expired",
        "ContractCommitmentModel": "Continuous",
        "ContractCommitmentOfferCategory": "Public",
        "ContractCommitmentPaymentInterval": "One-Time" if upfront else "Monthly",
        "ContractCommitmentPaymentModel": "All Upfront" if upfront else "No Upfront",
        "ContractCommitmentPaymentUpfrontPercentage": Decimal(upfront),
        "ContractCommitmentPeriodEnd": midnight(c.end),
        "ContractCommitmentPeriodStart": midnight(c.start),
        "ContractCommitmentQuantity": hours if by_use else None,
        "ContractCommitmentType": c.type,
        "ContractCommitmentUnit": c.unit if by_use else None,
        "ContractId": f"{c.key}-contract",
        "ContractPeriodEnd": midnight(c.end),
        "ContractPeriodStart": midnight(c.start),
        "InvoiceIssuerName": source.provider,
        "ServiceProviderName": source.provider,
        "x_Synthetic": True,
    }


def _discount(c: Commitment) -> Decimal | None:
    """The share saved against the list price, when one SKU alone is covered."""
    if len(c.rates) > 1:
        return None
    sku, rate = c.rates[0]
    return (1 - rate / SKU[sku].list_price).quantize(Decimal("0.0001"))
