"""How a charge is written in each FOCUS version: a SQL expression for every column, and which version has which.

Tables in the expressions: c the cut, r resource, k sku, a account, m commitment. A $name is a fact of the source.
"""

from __future__ import annotations

from finopsmetrics.demo.catalog import CREDITS_PER_DOLLAR
from finopsmetrics.demo.estate import COMPANY, Source

_BOOKED = "c.category IN ('Tax', 'Credit', 'Adjustment')"
_USED = "c.category = 'Usage' AND c.resource IS NOT NULL"
_NUMBER = "rtrim(rtrim(c.committed::VARCHAR, '0'), '.')"
_APPLIED = (
    """CASE WHEN m.id IS NULL THEN NULL WHEN m.kind = 'Spend' THEN
    concat('{"Elements":[{"ContractId":"', m.key, '-contract","ContractCommitmentId":"', m.id,
           '","ContractCommitmentAppliedCost":', """
    + _NUMBER
    + """, '}]}') ELSE
    concat('{"Elements":[{"ContractId":"', m.key, '-contract","ContractCommitmentId":"', m.id,
           '","ContractCommitmentAppliedQuantity":', """
    + _NUMBER
    + """, ',"ContractCommitmentAppliedUnit":"', m.unit, '"}]}') END"""
)

TEXTS = {
    "AvailabilityZone": "r.zone",
    "BillingAccountId": "$billing_account",
    "BillingAccountName": f"'{COMPANY}'",
    "BillingAccountType": "$billing_type",
    "BillingCurrency": "$currency",
    "ChargeCategory": "c.category",
    "ChargeClass": "c.class",
    "ChargeDescription": "c.description",
    "ChargeFrequency": "c.frequency",
    "CommitmentDiscountCategory": "m.kind",
    "CommitmentDiscountId": "m.id",
    "CommitmentDiscountName": "m.name",
    "CommitmentDiscountStatus": "c.status",
    "CommitmentDiscountType": "m.type",
    "CommitmentDiscountUnit": "m.unit",
    "ConsumedUnit": f"CASE WHEN {_USED} THEN k.unit END",
    "ContractApplied": _APPLIED,
    "HostProviderName": "$host",
    "InvoiceDetailId": "c.invoice_id || '-' || c.category",
    "InvoiceId": "c.invoice_id",
    "InvoiceIssuerName": "$provider",
    "PricingCategory": "c.pricing",
    "PricingCurrency": "'Lake Credit'",
    "PricingUnit": f"CASE WHEN {_BOOKED} THEN NULL WHEN c.resource IS NULL AND m.id IS NOT NULL THEN m.unit ELSE k.unit END",
    "ProviderName": "$provider",
    "PublisherName": "coalesce(k.provider, $provider)",
    "RegionId": "coalesce(r.region, m.region)",
    "RegionName": "coalesce(r.region_name, m.region_name)",
    "ResourceId": "coalesce(r.id, m.id)",
    "ResourceName": "coalesce(r.name, m.name)",
    "ResourceType": "CASE WHEN r.id IS NOT NULL THEN k.resource_type ELSE m.type END",
    "ServiceCategory": "k.category",
    "ServiceName": "k.service",
    "ServiceProviderName": "coalesce(k.provider, $provider)",
    "ServiceSubcategory": "k.subcategory",
    "SkuId": f"CASE WHEN NOT ({_BOOKED}) THEN k.key END",
    "SkuMeter": f"CASE WHEN NOT ({_BOOKED}) THEN k.meter END",
    "SkuPriceDetails": f"CASE WHEN NOT ({_BOOKED}) THEN k.details END",
    "SkuPriceId": f"CASE WHEN NOT ({_BOOKED}) THEN concat(k.key, '.', lower(coalesce(c.pricing, 'Standard'))) END",
    "SubAccountId": "a.id",
    "SubAccountName": "a.name",
    "SubAccountType": "a.type",
    "Tags": "r.tags",
    "x_ChargeId": "c.line",
}
NUMBERS = {
    "BilledCost": "c.billed",
    "CommitmentDiscountQuantity": "c.committed",
    "ConsumedQuantity": f"CASE WHEN {_USED} THEN c.quantity END",
    "ContractedCost": "c.contracted",
    "ContractedUnitPrice": "c.price",
    "EffectiveCost": "c.effective",
    "ListCost": "c.list_cost",
    "ListUnitPrice": "c.list_price",
    "PricingCurrencyContractedUnitPrice": f"(c.price * {CREDITS_PER_DOLLAR})",
    "PricingCurrencyEffectiveCost": f"(c.effective * {CREDITS_PER_DOLLAR})",
    "PricingCurrencyListUnitPrice": f"(c.list_price * {CREDITS_PER_DOLLAR})",
    "PricingQuantity": "c.quantity",
}
TIMES = {
    "BillingPeriodEnd": "(c.period + INTERVAL 1 MONTH)::TIMESTAMP",
    "BillingPeriodStart": "c.period::TIMESTAMP",
    "ChargePeriodEnd": "c.ends",
    "ChargePeriodStart": "c.starts",
}
FLAGS = {"x_Synthetic": "TRUE"}

