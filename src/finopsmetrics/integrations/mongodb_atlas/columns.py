"""What a line item of MongoDB Atlas says of its invoice, project, cluster and service. Pure."""

from __future__ import annotations

from finopsmetrics.integrations.native import NULL_TEXT, Native

# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {
        "clustername",
        "sku",
        "startdate",
        "enddate",
        "totalpricecents",
        "unitpricedollars",
        "quantity",
        "unit",
        "groupid",
        "groupname",
        "invoiceorgid",
        "invoicestartdate",
        "invoiceenddate",
        "invoicesalestaxcents",
    }
)
HOSTS = {"AWS": "AWS", "AZURE": "Microsoft", "GCP": "Google Cloud"}


def invoice(native: Native) -> dict[str, str]:
    """The columns that the charges of an invoice share. While it is pending it is no invoice, and has no number."""
    pending = f"upper(coalesce({native.text('invoicestatusname')}, '')) = 'PENDING'"
    return {
        "BillingAccountId": native.text("invoiceorgid"),
        "BillingAccountType": "'Organization'",
        "BillingCurrency": "'USD'",
        "BillingPeriodStart": native.time("invoicestartdate"),
        "BillingPeriodEnd": native.time("invoiceenddate"),
        "InvoiceId": f"CASE WHEN NOT {pending} THEN {native.text('invoiceid')} END",
        "InvoiceIssuerName": "'MongoDB'",
        "ServiceProviderName": "'MongoDB'",
    }


def common(native: Native) -> dict[str, str]:
    """The columns of a line item beside its amounts. One that names no time of its own is of its invoice's."""
    project, cluster, sku = native.text("groupid"), native.text("clustername"), native.text("sku")
    tier = native.text("tierlowerbound")
    hosts = " ".join(f"WHEN contains(upper({sku}), '_{word}_') THEN '{name}'" for word, name in HOSTS.items())
    return {
        "SubAccountId": project,
        "SubAccountName": native.text("groupname"),
        "SubAccountType": f"CASE WHEN {project} IS NOT NULL THEN 'Project' END",
        "ChargePeriodStart": f"coalesce({native.time('startdate')}, {native.time('invoicestartdate')})",
        "ChargePeriodEnd": f"coalesce({native.time('enddate')}, {native.time('invoiceenddate')})",
        "ChargeDescription": native.text("note", "sku"),
        "ServiceName": "'MongoDB Atlas'",
        "ServiceCategory": "'Databases'",
        "HostProviderName": f"CASE {hosts} END",
        "SkuId": sku,
        "SkuMeter": sku,
        "SkuPriceId": NULL_TEXT if tier == NULL_TEXT else f"{sku} || '/' || {tier}",
        # A cluster has no id in the invoice; this is its path in the Admin API.
        "ResourceId": f"'groups/' || {project} || '/clusters/' || {cluster}",
        "ResourceName": cluster,
        "ResourceType": f"CASE WHEN {cluster} IS NOT NULL THEN 'Cluster' END",
    }
