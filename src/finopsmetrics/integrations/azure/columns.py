"""What every row of an Azure cost export says of itself: accounts, periods, service, resource, commitment, tags. Pure."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from finopsmetrics.integrations.native import Native
from finopsmetrics.integrations.services import categories, looked_up, subcategories

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "subscriptionid",
        "subscriptionguid",
        "subscriptionname",
        "date",
        "usagedatetime",
        "billingaccountname",
        "billingcurrency",
        "billingcurrencycode",
        "currency",
        "availabilityzone",
        "meterid",
        "resourcename",
        "tags",
        "invoiceid",
        "productname",
    }
)
# Service families that FOCUS calls otherwise; the others have FOCUS's own names.
FAMILIES = {
    "ai + machine learning": "AI and Machine Learning",
    "containers": "Compute",
    "data": "Databases",
    "identity": "Identity",
}
# Resource providers, by FOCUS category and subcategory.
PROVIDERS = {
    "AI and Machine Learning": {"AI Platforms": "microsoft.cognitiveservices|microsoft.machinelearningservices"},
    "Analytics": {
        "Analytics Platforms": "microsoft.databricks|microsoft.synapse",
        "Data Processing": "microsoft.datafactory",
    },
    "Compute": {"Virtual Machines": "microsoft.compute", "Containers": "microsoft.containerservice"},
    "Databases": {
        "Relational Databases": "microsoft.sql|microsoft.dbforpostgresql|microsoft.dbformysql",
        "NoSQL Databases": "microsoft.documentdb",
        "Caching": "microsoft.cache",
    },
    "Integration": {"Messaging": "microsoft.eventhub|microsoft.servicebus"},
    "Management and Governance": {"Observability": "microsoft.insights|microsoft.operationalinsights"},
    "Networking": {"Network Infrastructure": "microsoft.network", "Content Delivery": "microsoft.cdn"},
    "Security": {
        "Secret Management": "microsoft.keyvault",
        "Security Posture Management": "microsoft.security",
    },
    "Storage": {"Storage Platforms": "microsoft.storage", "Backup Storage": "microsoft.recoveryservices"},
    "Web": {"Application Platforms": "microsoft.web"},
}
OWN = ("Compute", "Storage", "Networking", "Databases", "Analytics", "Security", "Integration", "Web", "Media", "Developer Tools")


def common(native: Native, formats: tuple[str, ...]) -> dict[str, str]:
    """The columns that do not depend on the kind of charge. `formats` are the strptime formats of dates."""
    mca = native.has("pricingcurrency")
    day = native.time("date" if native.has("date") else "usagedatetime", *formats)
    start, end = (native.time(f"billingperiod{side}date", *formats) for side in ("start", "end"))
    account = native.text("billingprofileid", "billingaccountid") if mca else native.text("billingaccountid")
    kind = "'Billing Profile'" if mca else "'Billing Account'"
    sku, (resource, resource_type) = native.text("productid", "partnumber"), _resource(native)
    seller = f"CASE WHEN lower({native.text('publishertype')}) = 'marketplace' THEN {native.text('publishername')} END"
    place = native.text("resourcelocation", "location")
    return {
        "BillingAccountId": account,
        "BillingAccountName": native.text("billingprofilename", "billingaccountname")
        if mca
        else native.text("billingaccountname"),
        "BillingAccountType": f"CASE WHEN {account} IS NOT NULL THEN {kind} END",
        "SubAccountId": native.text("subscriptionid", "subscriptionguid"),
        "SubAccountName": native.text("subscriptionname"),
        "SubAccountType": "'Subscription'",
        # Exports without periods are billed by the calendar month.
        "BillingPeriodStart": f"coalesce({start}, date_trunc('month', {day}))",
        "BillingPeriodEnd": f"coalesce({end} + INTERVAL 1 DAY, date_trunc('month', {day}) + INTERVAL 1 MONTH)",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": f"{day} + INTERVAL 1 DAY",
        **_currency(native),
        "InvoiceId": native.text("invoiceid"),
        "InvoiceIssuerName": f"coalesce({native.text('partnername')}, 'Microsoft')",
        "ServiceProviderName": f"coalesce({seller}, 'Microsoft')",
        "HostProviderName": "'Microsoft'",
        "ChargeDescription": native.text("productname", "product", "metername"),
        "ServiceName": f"coalesce({native.text('metercategory', 'servicename', 'consumedservice')}, 'Azure')",
        **_service(native),
        "SkuId": sku,
        "SkuMeter": f"CASE WHEN {sku} IS NOT NULL THEN {native.text('metername')} END",
        "x_SkuMeterId": native.text("meterid"),
        "ResourceId": resource,
        "ResourceType": resource_type,
        "ResourceName": native.text("resourcename"),
        "RegionId": f"coalesce({looked_up(f'lower({place})', _regions(0))}, lower(replace({place}, ' ', '')))",
        "RegionName": f"coalesce({looked_up(f'lower({place})', _regions(1))}, {place})",
        "AvailabilityZone": native.text("availabilityzone"),
        **_commitment(native),
        # Two quotes alone are an empty text of JSON.
        "Tags": f"""nullif({native.text("tags")}, '""')""",
    }


def _resource(native: Native) -> tuple[str, str]:
    """The id of a resource, and its kind: an id ends with a provider, a kind and a name; of things within things none is read."""
    given = native.text("resourcetype")
    native.texts["c:resource"] = f"lower({native.text('resourceid', 'instanceid')})"
    resource, tail = 'r."c:resource"', 'r."c:tail"'
    native.steps["c:tail"] = f"split_part({resource}, '/providers/', 2)"
    one_of = f"split_part({tail}, '/', 3) <> '' AND split_part({tail}, '/', 4) = ''"
    kind = f"CASE WHEN {one_of} THEN split_part({tail}, '/', 1) || '/' || split_part({tail}, '/', 2) END"
    named = f"coalesce(lower({given}), {kind})" if native.has("resourcetype") else kind
    return resource, f"CASE WHEN {resource} IS NOT NULL THEN {named} END"


def _currency(native: Native) -> dict[str, str]:
    names = ("billingcurrencycode", "billingcurrency", "currency", "currencycode")
    return {"BillingCurrency": native.text(*names)} if any(native.has(name) for name in names) else {}


def _commitment(native: Native) -> dict[str, str]:
    benefit = f"lower({native.text('benefitid', 'reservationid')})"
    model = f"lower({native.text('pricingmodel')})"
    charge = f"lower({native.text('chargetype')})"
    plan = f"(contains({benefit}, '/microsoft.billingbenefits/') OR {model} = 'savingsplan' OR {charge} = 'unusedsavingsplan')"
    return {
        "CommitmentDiscountId": benefit,
        "CommitmentDiscountName": native.text("benefitname", "reservationname"),
        "CommitmentDiscountCategory": f"CASE WHEN {benefit} IS NULL THEN NULL WHEN {plan} THEN 'Spend' ELSE 'Usage' END",
        "CommitmentDiscountType": f"CASE WHEN {benefit} IS NULL THEN NULL WHEN {plan} THEN 'Savings Plan' ELSE 'Reservation' END",
    }


def _service(native: Native) -> dict[str, str]:
    """The family that the export names decides the category; the resource provider does where there is none."""
    provider = f"lower({native.text('consumedservice')})"
    families = {**FAMILIES, **{name.lower(): name for name in OWN}}
    by_family = looked_up(f"lower({native.text('servicefamily')})", families)
    by_provider = looked_up(provider, categories(PROVIDERS))
    category = f"coalesce({by_family}, {by_provider}, 'Other')"
    own = f"CASE WHEN {by_provider} = {category} THEN {looked_up(provider, subcategories(PROVIDERS))} END"
    return {"ServiceCategory": category, "ServiceSubcategory": f"coalesce({own}, 'Other (' || {category} || ')')"}


@cache
def _regions(part: int) -> dict[str, str]:
    """What a place is called in an export, to its id (0) or its name (1)."""
    text = (files("finopsmetrics.integrations.azure") / "regions.csv").read_text(encoding="utf-8-sig")
    rows = csv.DictReader(text.splitlines())
    return {row["OriginalValue"].lower(): (row["RegionId"], row["RegionName"])[part] for row in rows}
