"""OCI cost reports as FOCUS charges: SQL over the delivered table `r`. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import quote
from finopsmetrics.integrations.native import Mapped, Native, Rows, object_text
from finopsmetrics.integrations.oci.services import REGIONS, SERVICES
from finopsmetrics.integrations.services import classified, looked_up

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


def facts(native: Native) -> dict[str, str]:  # noqa: ARG001
    """Nothing needs to be known beforehand."""
    return {}


def mapping(native: Native) -> Mapped:
    """The charges: one a row, billed in the calendar month of its use."""
    start, cost = native.time("lineitemintervalusagestart"), native.amount("costmycost")
    month, service = f"date_trunc('month', {start})", native.text("productservice")
    quantity, unit = native.amount("usagebilledquantity"), native.text("costskuunitdescription", "costbillingunitreadable")
    sku, region, resource = (native.text(name) for name in ("costproductsku", "productregion", "productresourceid"))
    currency = native.text("costcurrencycode")
    columns = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ContractedUnitPrice": native.amount("costunitprice"),
        "BillingAccountId": native.text("costsubscriptionid", "lineitemtenantid"),
        "BillingAccountType": "'Subscription'",
        "SubAccountId": native.text("lineitemtenantid"),
        "SubAccountType": "'Tenancy'",
        "BillingCurrency": currency,
        "PricingCurrency": currency,
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
        **classified(service, SERVICES),
        "ServiceProviderName": "'Oracle'",
        "HostProviderName": "'Oracle'",
        "InvoiceIssuerName": "'Oracle'",
        "SkuId": sku,
        "SkuMeter": f"CASE WHEN {sku} IS NOT NULL THEN {native.text('productdescription')} END",
        "ResourceId": resource,
        # An OCID names its kind: ocid1.instance.oc1.iad.…
        "ResourceType": f"CASE WHEN starts_with({resource}, 'ocid1.') THEN nullif(split_part({resource}, '.', 2), '') END",
        "RegionId": region,
        "RegionName": looked_up(region, REGIONS),
        "AvailabilityZone": native.text("productavailabilitydomain"),
        "Tags": _tags(native),
    }
    carried = CARRIED | {name for name in native.names if name.startswith("tags")}
    notes = ("Costs are what use is worth at your rates; under prepaid universal credits the invoice has the overage alone.",)
    return Mapped((Rows(columns),), notes=notes, carried=frozenset(carried))


def _tags(native: Native) -> str:
    """A column a tag, `tags/namespace.key`; the namespace stays as the scheme's prefix."""
    found = {name.removeprefix("tags/"): f"r.{quote(name)}" for name in native.names.values() if name.startswith("tags/")}
    return object_text(found)
