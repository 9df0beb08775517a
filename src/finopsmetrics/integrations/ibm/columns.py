"""What every row of IBM Cloud's usage says of itself: account, group, service, instance, tags. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.native import NULL_TEXT, Native

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {"accountid", "accountownerid", "accountname", "month", "billingmonth", "currencycode", "currency", "resourcegroupid"}
    | {"resourcegroupname", "resourceinstanceid", "instanceid", "resourceinstancename", "instancename", "region", "planid"}
    | {"usagequantity", "quantity", "usageunit", "unit", "usagerateablequantity", "rateablequantity"}
)
# Services by the words of their names, the first that fits: IBM's ids of services are no words.
CATEGORIES = {
    "Databases": "database|db2|cloudant",
    "Storage": "object storage|block storage|file storage|backup|storage volume",
    "Compute": "virtual server|kubernetes|openshift|code engine|bare metal|functions|satellite",
    "Security": "key protect|crypto|secrets manager|security|app id|certificate",
    "Networking": "load balancer|direct link|transit gateway|vpn|internet services|dns|floating ip|public gateway|bandwidth",
    "AI and Machine Learning": "watson|machine learning|speech|natural language",
    "Integration": "event streams|app connect|api connect|\\bmq\\b|event notifications",
    "Management and Governance": "cloud logs|log analysis|monitoring|activity tracker|schematics",
    "Developer Tools": "continuous delivery|container registry|toolchain",
}
# In the CSV the columns of tags follow this one, each named by its key; these stand beside the report and are none.
OTHER_TAGS = "othertags"
NO_TAGS = frozenset(
    {"accountownerid", "accountid", "accountname", "billingmonth", "month", "currencyrate", "createdtime", "version"}
)


def identity(native: Native) -> dict[str, str]:
    """The columns that do not depend on amounts and months."""
    service = native.text("resourcename", "servicename", "resourceid", "serviceid")
    group, metric = native.text("resourcegroupid"), native.text("usagemetricname", "metricname", "usagemetric", "metric")
    words = " ".join(
        f"WHEN regexp_matches(lower({service}), {literal(pattern)}) THEN {literal(category)}"
        for category, pattern in CATEGORIES.items()
    )
    plan = native.text("planname", "planid")
    return {
        "BillingAccountId": native.text("accountid", "accountownerid"),
        "BillingAccountName": native.text("accountname"),
        "BillingAccountType": "'Account'",
        "SubAccountId": group,
        "SubAccountName": native.text("resourcegroupname"),
        "SubAccountType": f"CASE WHEN {group} IS NOT NULL THEN 'Resource Group' END",
        "BillingCurrency": native.text("currencycode", "currency"),
        "ChargeDescription": f"concat_ws(', ', {service}, {plan}, {metric})",
        "ServiceName": service,
        "ServiceCategory": f"CASE {words} ELSE 'Other' END",
        **dict.fromkeys(("ServiceProviderName", "HostProviderName", "InvoiceIssuerName"), "'IBM Cloud'"),
        "SkuId": native.text("planid"),
        "SkuMeter": metric,
        "ResourceId": native.text("resourceinstanceid", "instanceid"),
        "ResourceName": native.text("resourceinstancename", "instancename"),
        "ResourceType": service,
        "RegionId": native.text("region"),
    }


def tags(native: Native) -> str:
    """Tags of the API, lists of `key:value`; or of the CSV, a column a key. A key without a value is true."""
    lists = [_listed(native, name, prefix) for name, prefix in (("tags", ""), ("servicetags", "service_tag::"))]
    entries = [entry for entry in lists if entry] or ([_columns(native)] if native.has(OTHER_TAGS) else [])
    if not entries:
        return NULL_TEXT
    every = f"list_concat({', '.join(entries)})" if len(entries) > 1 else entries[0]
    once = f"list_filter({every}, lambda e, i: list_position(list_transform({every}, lambda o: o.k), e.k) = i)"
    return f"nullif(CAST(to_json(map_from_entries({once})) AS VARCHAR), '{{}}')"


def _listed(native: Native, column: str, prefix: str) -> str:
    if native.kind(column) != "VARCHAR[]":
        return ""
    parted = "CASE WHEN contains(t, ':') THEN to_json(regexp_extract(t, '^[^:]*:(.*)$', 1)) ELSE CAST('true' AS JSON) END"
    last = "CASE WHEN contains(t, ':') THEN to_json(regexp_extract(t, '^.*:([^:]*)$', 1)) ELSE CAST('true' AS JSON) END"
    # A service's tag has colons in its key: `project::config_id:123`.
    key, value = ("regexp_extract(t, '^(.*):[^:]*$', 1)", last) if prefix else ("split_part(t, ':', 1)", parted)
    whole = f"{{k: {literal(prefix)} || CASE WHEN contains(t, ':') THEN {key} ELSE t END, v: {value}}}"
    native.steps[f"l:{column}"] = f"coalesce(list_transform({native.raw(column)}, lambda t: {whole}), [])"
    return f"r.{quote(f'l:{column}')}"


def _columns(native: Native) -> str:
    names = list(native.names)
    after = [name for name in names[names.index(OTHER_TAGS) + 1 :] if name not in NO_TAGS]
    pairs = ", ".join(f"{{k: {literal(native.names[name])}, v: to_json({native.text(name)})}}" for name in after)
    # Without a column of tags the list is empty, and of no type.
    made = f"[{pairs}]" if pairs else "CAST([] AS STRUCT(k VARCHAR, v JSON)[])"
    native.steps["l:columns"] = f"list_filter({made}, lambda e: e.v IS NOT NULL)"
    return f"r.{quote('l:columns')}"
