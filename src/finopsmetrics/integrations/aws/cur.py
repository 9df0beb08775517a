"""AWS Cost and Usage Reports, legacy and 2.0, as FOCUS charges: SQL over the delivered table `r`. Pure.

Billed is what the invoice charges in its period; effective spreads commitments over their use. Covered usage is billed 0 and
its negation goes; fees of commitments are effective 0; what of a commitment was not used becomes rows of its own. What is
left between the sum as delivered and as mapped, to the last digit, becomes one visible row an invoice.
"""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.aws.columns import CARRIED, common, sku
from finopsmetrics.integrations.native import NULL_AMOUNT, NULL_TEXT, ZERO, Mapped, Native, Rows, Told

TYPE = "lineitemlineitemtype"
AMOUNTS = (
    "lineitemunblendedcost",
    "lineitemnetunblendedcost",
    "lineitemunblendedrate",
    "lineitemusageamount",
    "pricingpublicondemandcost",
    "pricingpublicondemandrate",
    "reservationeffectivecost",
    "reservationneteffectivecost",
    "reservationunusedamortizedupfrontfeeforbillingperiod",
    "reservationnetunusedamortizedupfrontfeeforbillingperiod",
    "reservationunusedrecurringfee",
    "reservationnetunusedrecurringfee",
    "reservationunusedquantity",
    "savingsplansavingsplaneffectivecost",
    "savingsplannetsavingsplaneffectivecost",
    "savingsplantotalcommitmenttodate",
    "savingsplanusedcommitment",
)
DISCOUNTS = ("EdpDiscount", "PrivateRateDiscount", "BundledDiscount", "SppDiscount", "Discount")
COVERED, NEGATION = "SavingsPlanCoveredUsage", "SavingsPlanNegation"
USAGE = ("Usage", "DiscountedUsage", COVERED)
SP_FEES = ("SavingsPlanUpfrontFee", "SavingsPlanRecurringFee")
NET = "lineitemnetunblendedcost"


def facts(native: Native) -> dict[str, str]:
    """How many rows there are of the kinds that need rows of their own."""
    kind = native.raw(TYPE)
    return {
        "discounts": f"count(*) FILTER (WHERE {_among(kind, DISCOUNTS)})",
        "covered": f"count(*) FILTER (WHERE {_among(kind, (COVERED, NEGATION))})",
        "reserved": f"count(*) FILTER (WHERE {kind} = 'RIFee')",
        "without_sku": f"count(*) FILTER (WHERE {sku(native)} IS NULL)",
        "recurring": f"count(*) FILTER (WHERE {kind} = 'SavingsPlanRecurringFee')",
    }


def mapping(native: Native) -> Mapped:
    """The charges: every line item, what commitments left unused, and what is left to tie the invoice."""
    kind = native.raw(TYPE)
    netted = bool(native.facts.get("discounts")) and native.has(NET)
    gone = (NEGATION, *DISCOUNTS) if netted else (NEGATION,)
    told = [
        Told("{n} SavingsPlanNegation lines were taken together with the covered usage that they negate.", _count(kind, NEGATION))
    ]
    if netted:
        told.append(Told("{n} discount lines were left out: the net costs hold them already.", _count(kind, *DISCOUNTS)))
    rows = [Rows(_line_items(native), where=f"coalesce({kind}, '') NOT IN ({_listed(gone)})")]
    if native.facts.get("reserved"):
        rows.append(_unused_reservations(native))
        told.append(
            Told("{n} reservation fees carry what they left unused, which became rows of its own.", _count(kind, "RIFee"))
        )
    if native.facts.get("recurring") and native.has("savingsplantotalcommitmenttodate", "savingsplanusedcommitment"):
        rows.append(_unused_plans(native))
    if netted or native.facts.get("covered"):
        rows.append(_left_over(native, netted))
    if native.facts.get("covered"):
        alone = f"CASE WHEN {_count(kind, NEGATION)} = 0 THEN {_count(kind, COVERED)} ELSE 0 END"
        told.append(
            Told(
                "{n} lines of covered usage came without any line that negates them: what they sum to stays billed, "
                "in one Adjustment row an invoice.",
                alone,
            )
        )
    return Mapped(tuple(rows), told=tuple(told), carried=CARRIED)


