"""What every row of an Azure cost export says of itself: accounts, periods, service, resource, commitment, tags. Pure."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import Native

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
PROVIDERS = {
    "microsoft.compute": "Compute",
    "microsoft.containerservice": "Compute",
    "microsoft.web": "Web",
    "microsoft.storage": "Storage",
    "microsoft.network": "Networking",
    "microsoft.cdn": "Networking",
    "microsoft.sql": "Databases",
    "microsoft.documentdb": "Databases",
    "microsoft.dbforpostgresql": "Databases",
    "microsoft.dbformysql": "Databases",
    "microsoft.cache": "Databases",
    "microsoft.cognitiveservices": "AI and Machine Learning",
    "microsoft.machinelearningservices": "AI and Machine Learning",
    "microsoft.databricks": "Analytics",
    "microsoft.synapse": "Analytics",
    "microsoft.datafactory": "Analytics",
    "microsoft.eventhub": "Integration",
    "microsoft.servicebus": "Integration",
    "microsoft.keyvault": "Security",
    "microsoft.security": "Security",
    "microsoft.insights": "Management and Governance",
    "microsoft.operationalinsights": "Management and Governance",
    "microsoft.recoveryservices": "Storage",
}
OWN = ("Compute", "Storage", "Networking", "Databases", "Analytics", "Security", "Integration", "Web", "Media", "Developer Tools")


def common(native: Native, formats: tuple[str, ...]) -> dict[str, str]:
    """The columns that do not depend on the kind of charge. `formats` are the strptime formats of dates."""
    mca = native.has("pricingcurrency")
    day = native.time("date" if native.has("date") else "usagedatetime", *formats)
    start, end = (native.time(f"billingperiod{side}date", *formats) for side in ("start", "end"))
    account = native.text("billingprofileid", "billingaccountid") if mca else native.text("billingaccountid")
    seller = f"CASE WHEN lower({native.text('publishertype')}) = 'marketplace' THEN {native.text('publishername')} END"
    place = native.text("resourcelocation", "location")
    return {
        "BillingAccountId": account,
        "BillingAccountName": native.text("billingprofilename", "billingaccountname")
        if mca
        else native.text("billingaccountname"),
        "BillingAccountType": "'Billing Profile'" if mca else "'Billing Account'",
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
        "ServiceCategory": _category(native),
        "SkuId": native.text("productid", "partnumber"),
        "SkuMeter": native.text("metername"),
        "x_SkuMeterId": native.text("meterid"),
        "PricingUnit": native.text("unitofmeasure"),
        "ResourceId": f"lower({native.text('resourceid', 'instanceid')})",
        "ResourceName": native.text("resourcename"),
        "RegionId": f"coalesce({_map(_regions(), 'id')}[lower({place})], lower(replace({place}, ' ', '')))",
        "RegionName": f"coalesce({_map(_regions(), 'name')}[lower({place})], {place})",
        "AvailabilityZone": native.text("availabilityzone"),
        **_commitment(native),
        "Tags": native.text("tags"),
    }


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


def _category(native: Native) -> str:
    families = {**FAMILIES, **{name.lower(): name for name in OWN}}
    provider = f"{_map(PROVIDERS)}[lower({native.text('consumedservice')})]"
    return f"coalesce({_map(families)}[lower({native.text('servicefamily')})], {provider}, 'Other')"


@cache
def _regions() -> dict[str, tuple[str, str]]:
    text = (files("finopsmetrics.integrations.azure") / "regions.csv").read_text(encoding="utf-8-sig")
    return {row["OriginalValue"].lower(): (row["RegionId"], row["RegionName"]) for row in csv.DictReader(text.splitlines())}


def _map(pairs: dict[str, str] | dict[str, tuple[str, str]], part: str = "") -> str:
    chosen = {key: value if isinstance(value, str) else value[part == "name"] for key, value in pairs.items()}
    return "MAP {" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in chosen.items()) + "}"
