"""OCI cost reports as FOCUS charges: SQL over the delivered table `r`. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.native import NULL_TEXT, Mapped, Native, Rows

AMOUNTS = ("costmycost", "costunitprice", "usagebilledquantity")
# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "lineitemtenantid",
        "lineitemintervalusagestart",
        "lineitemintervalusageend",
        "productservice",
        "productregion",
        "productavailabilitydomain",
        "productresourceid",
        "productdescription",
        "costsubscriptionid",
        "costproductsku",
        "costunitprice",
        "costmycost",
        "costcurrencycode",
        "costskuunitdescription",
        "usagebilledquantity",
    }
)
CATEGORIES = {
    "COMPUTE": "Compute",
    "DATABASE": "Databases",
    "MYSQL": "Databases",
    "OBJECTSTORE": "Storage",
    "OBJECT_STORAGE": "Storage",
    "BLOCK_STORAGE": "Storage",
    "FILE_STORAGE": "Storage",
    "NETWORK": "Networking",
    "LOADBALANCER": "Networking",
    "TELEMETRY": "Management and Governance",
    "LOGGING": "Management and Governance",
    "KMS": "Security",
    "FUNCTIONS": "Compute",
    "STREAMING": "Integration",
}


def facts(native: Native) -> dict[str, str]:  # noqa: ARG001
    """Nothing needs to be known beforehand."""
    return {}


def mapping(native: Native) -> Mapped:
    """The charges: one a row, billed in the calendar month of its use."""
    start, cost = native.time("lineitemintervalusagestart"), native.amount("costmycost")
    month, service = f"date_trunc('month', {start})", native.text("productservice")
    quantity, unit = native.amount("usagebilledquantity"), native.text("costskuunitdescription", "costbillingunitreadable")
    pairs = ", ".join(f"{literal(name)}: {literal(category)}" for name, category in CATEGORIES.items())
    columns = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ContractedUnitPrice": native.amount("costunitprice"),
        "BillingAccountId": native.text("costsubscriptionid", "lineitemtenantid"),
        "BillingAccountType": "'Subscription'",
        "SubAccountId": native.text("lineitemtenantid"),
        "SubAccountType": "'Tenancy'",
        "BillingCurrency": native.text("costcurrencycode"),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": native.time("lineitemintervalusageend"),
        "ChargeCategory": "'Usage'",
        "ChargeClass": f"CASE WHEN lower({native.text('lineitemiscorrection')}) = 'true' THEN 'Correction' END",
        "ChargeFrequency": "'Usage-Based'",
        "ChargeDescription": native.text("productdescription"),
        "PricingCategory": "'Standard'",
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "ServiceName": f"coalesce({service}, 'OCI')",
        "ServiceCategory": f"coalesce(MAP {{{pairs}}}[{service}], 'Other')",
        "ServiceProviderName": "'Oracle'",
        "HostProviderName": "'Oracle'",
        "InvoiceIssuerName": "'Oracle'",
        "SkuId": native.text("costproductsku"),
        "ResourceId": native.text("productresourceid"),
        "RegionId": native.text("productregion"),
        "AvailabilityZone": native.text("productavailabilitydomain"),
        "Tags": _tags(native),
    }
    carried = CARRIED | {name for name in native.names if name.startswith("tags")}
    notes = ("Costs are what use is worth at your rates; under prepaid universal credits the invoice has the overage alone.",)
    return Mapped((Rows(columns),), notes=notes, carried=frozenset(carried))


def _tags(native: Native) -> str:
    """A column a tag, `tags/namespace.key`; the namespace stays as the scheme's prefix."""
    found = {name.removeprefix("tags/"): f"r.{quote(name)}" for name in native.names.values() if name.startswith("tags/")}
    if not found:
        return NULL_TEXT
    entries = ", ".join(f"{{k: {literal(key)}, v: nullif({sql}, '')}}" for key, sql in found.items())
    kept = f"list_filter([{entries}], lambda e: e.v IS NOT NULL)"
    return f"nullif(CAST(to_json(map_from_entries({kept})) AS VARCHAR), '{{}}')"
