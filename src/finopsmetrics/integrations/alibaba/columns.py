"""What every row of an Alibaba Cloud bill says of itself: account, service, instance, place, tags. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.native import NULL_TEXT, Native

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {"billingcycle", "currency", "pretaxamount", "pretaxgrossamount", "accountid", "accountname", "ownerid", "recordid"}
    | {"instanceid", "nickname", "region", "zone", "billingitem", "usage", "usageunit", "billingdate"}
)
_CATEGORIES = {
    "AI and Machine Learning": "learn|pai|nlp|bailian|dashscope",
    "Analytics": "odps|emr|dataworks|hologram|sls-analytics",
    "Compute": "ecs|fc|eci|swas|ehpc|cs|ask|sae|gws",
    "Databases": "rds|polardb|redisa|kvstore|dds|hbase|drds|gpdb|ots|oceanbase|ads",
    "Developer Tools": "acr|devops|codepipeline",
    "Integration": "ons|alikafka|mns|eventbridge|apigateway|amqp",
    "Management and Governance": "sls|cms|arms|actiontrail|oos|support",
    "Media": "live|vod|mts",
    "Networking": "slb|alb|nlb|eip|cbn|nat|nat_gw|vpn|cdn|dcdn|cbwp|alidns|dns|ga|pvtz|expressconnect|flowbag",
    "Security": "waf|ddos|ddoscoo|sas|kms|cas|yundun|bastionhost|cloudfirewall",
    "Storage": "oss|nas|ebs|yundisk|snapshot|hbr|ossbag|dbs",
}
CATEGORIES = {code: category for category, codes in _CATEGORIES.items() for code in codes.split("|")}
# `key:a value:b` of the API, else `a:b` of the files in OSS.
_LONG, _SHORT = "^key:(.*?) value:(.*)$", "^([^:]+):(.*)$"


def identity(native: Native) -> dict[str, str]:
    """The columns that do not depend on amounts and times."""
    code, region = f"lower({native.text('productcode')})", native.text("region")
    pairs = ", ".join(f"{literal(name)}: {literal(category)}" for name, category in CATEGORIES.items())
    owner = native.text("ownerid")
    instance = native.text("instanceid")
    return {
        "BillingAccountId": native.text("accountid", "billaccountid"),
        "BillingAccountName": native.text("accountname", "billaccountname"),
        "BillingAccountType": "'Account'",
        "SubAccountId": owner,
        "SubAccountName": native.text("owneraccountname", "ownername"),
        "SubAccountType": f"CASE WHEN {owner} IS NOT NULL THEN 'Account' END",
        "BillingCurrency": native.text("currency"),
        "InvoiceDetailId": native.text("recordid"),
        "ChargeDescription": native.text("productdetail", "productname"),
        "ServiceName": native.text("productname", "productdetail", "productcode"),
        "ServiceCategory": f"coalesce(MAP {{{pairs}}}[{code}], 'Other')",
        **dict.fromkeys(("ServiceProviderName", "HostProviderName", "InvoiceIssuerName"), "'Alibaba Cloud'"),
        "SkuId": native.text("commoditycode", "producttype"),
        "SkuMeter": native.text("billingitem"),
        "ResourceId": instance,
        "ResourceName": f"CASE WHEN {instance} IS NOT NULL THEN {native.text('nickname')} END",
        "ResourceType": f"CASE WHEN {instance} IS NOT NULL THEN {native.text('productdetail', 'productname')} END",
        "RegionId": f"CASE WHEN regexp_full_match({region}, '[a-z]{{2}}-[a-z0-9-]+') THEN {region} END",
        "RegionName": region,
        "AvailabilityZone": native.text("zone"),
    }


def tags(native: Native) -> str:
    """Tags, parted by semicolons; a key without a value is true, and one that comes twice is taken once.

    What is not of that form is no tag. The text stays beside them, for a value may hold a semicolon.
    """
    if not native.has("tag"):
        return NULL_TEXT
    parts = f"list_transform(string_split(coalesce({native.text('tag')}, ''), ';'), lambda t: trim(t))"
    pair = (
        f"CASE WHEN regexp_matches(t, '{_LONG}') THEN [regexp_extract(t, '{_LONG}', 1), regexp_extract(t, '{_LONG}', 2)] "
        f"WHEN regexp_matches(t, '{_SHORT}') THEN [regexp_extract(t, '{_SHORT}', 1), regexp_extract(t, '{_SHORT}', 2)] END"
    )
    native.steps["l:tag"] = f"list_filter(list_transform({parts}, lambda t: {pair}), lambda p: p IS NOT NULL)"
    step = f"r.{quote('l:tag')}"
    once = f"list_filter({step}, lambda p, i: list_position(list_transform({step}, lambda q: q[1]), p[1]) = i)"
    entry = "{k: p[1], v: CASE WHEN p[2] = '' THEN CAST('true' AS JSON) ELSE to_json(p[2]) END}"
    made = f"map_from_entries(list_transform({once}, lambda p: {entry}))"
    return f"CASE WHEN len({step}) > 0 THEN CAST(to_json({made}) AS VARCHAR) END"
