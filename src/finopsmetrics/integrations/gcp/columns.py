"""What every row of a Google Cloud billing export says of itself: project, service, resource, times, labels. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.gcp.services import SERVICES
from finopsmetrics.integrations.native import NULL_TEXT, Native
from finopsmetrics.integrations.services import classified

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "billingaccountid",
        "projectid",
        "projectname",
        "servicedescription",
        "skuid",
        "usagestarttime",
        "usageendtime",
        "currency",
        "locationregion",
        "locationzone",
        "resourceglobalname",
        "resourcename",
        "labels",
        "invoicemonth",
        "usageamount",
        "usageunit",
        "usageamountinpricingunits",
        "usagepricingunit",
    }
)
# Keys of the customer's own labels stand bare; the three other schemes get a prefix, as FOCUS asks.
SCHEMES = (("labels", ""), ("systemlabels", "gcp-system/"), ("projectlabels", "gcp-project/"), ("tags", "gcp-tag/"))


def common(native: Native) -> dict[str, str]:
    """The columns that do not depend on the kind of charge."""
    seller = f"CASE WHEN {native.text('transactiontype')} <> 'GOOGLE' THEN {native.text('sellername')} END"
    service = native.text("servicedescription")
    full, sku = native.text("resourceglobalname"), native.text("skuid")
    price = f"{native.text('skuid')} || '/' || {native.text('pricetierstartamount')}"
    return {
        "BillingAccountId": native.text("billingaccountid"),
        "BillingAccountType": "'Billing Account'",
        "SubAccountId": native.text("projectid"),
        "SubAccountName": native.text("projectname"),
        "SubAccountType": f"CASE WHEN {native.text('projectid')} IS NOT NULL THEN 'Project' END",
        "ChargePeriodStart": native.time("usagestarttime"),
        "ChargePeriodEnd": native.time("usageendtime"),
        "BillingCurrency": native.text("currency"),
        "InvoiceIssuerName": "'Google Cloud'",
        "ServiceProviderName": f"coalesce({seller}, 'Google Cloud')",
        "HostProviderName": "'Google Cloud'",
        "ChargeDescription": native.text("skudescription"),
        "ServiceName": f"coalesce({service}, 'Google Cloud')",
        **classified(service, SERVICES),
        "SkuId": sku,
        "SkuPriceId": price,
        "SkuMeter": f"CASE WHEN {sku} IS NOT NULL THEN {native.text('skudescription')} END",
        "ResourceId": native.text("resourceglobalname", "resourcename"),
        "ResourceName": native.text("resourcename"),
        # A full name ends with the kind of the resource in the plural, and its own name.
        "ResourceType": f"nullif(regexp_extract({full}, '/([^/]+)/[^/]+$', 1), '')",
        "RegionId": native.text("locationregion"),
        "RegionName": native.text("locationregion"),
        "AvailabilityZone": native.text("locationzone"),
        "Tags": _tags(native),
    }


def _tags(native: Native) -> str:
    lists = [_entries(native, column, prefix) for column, prefix in SCHEMES if native.has(column)]
    if not lists:
        return NULL_TEXT
    every = f"list_concat({', '.join(lists)})" if len(lists) > 1 else lists[0]
    return f"nullif(CAST(to_json(map_from_entries({every})) AS VARCHAR), '{{}}')"


def _entries(native: Native, column: str, prefix: str) -> str:
    """The pairs of one scheme of labels, given as a list or as its JSON text; a key that comes twice is taken once."""
    raw = native.raw(column)
    source = raw
    namespaced = column == "tags"
    if native.kind(column) == "VARCHAR":
        shape = literal('[{"key":"VARCHAR","value":"VARCHAR","namespace":"VARCHAR"}]')
        mended = f"replace({raw}, '''', '\"')"
        text = f"CASE WHEN json_valid({raw}) THEN {raw} WHEN json_valid({mended}) THEN {mended} END"
        source = f"from_json(nullif({text}, '[]'), {shape})"
    elif namespaced and "NAMESPACE" not in native.kind(column):
        namespaced = False
    key = "coalesce(e.namespace || '/', '') || e.key" if namespaced else "e.key"
    step = f"l:{column}"
    native.steps[step] = f"list_transform({source}, lambda e: {{k: {literal(prefix)} || {key}, v: CAST(e.value AS VARCHAR)}})"
    keys = f'list_transform(r."{step}", lambda e: e.k)'
    once = f'list_filter(r."{step}", lambda e, i: list_position({keys}, e.k) = i)'
    return f"coalesce({once}, [])"