def _line_items(native: Native) -> dict[str, str]:
    kind = native.raw(TYPE)
    return {
        **common(native),
        **_costs(native),
        **_quantities(native),
        "ChargeCategory": _category(native),
        "ChargeClass": _class(native),
        "ChargeFrequency": _frequency(kind),
        "PricingCategory": _pricing(native),
        "CommitmentDiscountStatus": f"CASE WHEN {common(native)['CommitmentDiscountId']} IS NOT NULL "
        f"AND {_among(kind, (COVERED, 'DiscountedUsage'))} THEN 'Used' END",
    }


def _costs(native: Native) -> dict[str, str]:
    kind, billed = native.raw(TYPE), _billed(native)
    reserved = f"{kind} IN ('Fee', 'Refund') AND {common(native)['CommitmentDiscountId']} IS NOT NULL"
    plan_cost = native.amount("savingsplannetsavingsplaneffectivecost", "savingsplansavingsplaneffectivecost")
    fees = f"{_among(kind, (*SP_FEES, 'RIFee'))} OR ({reserved})"
    usage = _among(kind, USAGE)
    effective = (
        f"CASE {kind} WHEN '{COVERED}' THEN {plan_cost} "
        f"WHEN 'DiscountedUsage' THEN {native.amount('reservationneteffectivecost', 'reservationeffectivecost')} "
        f"ELSE CASE WHEN {fees} THEN {ZERO} ELSE {billed} END END"
    )
    contracted = (
        f"CASE WHEN {kind} IN ('Usage', '{COVERED}') THEN {native.amount('lineitemunblendedcost')} "
        f"WHEN {kind} = 'DiscountedUsage' THEN {NULL_AMOUNT} ELSE {billed} END"
    )
    return {
        "BilledCost": f"CASE WHEN {kind} = '{COVERED}' THEN {ZERO} ELSE {billed} END",
        "EffectiveCost": effective,
        "ListCost": f"CASE WHEN {usage} THEN {native.amount('pricingpublicondemandcost')} ELSE {billed} END",
        "ContractedCost": contracted,
        "ListUnitPrice": f"CASE WHEN {usage} THEN {native.amount('pricingpublicondemandrate')} END",
        "ContractedUnitPrice": f"CASE WHEN {kind} = 'Usage' THEN {native.amount('lineitemunblendedrate')} END",
    }


def _quantities(native: Native) -> dict[str, str]:
    kind, amount, unit = native.raw(TYPE), native.amount("lineitemusageamount"), native.text("pricingunit")
    usage = _among(kind, USAGE)
    spent = native.amount("savingsplansavingsplaneffectivecost")
    named = f"CASE WHEN {common(native)['CommitmentDiscountId']} IS NOT NULL THEN {kind} END"
    return {
        "PricingQuantity": f"CASE WHEN {kind} <> 'Tax' THEN {amount} END",
        "PricingUnit": f"CASE WHEN {kind} <> 'Tax' THEN {unit} END",
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {amount} END",
        "ConsumedUnit": f"CASE WHEN {usage} THEN {unit} END",
        "CommitmentDiscountQuantity": f"CASE {named} WHEN '{COVERED}' THEN {spent} WHEN 'DiscountedUsage' THEN {amount} END",
        "CommitmentDiscountUnit": f"CASE {named} WHEN '{COVERED}' THEN {native.text('lineitemcurrencycode')} "
        f"WHEN 'DiscountedUsage' THEN {unit} END",
    }


def _billed(native: Native) -> str:
    return native.amount(NET, "lineitemunblendedcost")


def _unused(native: Native, amount: str, where: str) -> Rows:
    commitment = common(native)["CommitmentDiscountId"]
    columns = {
        **common(native),
        "BilledCost": ZERO,
        "EffectiveCost": amount,
        "ListCost": ZERO,
        "ContractedCost": ZERO,
        "ChargeCategory": "'Usage'",
        "ChargeFrequency": "'Usage-Based'",
        "PricingCategory": "'Committed'",
        "CommitmentDiscountStatus": "'Unused'",
        "ResourceId": commitment,
        "ResourceType": common(native)["CommitmentDiscountType"],
    }
    return Rows(columns, where=f"{where} AND {amount} <> 0")


def _unused_reservations(native: Native) -> Rows:
    fee = native.amount(
        "reservationnetunusedamortizedupfrontfeeforbillingperiod", "reservationunusedamortizedupfrontfeeforbillingperiod"
    )
    recurring = native.amount("reservationnetunusedrecurringfee", "reservationunusedrecurringfee")
    return _unused(native, f"(coalesce({fee}, 0) + coalesce({recurring}, 0))", f"{native.raw(TYPE)} = 'RIFee'")


