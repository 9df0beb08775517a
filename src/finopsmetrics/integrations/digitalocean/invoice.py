"""DigitalOcean invoices, the CSV and the items of the API, as FOCUS charges: SQL over the delivered table `r`. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import Mapped, Native, Rows, Told

AMOUNTS = ("usd", "amount", "hours", "duration")
# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {"product", "description", "usd", "amount", "hours", "duration", "durationunit", "projectname"}
    | {"start", "starttime", "resourceuuid", "invoiceuuid"}
)
QUANTITIES = ("Pricing", "Consumed")
MONTHS = "The CSV names no invoice: each charge is billed in the calendar month in which it starts."
# The CSV writes the zone apart, which is no ISO 8601.
CSV_TIME = "%Y-%m-%d %H:%M:%S +0000"
CATEGORIES = {
    "Compute": "droplets|gpu droplets|kubernetes clusters|app platform|functions|droplet autoscale pools",
    "Databases": "database clusters|databases|managed databases",
    "Storage": "volumes|snapshots|backups|droplet backups|spaces|spaces subscription|network file storage",
    "Networking": "load balancers|floating ips|reserved ips|bandwidth|vpc nat gateways|partner network connect",
    "AI and Machine Learning": "genai platform|gradient ai platform|gradientai platform",
    "Developer Tools": "container registry",
    "Management and Governance": "uptime|monitoring|support plans",
}
SERVICES = {service: category for category, services in CATEGORIES.items() for service in services.split("|")}


def facts(native: Native) -> dict[str, str]:
    """How many items are credits, discounts and adjustments."""
    kind = f"lower({native.text('product')} || ' ' || coalesce({native.text('category')}, ''))"
    return {"lowered": f"count(*) FILTER (WHERE regexp_matches({kind}, 'credit|discount|adjustment'))"}


def mapping(native: Native) -> Mapped:
    """The charges: one an item, in the currency of all DigitalOcean invoices."""
    amount, product = native.amount("usd", "amount"), native.text("product")
    start = native.time("start", CSV_TIME) if native.has("start") else native.time("starttime", CSV_TIME)
    kind = _kind(native, amount)
    usage = f"{kind} = 'Usage'"
    duration = native.amount("hours", "duration")
    pairs = ", ".join(f"{literal(name)}: {literal(category)}" for name, category in SERVICES.items())
    columns = {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost"), amount),
        "BillingCurrency": "'USD'",
        "BillingAccountId": native.text("teamuuid", "accountuuid"),
        "SubAccountId": native.text("projectname"),
        "SubAccountName": native.text("projectname"),
        "SubAccountType": f"CASE WHEN {native.text('projectname')} IS NOT NULL THEN 'Project' END",
        "InvoiceId": native.text("invoiceuuid", "invoiceid"),
        **_period(native, start),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": _end(native),
        "ChargeCategory": kind,
        "ChargeFrequency": f"CASE WHEN {usage} THEN 'Usage-Based' WHEN {kind} = 'Purchase' THEN 'Recurring' ELSE 'One-Time' END",
        "ChargeDescription": f"coalesce({native.text('description')}, {product})",
        "PricingCategory": f"CASE WHEN {kind} IN ('Usage', 'Purchase') THEN 'Standard' END",
        **{f"{name}Quantity": f"CASE WHEN {usage} THEN {duration} END" for name in QUANTITIES},
        **{f"{name}Unit": f"CASE WHEN {usage} AND {duration} IS NOT NULL THEN {_unit(native)} END" for name in QUANTITIES},
        "ServiceName": product,
        "ServiceCategory": f"coalesce(MAP {{{pairs}}}[lower({product})], 'Other')",
        **dict.fromkeys(("ServiceProviderName", "HostProviderName", "InvoiceIssuerName"), "'DigitalOcean'"),
        "SkuMeter": f"CASE WHEN {kind} IN ('Usage', 'Purchase') THEN {product} END",
        "ResourceId": native.text("resourceuuid", "resourceid"),
    }
    told = Told("{n} items are credits, discounts or adjustments; they are charges of their own.", facts(native)["lowered"])
    notes = () if native.has("invoiceperiod") else (MONTHS,)
    return Mapped((Rows(columns),), told=(told,), notes=notes, carried=CARRIED)


def _kind(native: Native, amount: str) -> str:
    """The category: by the words of product and category, for DigitalOcean gives no other sign."""
    words = f"lower({native.text('product')} || ' ' || coalesce({native.text('category')}, ''))"
    lowered = f"regexp_matches({words}, 'credit|discount|adjustment')"
    return (
        f"CASE WHEN regexp_matches({words}, '\\b(tax|taxes|vat|gst)\\b') THEN 'Tax' "
        f"WHEN {lowered} AND contains({words}, 'credit') AND {amount} <= 0 THEN 'Credit' WHEN {lowered} THEN 'Adjustment' "
        f"WHEN regexp_matches({words}, '\\b(subscription|support plans?)\\b') THEN 'Purchase' ELSE 'Usage' END"
    )


def _unit(native: Native) -> str:
    return "'Hours'" if native.has("hours") else native.text("durationunit")


def _end(native: Native) -> str:
    """The end, exclusive: a day's last second stands for its end."""
    end = native.time("end", CSV_TIME) if native.has("end") else native.time("endtime", CSV_TIME)
    return f"CASE WHEN strftime({end}, '%H:%M:%S') = '23:59:59' THEN {end} + INTERVAL 1 SECOND ELSE {end} END"


def _period(native: Native, start: str) -> dict[str, str]:
    named = native.time("invoiceperiod", "%Y-%m")
    month = f"date_trunc('month', coalesce({named}, {start}))" if native.has("invoiceperiod") else f"date_trunc('month', {start})"
    return {"BillingPeriodStart": month, "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH"}
