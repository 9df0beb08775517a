"""What every row of a Google Cloud billing export says of itself: project, service, resource, times, labels. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.gcp.services import SERVICES
from finopsmetrics.integrations.native import NULL_TEXT, Native, braced
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
        "ResourceType": resource_type(full),
        "RegionId": native.text("locationregion"),
        "RegionName": native.text("locationregion"),
        "AvailabilityZone": native.text("locationzone"),
        "Tags": _tags(native),
    }


def resource_type(full: str) -> str:
    """The kind of a resource: its full name ends with the kind in the plural, and its own name."""
    return f"CASE WHEN starts_with({full}, '//') THEN nullif(split_part({full}, '/', -2), '') END"


def _tags(native: Native) -> str:
    members = [_members(native, column, prefix) for column, prefix in SCHEMES if native.has(column)]
    return braced(members) if members else NULL_TEXT


def _members(native: Native, column: str, prefix: str) -> str:
    """One scheme of labels, a list or its JSON text, as members of an object; a key that comes twice is taken once."""
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
    step, keys = f'r."l:{column}"', f'r."k:{column}"'
    native.texts[f"l:{column}"] = (
        f"list_transform({source}, lambda e: {{k: {literal(prefix)} || {key}, v: CAST(e.value AS VARCHAR)}})"
    )
    native.steps[f"k:{column}"] = f"list_transform({step}, lambda e: e.k)"
    once = f"list_filter({step}, lambda e, i: list_position({keys}, e.k) = i)"
    # Within CASE lists are looked through only where a key comes twice.
    listed = f"CASE WHEN list_unique({keys}) = len({keys}) THEN {step} ELSE {once} END"
    member = "CAST(to_json(e.k) AS VARCHAR) || ':' || coalesce(CAST(to_json(e.v) AS VARCHAR), 'null')"
    return f"nullif(array_to_string(list_transform({listed}, lambda e: {member}), ','), '')"