_VIRTUAL = frozenset(name for name in (*TEXTS, *NUMBERS) if name.startswith("PricingCurrency"))
_SINCE_1_3 = frozenset({"ContractApplied", "HostProviderName", "InvoiceDetailId", "ServiceProviderName"})
_UNTIL_1_2 = frozenset({"ProviderName", "PublisherName"})
_SINCE_1_1 = frozenset(
    {"BillingAccountType", "CommitmentDiscountQuantity", "CommitmentDiscountUnit", "ServiceSubcategory", "SkuMeter",
     "SkuPriceDetails", "SubAccountType"}
)  # fmt: skip
# Version 1.0 has no InvoiceId; the demo vendor adds it all the same, so that its invoices can be tied.
_ABSENT = {
    "1.4": _UNTIL_1_2 | _VIRTUAL,
    "1.2": _SINCE_1_3,
    "1.0": _SINCE_1_3 | _SINCE_1_1 | _VIRTUAL,
}
_CLOUD_ONLY = frozenset(
    {"AvailabilityZone", "ContractApplied", *(name for name in (*TEXTS, *NUMBERS) if name.startswith("Commitment"))}
)


def column_names(source: Source) -> list[str]:
    """Return the columns that `source` delivers: FOCUS columns by name, its own (x_) after them."""
    absent = _ABSENT[source.focus_version] | (frozenset() if source.is_cloud else _CLOUD_ONLY)
    return sorted({*TEXTS, *NUMBERS, *TIMES, *FLAGS} - absent, key=lambda name: (name.startswith("x_"), name))


def select(source: Source) -> str:
    """Return the query that writes the cut as `source` would: typed for Parquet, text for CSV."""
    write = _typed if source.is_cloud else _text
    columns = ",\n".join(f'{write(name)} AS "{name}"' for name in column_names(source))
    for name, fact in _facts(source).items():
        columns = columns.replace(f"${name}", fact)
    return f"""SELECT {columns}
        FROM cut c JOIN sku k ON k.key = c.sku
        LEFT JOIN resource r ON r.n = c.resource LEFT JOIN account a ON a.id = c.account
        LEFT JOIN commitment m ON m.n = c.commitment
        ORDER BY c.starts, c.line"""


def _facts(source: Source) -> dict[str, str]:
    return {
        "billing_account": f"'{source.billing_account_id}'",
        "billing_type": f"'{source.billing_account_type}'",
        "currency": f"'{source.currency}'",
        "provider": f"'{source.provider}'",
        "host": f"'{source.provider}'" if source.is_cloud else "NULL",
    }


def _typed(name: str) -> str:
    if name in NUMBERS:
        return f"({NUMBERS[name]})::DECIMAL(38, 18)"
    if name in TIMES:
        return f"({TIMES[name]})::TIMESTAMPTZ"
    return TEXTS.get(name) or FLAGS[name]


def _text(name: str) -> str:
    if name in NUMBERS:
        return f"rtrim(rtrim(({NUMBERS[name]})::DECIMAL(38, 18)::VARCHAR, '0'), '.')"
    if name in TIMES:
        return f"strftime({TIMES[name]}, '%Y-%m-%dT%H:%M:%SZ')"
    return TEXTS.get(name) or "'true'"
