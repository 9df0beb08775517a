"""What every cost of Datadog says of itself: organization, month, product. Pure."""

from __future__ import annotations

from finopsmetrics.integrations.native import NULL_TEXT, Native

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {"accountname", "accountpublicid", "cost", "currency", "date", "orgname", "productname", "publicid", "region"}
)
# Products by the beginning of their names; all others watch systems.
_SECURITY = r"^(siem|cspm|csm|cws|cloud_siem|application_(security|vulnerability)|app_sec|asm|sensitive_data|workload_protection)"
_DELIVERY = r"^(ci_|test_|code_|software_delivery)"


def keys(native: Native) -> tuple[str, ...]:
    """By what a charge of a product is told from others: account, organization, region, month, product and currency."""
    found = [native.text(name) for name in ("accountpublicid", "publicid", "region", "date", "productname", "currency")]
    return tuple(text for text in found if text != NULL_TEXT)


def common(native: Native) -> dict[str, str]:
    """The columns that the charges of a product share. A month is a calendar month in UTC."""
    month, product = native.time("date"), native.text("productname")
    columns = {
        "BillingAccountId": native.text("accountpublicid", "publicid"),
        "BillingAccountName": native.text("accountname"),
        "BillingAccountType": "'Account'",
        "SubAccountId": native.text("publicid"),
        "SubAccountName": native.text("orgname"),
        "SubAccountType": "'Organization'",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": month,
        "ChargePeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ServiceName": f"coalesce({product}, 'Datadog')",
        "ServiceCategory": f"CASE WHEN regexp_matches({product}, '{_SECURITY}') THEN 'Security' "
        f"WHEN regexp_matches({product}, '{_DELIVERY}') THEN 'Developer Tools' ELSE 'Management and Governance' END",
        "ServiceProviderName": "'Datadog'",
        "HostProviderName": "'Datadog'",
        "InvoiceIssuerName": "'Datadog'",
        "SkuId": product,
        "SkuMeter": product,
        "RegionId": native.text("region"),
    }
    # The API names no currency; a column that does may be put beside it.
    return {**columns, "BillingCurrency": native.text("currency")} if native.has("currency") else columns