def _unused_plans(native: Native) -> Rows:
    total, used = (native.amount(name) for name in ("savingsplantotalcommitmenttodate", "savingsplanusedcommitment"))
    return _unused(native, f"({total} - coalesce({used}, 0))", f"{native.raw(TYPE)} = 'SavingsPlanRecurringFee'")


def _left_over(native: Native, netted: bool) -> Rows:
    """What the lines as delivered sum to, less what they were mapped to: one row for each invoice where they differ."""
    kind = native.raw(TYPE)
    billed, gross = _billed(native), native.amount("lineitemunblendedcost")
    gone = (COVERED, NEGATION, *DISCOUNTS) if netted else (COVERED, NEGATION)
    mapped = f"sum(CASE WHEN coalesce({kind}, '') IN ({_listed(gone)}) THEN {ZERO} ELSE {billed} END)"
    delivered = f"sum({billed})"
    if netted:
        discounted = f"count(*) FILTER (WHERE {_among(kind, DISCOUNTS)}) > 0"
        delivered = f"CASE WHEN {discounted} THEN sum({gross}) ELSE {delivered} END"
    rest = f"({delivered} - {mapped})"
    keys = ("BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd", "BillingCurrency", "InvoiceId", "InvoiceIssuerName")
    own = {name: common(native)[name] for name in keys}
    columns = {
        **own,
        "ChargePeriodStart": own["BillingPeriodStart"],
        "ChargePeriodEnd": own["BillingPeriodEnd"],
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), rest),
        "ChargeCategory": "'Adjustment'",
        "ChargeFrequency": "'One-Time'",
        "ChargeDescription": literal("What is left between net costs, discount lines and negations; kept so that the bill ties"),
        "ServiceName": "'AWS billing'",
        "ServiceCategory": "'Other'",
        "ServiceSubcategory": "'Other (Other)'",
        "BillingAccountType": common(native)["BillingAccountType"],
        "PricingCurrency": own["BillingCurrency"],
        "ServiceProviderName": "'AWS'",
        "HostProviderName": "'AWS'",
    }
    # Without discount lines only what was left out can differ.
    where = "" if netted else f"{kind} IN ({_listed(gone)})"
    return Rows(columns, where=where, group=", ".join(own.values()), having=f"{rest} <> 0")


def _category(native: Native) -> str:
    """A refund is of what it refunds where that is known, which is for commitments alone."""
    kind, purchases = native.raw(TYPE), ("Fee", "RIFee", *SP_FEES)
    returned = f"({kind} = 'Refund' AND {common(native)['CommitmentDiscountId']} IS NOT NULL)"
    return (
        f"CASE WHEN {_among(kind, USAGE)} THEN 'Usage' WHEN {_among(kind, purchases)} OR {returned} "
        f"THEN 'Purchase' WHEN {kind} IN ('Tax', 'Credit') THEN {kind} ELSE 'Adjustment' END"
    )


def _class(native: Native) -> str:
    """A refund bill, and a refund for time before the billing period, correct what was invoiced already."""
    kind, earlier = native.raw(TYPE), f"{common(native)['ChargePeriodStart']} < {common(native)['BillingPeriodStart']}"
    bill = native.text("billbilltype")
    return f"CASE WHEN {bill} = 'Refund' OR ({kind} = 'Refund' AND {earlier}) THEN 'Correction' END"


def _frequency(kind: str) -> str:
    return (
        f"CASE WHEN {_among(kind, USAGE)} THEN 'Usage-Based' "
        f"WHEN {_among(kind, ('RIFee', 'SavingsPlanRecurringFee'))} THEN 'Recurring' ELSE 'One-Time' END"
    )


def _pricing(native: Native) -> str:
    kind = native.raw(TYPE)
    spot = f"contains({native.text('lineitemusagetype')}, 'SpotUsage') OR {native.text('pricingpurchaseoption')} = 'Spot'"
    return (
        f"CASE WHEN {_among(kind, (COVERED, 'DiscountedUsage'))} THEN 'Committed' WHEN {kind} = 'Tax' THEN {NULL_TEXT} "
        f"WHEN {kind} = 'Usage' AND coalesce({spot}, false) THEN 'Dynamic' ELSE 'Standard' END"
    )


def _among(kind: str, names: tuple[str, ...]) -> str:
    return f"coalesce({kind} IN ({_listed(names)}), false)"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(literal(name) for name in names)


def _count(kind: str, *names: str) -> str:
    return f"count(*) FILTER (WHERE {_among(kind, names)})"
