"""Snowflake's daily usage in currency as FOCUS charges: SQL over the delivered table `r`. Pure.

What a day's usage costs is effective; only what was paid at on-demand prices (overage) is invoiced for it. Capacity and
rollover were paid before, and free usage and rebates are not paid at all, so that those are billed nothing.
"""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import NULL_TEXT, ZERO, Mapped, Native, Rows, Told
from finopsmetrics.integrations.snowflake.services import CATEGORIES

AMOUNTS = ("usageincurrency", "usage")
# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "organizationname",
        "accountname",
        "accountlocator",
        "region",
        "usagedate",
        "usage",
        "currency",
        "usageincurrency",
        "servicetype",
    }
)
INVOICED = "overage"
PREPAID = ("capacity", "rollover")
GRANTED = ("free usage", "rebate")
CREDITS = ("rebate", "support credit")
FEES = ("priority support", "vps deployment fee")
UNITS = {"compute": "Credits", "storage": "TB", "data transfer": "TB"}
HOSTS = {"AWS": "AWS", "AZURE": "Microsoft", "GCP": "Google Cloud"}


def facts(native: Native) -> dict[str, str]:  # noqa: ARG001
    """Nothing needs to be known beforehand."""
    return {}


def mapping(native: Native) -> Mapped:
    """The charges: one a row, billed in the calendar month of its day."""
    source, adjusted = _word(native, "balancesource"), _word(native, "isadjustment")
    known = _among(source, (INVOICED, *PREPAID, *GRANTED))
    unknown = f"{native.names['balancesource']}: not a known source of funds, so that nobody knows whether it is invoiced"
    native.faults[unknown] = f"NOT {known}"
    truth = f"{adjusted} IS NULL OR {_among(adjusted, ('true', 'false', '1', '0'))}"
    native.faults[f"{native.names['isadjustment']}: neither true nor false"] = f"NOT ({truth})"
    told = (
        Told("{n} rows draw on capacity or rollover that was paid before: they are billed nothing.", _count(source, PREPAID)),
        Told("{n} rows were covered by free usage or rebates: billed nothing, effective in full.", _count(source, GRANTED)),
    )
    notes = ("Until a month is closed its days may change: deliver it whole once more after that.",)
    return Mapped((Rows({**_costs(native), **_common(native)}),), told=told, notes=notes, carried=CARRIED)


def _costs(native: Native) -> dict[str, str]:
    amount, source, kind = native.amount("usageincurrency"), _word(native, "balancesource"), _category(native)
    usage = f"{kind} = 'Usage'"
    unit = f"MAP {_pairs(UNITS)}[{_word(native, 'ratingtype')}]"
    quantity = native.amount("usage")
    return {
        "BilledCost": f"CASE WHEN {source} = '{INVOICED}' OR {amount} IS NULL THEN {amount} ELSE {ZERO} END",
        "EffectiveCost": amount,
        "ContractedCost": amount,
        "ChargeCategory": kind,
        "ChargeFrequency": f"CASE WHEN {usage} THEN 'Usage-Based' WHEN {kind} <> 'Purchase' THEN 'One-Time' END",
        "PricingCategory": f"CASE WHEN {source} = '{INVOICED}' THEN 'Standard' "
        f"WHEN {_among(source, PREPAID)} THEN 'Committed' ELSE 'Other' END",
        "PricingQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "PricingUnit": f"CASE WHEN {usage} THEN {unit} END",
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "ConsumedUnit": f"CASE WHEN {usage} THEN {unit} END",
    }


def _common(native: Native) -> dict[str, str]:
    day, service = native.time("usagedate"), native.text("servicetype")
    month = f"date_trunc('month', {day})"
    cloud = f"upper(regexp_extract({native.text('region')}, '(?i)(?:^|[.])(aws|azure|gcp)_', 1))"
    return {
        "BillingAccountId": native.text("organizationname"),
        "BillingAccountName": native.text("organizationname"),
        "BillingAccountType": "'Organization'",
        "SubAccountId": native.text("accountlocator"),
        "SubAccountName": native.text("accountname"),
        "SubAccountType": f"CASE WHEN {native.text('accountlocator')} IS NOT NULL THEN 'Account' END",
        "BillingCurrency": native.text("currency"),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": f"{day} + INTERVAL 1 DAY",
        "ChargeDescription": native.text("usagetype", "servicetype", "billingtype"),
        "ServiceName": f"coalesce({native.text('servicetype', 'usagetype', 'billingtype')}, 'Snowflake')",
        "ServiceCategory": f"coalesce(MAP {_pairs(CATEGORIES)}[upper({service})], 'Other')",
        "ServiceProviderName": "'Snowflake'",
        "HostProviderName": f"MAP {_pairs(HOSTS)}[{cloud}]",
        "InvoiceIssuerName": "'Snowflake'",
        "SkuId": service,
        "SkuMeter": native.text("usagetype"),
        "RegionId": native.text("region"),
    }


def _category(native: Native) -> str:
    billing = _word(native, "billingtype")
    return (
        f"CASE WHEN {_among(_word(native, 'isadjustment'), ('true', '1'))} THEN 'Adjustment' "
        f"WHEN {_among(billing, CREDITS)} THEN 'Credit' WHEN {_among(billing, FEES)} THEN 'Purchase' ELSE 'Usage' END"
    )


def _word(native: Native, column: str) -> str:
    """A word of the view without case, and with blanks for underscores: it writes both `free usage` and `support_credit`."""
    text = native.text(column)
    return text if text == NULL_TEXT else f"replace(lower({text}), '_', ' ')"


def _among(word: str, words: tuple[str, ...]) -> str:
    return f"coalesce({word} IN ({', '.join(literal(one) for one in words)}), false)"


def _count(word: str, words: tuple[str, ...]) -> str:
    return f"count(*) FILTER (WHERE {_among(word, words)})"


def _pairs(words: dict[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in words.items()) + "}"
