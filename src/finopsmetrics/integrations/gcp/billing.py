"""The BigQuery export of Google Cloud Billing, standard and detailed, as FOCUS charges: SQL over the delivered table `r`. Pure.

Credits that lower a price are netted in the row that they lower; promotions become Credit rows of their own. Nothing is
clamped, so that billed costs sum to the invoice. An invoice month runs from midnight to midnight in Los Angeles.
"""

from __future__ import annotations

from finopsmetrics.focus.sqltext import quote
from finopsmetrics.integrations.gcp.columns import CARRIED, common
from finopsmetrics.integrations.gcp.credits import parted, promotions
from finopsmetrics.integrations.native import Mapped, Native, Rows, Told

AMOUNTS = (
    "cost",
    "costatlist",
    "usageamount",
    "usageamountinpricingunits",
    "priceeffectiveprice",
    "pricelistprice",
)
COMMITMENTS = {"COMMITTED_USAGE_DISCOUNT": "Usage", "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE": "Spend"}
MONTH = "invoicemonth"


def facts(native: Native) -> dict[str, str]:
    """Whether there are promotions, and fees of commitments."""
    fees = f"coalesce(starts_with({native.text('skudescription')}, 'Commitment'), false)"
    return {"promotions": f"count(*) FILTER (WHERE {promotions(native, 'credits')})", "fees": f"count(*) FILTER (WHERE {fees})"}


def mapping(native: Native) -> Mapped:
    """The charges: every row with the credits that lower it, and its promotions as rows of their own."""
    start, end = _invoice_month(native)
    shared = {**common(native), "BillingPeriodStart": start, "BillingPeriodEnd": end}
    lowered, promoted = parted(native, "credits")
    rows = [Rows({**shared, **_own(native, lowered)})]
    told = []
    if native.facts.get("promotions"):
        rows.append(Rows(_promotion(shared, promoted), where=f"{promoted} <> 0"))
        told.append(Told("{n} rows carry promotions, which became Credit rows.", facts(native)["promotions"]))
    if native.facts.get("fees"):
        told.append(
            Told(
                "{n} fees of commitments are effective as billed: the export does not say which use they cover.",
                facts(native)["fees"],
            )
        )
    return Mapped(tuple(rows), told=tuple(told), carried=CARRIED)


def _own(native: Native, lowered: str) -> dict[str, str]:
    cost = native.amount("cost")
    fee = f"coalesce(starts_with({native.text('skudescription')}, 'Commitment'), false)"
    kind = f"lower(coalesce({native.text('costtype')}, 'regular'))"
    billed = f"({cost} + {lowered})"
    usage = f"({kind} = 'regular' AND NOT {fee})"
    adjusted = native.text("adjustmentinfoid", "adjustmentinfotype", "adjustmentinfomode")
    earlier = f"{native.time('usageendtime')} < {_invoice_month(native)[0]}"
    return {
        "BilledCost": billed,
        "EffectiveCost": billed,
        "ListCost": native.amount("costatlist"),
        "ContractedCost": f"CASE WHEN {usage} THEN {cost} ELSE {billed} END",
        "ListUnitPrice": f"CASE WHEN {kind} <> 'tax' THEN {native.amount('pricelistprice')} END",
        "ContractedUnitPrice": f"CASE WHEN {kind} <> 'tax' THEN {native.amount('priceeffectiveprice')} END",
        "ChargeCategory": f"CASE WHEN {kind} = 'tax' THEN 'Tax' WHEN {kind} <> 'regular' THEN 'Adjustment' "
        f"WHEN {fee} THEN 'Purchase' ELSE 'Usage' END",
        "ChargeClass": f"CASE WHEN {adjusted} IS NOT NULL AND {earlier} THEN 'Correction' END",
        "ChargeFrequency": f"CASE WHEN {usage} THEN 'Usage-Based' WHEN {fee} THEN 'Recurring' ELSE 'One-Time' END",
        "PricingQuantity": f"CASE WHEN {usage} THEN {native.amount('usageamountinpricingunits')} END",
        "PricingUnit": f"CASE WHEN {usage} THEN {native.text('usagepricingunit')} END",
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {native.amount('usageamount')} END",
        "ConsumedUnit": f"CASE WHEN {usage} THEN {native.text('usageunit')} END",
    }


def _promotion(shared: dict[str, str], promoted: str) -> dict[str, str]:
    amounts = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), promoted)
    return {**shared, **amounts, "ChargeCategory": "'Credit'", "ChargeFrequency": "'One-Time'"}


def _invoice_month(native: Native) -> tuple[str, str]:
    step = f"t:{MONTH}"
    if step not in native.steps:
        text = f"CAST({native.raw(MONTH)} AS VARCHAR)"
        native.steps[step] = f"try_strptime({text} || '01', '%Y%m%d')"
        native.faults[f"{native.names[MONTH]}: not a month"] = f"{text} IS NOT NULL AND r.{quote(step)} IS NULL"
    first = f"r.{quote(step)}"
    return _pacific(first), _pacific(f"({first} + INTERVAL 1 MONTH)")


def _pacific(local: str) -> str:
    return f"timezone('UTC', timezone('America/Los_Angeles', {local}))"
