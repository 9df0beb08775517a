"""What every usage record of Databricks says of itself: account, workspace, period, product, resource. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import NULL_TEXT, Native
from finopsmetrics.integrations.records import field

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "accountid",
        "workspaceid",
        "workspacename",
        "skuname",
        "usagestarttime",
        "usageendtime",
        "usagedate",
        "usageunit",
        "usagequantity",
        "usagetype",
        "billingoriginproduct",
        "listprice",
        "accountprice",
        "currencycode",
        "region",
    }
)
_CATEGORIES = {
    "AI and Machine Learning": "MODEL_SERVING|VECTOR_SEARCH|FOUNDATION_MODEL_TRAINING|AGENT_EVALUATION|AGENT_BRICKS|AI_GATEWAY|"
    "AI_RUNTIME|AI_FUNCTIONS|GENIE",
    "Analytics": "JOBS|DLT|ALL_PURPOSE|INTERACTIVE|SQL|LAKEHOUSE_MONITORING|DATA_QUALITY_MONITORING|PREDICTIVE_OPTIMIZATION|"
    "CLEAN_ROOM|DATA_SHARING|FINE_GRAINED_ACCESS_CONTROL",
    "Compute": "APPS|SHARED_SERVERLESS_COMPUTE|BASE_ENVIRONMENTS",
    "Databases": "DATABASE|LAKEBASE|ONLINE_TABLES",
    "Integration": "LAKEFLOW_CONNECT",
    "Networking": "NETWORKING",
    "Security": "DATA_CLASSIFICATION",
    "Storage": "DEFAULT_STORAGE",
}
CATEGORIES = {product: category for category, products in _CATEGORIES.items() for product in products.split("|")}
HOSTS = {"AWS": "AWS", "AZURE": "Microsoft", "GCP": "Google Cloud"}
# A record names all that took part; the first of these that it names is what the usage is of.
RESOURCES = (
    ("SQL warehouse", "warehouse_id", NULL_TEXT),
    ("Serving endpoint", "endpoint_id", "endpoint_name"),
    ("Serving endpoint", "endpoint_name", "endpoint_name"),
    ("Pipeline", "dlt_pipeline_id", NULL_TEXT),
    ("App", "app_id", "app_name"),
    ("Database instance", "database_instance_id", NULL_TEXT),
    ("Job", "job_id", "job_name"),
    ("Cluster", "cluster_id", NULL_TEXT),
    ("Instance pool", "instance_pool_id", NULL_TEXT),
    ("Notebook", "notebook_id", "notebook_path"),
)


def common(native: Native) -> dict[str, str]:
    """The columns beside costs and quantities. A record is billed in the calendar month in which its use began."""
    start = native.time("usagestarttime")
    month, service = f"date_trunc('month', {start})", native.text("billingoriginproduct")
    cloud, sku = f"upper({native.text('cloud')})", native.text("skuname")
    return {
        "BillingAccountId": native.text("accountid"),
        "BillingAccountType": "'Account'",
        "SubAccountId": native.text("workspaceid"),
        "SubAccountName": native.text("workspacename"),
        "SubAccountType": f"CASE WHEN {native.text('workspaceid')} IS NOT NULL THEN 'Workspace' END",
        "BillingCurrency": native.text("currencycode"),
        "PricingCurrency": native.text("currencycode"),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": native.time("usageendtime"),
        "ChargeCategory": "'Usage'",
        "ChargeClass": _class(native, month),
        "ChargeFrequency": "'Usage-Based'",
        "ChargeDescription": sku,
        "PricingCategory": "'Standard'",
        "ServiceName": f"coalesce({service}, 'Databricks')",
        "ServiceCategory": f"coalesce(MAP {_pairs(CATEGORIES)}[{service}], 'Other')",
        "ServiceProviderName": "'Databricks'",
        "HostProviderName": f"MAP {_pairs(HOSTS)}[{cloud}]",
        # Azure Databricks is a service of Microsoft's, on Microsoft's invoice.
        "InvoiceIssuerName": f"CASE WHEN {cloud} = 'AZURE' THEN 'Microsoft' ELSE 'Databricks' END",
        "SkuId": sku,
        "SkuMeter": native.text("usagetype"),
        "RegionId": native.text("region"),
        **_resource(native),
    }


def _class(native: Native, month: str) -> str:
    """A retraction or restatement that came in after the month of the use corrects a month that was billed."""
    later = f"date_trunc('month', {native.time('ingestiondate')}) > {month}"
    return f"CASE WHEN upper({native.text('recordtype')}) IN ('RETRACTION', 'RESTATEMENT') AND {later} THEN 'Correction' END"


def _resource(native: Native) -> dict[str, str]:
    ids, names, kinds = [], [], []
    for kind, key, name in RESOURCES:
        found = field(native, "usage_metadata", key)
        if found != NULL_TEXT:
            ids.append(found)
            kinds.append(f"WHEN {found} IS NOT NULL THEN {literal(kind)}")
            text = NULL_TEXT if name == NULL_TEXT else field(native, "usage_metadata", name)
            names.append(f"WHEN {found} IS NOT NULL THEN {text}")
    if not ids:
        return {}
    return {
        "ResourceId": f"coalesce({', '.join([*ids, NULL_TEXT])})",
        "ResourceName": f"CASE {' '.join(names)} END",
        "ResourceType": f"CASE {' '.join(kinds)} END",
    }


def _pairs(words: dict[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in words.items()) + "}"
