"""IBM Cloud's usage of resource instances, from the API or as CSV, as FOCUS charges: SQL over the delivered table `r`. Pure.

One row is one metric of one instance in one month. What is not billable, or not chargeable, is billed at nothing.
"""

from __future__ import annotations

from finopsmetrics.integrations.ibm.columns import CARRIED, identity, tags
from finopsmetrics.integrations.native import ZERO, Mapped, Native, Rows, Told

COST, RATED = ("usagecost", "cost"), ("usageratedcost", "ratedcost", "originalcost")
QUANTITY, RATEABLE = ("usagequantity", "quantity"), ("usagerateablequantity", "rateablequantity")
AMOUNTS = (*COST, *RATED, *QUANTITY, *RATEABLE)
FREE = ("usagenonchargeable", "nonchargeable")
CREDITS = "Costs are those of the usage report: under a subscription its credits pay them, and the invoice has the overage alone."


def facts(native: Native) -> dict[str, str]:
    """How many metrics are not charged, and how many are not final."""
    return {
        "free": f"count(*) FILTER (WHERE {_is(native, 'false', 'billable')} OR {_is(native, 'true', *FREE)})",
        "pending": f"count(*) FILTER (WHERE {_is(native, 'true', 'pending')})",
    }


def mapping(native: Native) -> Mapped:
    """The charges: one a row, in its month."""
    month = f"date_trunc('month', {native.time('month', '%Y-%m')})"
    if native.has("billingmonth"):
        month = f"date_trunc('month', {native.time('billingmonth', '%Y-%m')})"
    free = f"({_is(native, 'false', 'billable')} OR {_is(native, 'true', *FREE)})"
    cost, rated = native.amount(*COST), native.amount(*RATED)
    unit = native.text("usageunit", "unit")
    bounds = {f"{name}PeriodStart": month for name in ("Billing", "Charge")}
    bounds |= {f"{name}PeriodEnd": f"{month} + INTERVAL 1 MONTH" for name in ("Billing", "Charge")}
    columns = {
        **identity(native),
        **{f"{name}Cost": f"CASE WHEN {free} THEN {ZERO} ELSE {cost} END" for name in ("Billed", "Effective", "Contracted")},
        "ListCost": f"CASE WHEN {free} THEN {ZERO} ELSE {rated} END",
        **bounds,
        "ChargeCategory": "'Usage'",
        "ChargeFrequency": "'Usage-Based'",
        "PricingCategory": "'Standard'",
        "PricingQuantity": native.amount(*RATEABLE),
        "PricingUnit": f"CASE WHEN {native.amount(*RATEABLE)} IS NOT NULL THEN {unit} END",
        "ConsumedQuantity": native.amount(*QUANTITY),
        "ConsumedUnit": unit,
        "Tags": tags(native),
    }
    _refuse_unsure(native)
    counted = facts(native)
    told = (
        Told("{n} metrics are not billable, or not chargeable: they are billed at nothing.", counted["free"]),
        Told("{n} metrics are pending charges of classic infrastructure.", counted["pending"]),
    )
    return Mapped((Rows(columns),), told=told, notes=(CREDITS,), carried=CARRIED)


def _is(native: Native, word: str, *columns: str) -> str:
    return f"coalesce(lower({native.text(*columns)}) = '{word}', false)"


def _refuse_unsure(native: Native) -> None:
    """Whether a row is charged is never guessed: a flag that says neither sends it to quarantine."""
    for column, needed in (("billable", True), *((name, False) for name in FREE)):
        if native.has(column):
            text = f"lower({native.text(column)})"
            unsure = f"coalesce({text}, '') NOT IN ('true', 'false')" if needed else f"{text} NOT IN ('true', 'false')"
            native.faults[f"{native.names[column]}: not true or false"] = unsure
