"""GitHub's billing usage, in CSV and from the REST API, as FOCUS charges: SQL over the delivered table `r`. Pure."""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import AMOUNT, Mapped, Native, Rows, Told

GROSS, DISCOUNT, NET = "grossamount", "discountamount", "netamount"
PRICE = ("appliedcostperquantity", "priceperunit")
AMOUNTS = (GROSS, DISCOUNT, NET, *PRICE, "quantity")
# Columns whose content stands in FOCUS whole; they are not kept beside it again.
CARRIED = frozenset(
    {GROSS, NET, *PRICE, "quantity", "unittype", "sku", "organization", "organizationname", "repository", "repositoryname"}
    | {"account", "date", "usageat"}
)
NO_ACCOUNT = "The usage names no billing account: put the enterprise or organization that pays into a column `account`."
# A product as it is written in the report or by the API, without case and separators, as a service.
SERVICES = {
    "actions": ("GitHub Actions", "Developer Tools"),
    "packages": ("GitHub Packages", "Developer Tools"),
    "codespaces": ("GitHub Codespaces", "Developer Tools"),
    "gitlfs": ("Git Large File Storage", "Developer Tools"),
    "ghec": ("GitHub Enterprise", "Developer Tools"),
    "copilot": ("GitHub Copilot", "AI and Machine Learning"),
    "models": ("GitHub Models", "AI and Machine Learning"),
    "spark": ("GitHub Spark", "AI and Machine Learning"),
    "ghas": ("GitHub Advanced Security", "Security"),
}


def facts(native: Native) -> dict[str, str]:
    """How many net amounts are not the gross amount less the discount."""
    gross, discount, net = (f"TRY_CAST({native.text(name)} AS {AMOUNT})" for name in (GROSS, DISCOUNT, NET))
    return {"uneven": f"count(*) FILTER (WHERE {net} <> {gross} - {discount})"}


def mapping(native: Native) -> Mapped:
    """The charges: one a row, billed in the calendar month of its day."""
    if native.has("model"):
        cure = "Deliver the metered usage report instead, summarized or detailed."
        raise DeliveryError("This is GitHub's report of AI usage by model: the usage report holds the same charges.", cure=cure)
    day = f"date_trunc('day', {native.time('date') if native.has('date') else native.time('usageat')})"
    month, word = f"date_trunc('month', {day})", f"regexp_replace(lower({native.text('product')}), '[^a-z0-9]', '', 'g')"
    gross, net, price = native.amount(GROSS), native.amount(NET), native.amount(*PRICE)
    quantity, unit = native.amount("quantity"), native.text("unittype")
    organization, repository = native.text("organization", "organizationname"), native.text("repository", "repositoryname")
    columns = {
        **dict.fromkeys(("BilledCost", "EffectiveCost"), net),
        **dict.fromkeys(("ListCost", "ContractedCost"), gross),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), price),
        "BillingCurrency": "'USD'",
        "BillingAccountId": native.text("account"),
        "SubAccountId": organization,
        "SubAccountName": organization,
        "SubAccountType": f"CASE WHEN {organization} IS NOT NULL THEN 'Organization' END",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": f"{day} + INTERVAL 1 DAY",
        "ChargeCategory": "'Usage'",
        "ChargeFrequency": "'Usage-Based'",
        "ChargeDescription": native.text("sku"),
        "PricingCategory": "'Standard'",
        **dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), quantity),
        **dict.fromkeys(("PricingUnit", "ConsumedUnit"), unit),
        "ServiceName": f"coalesce({_looked_up(0)}[{word}], {native.text('product')}, 'GitHub')",
        "ServiceCategory": f"coalesce({_looked_up(1)}[{word}], 'Developer Tools')",
        **dict.fromkeys(("ServiceProviderName", "HostProviderName", "InvoiceIssuerName"), "'GitHub'"),
        "SkuId": native.text("sku"),
        "SkuMeter": native.text("sku"),
        "ResourceId": repository,
        "ResourceName": repository,
        "ResourceType": f"CASE WHEN {repository} IS NOT NULL THEN 'Repository' END",
    }
    uneven = "{n} rows have a net amount that is not their gross amount less their discount; the net amount is billed."
    told = (Told(uneven, facts(native)["uneven"]),)
    return Mapped((Rows(columns),), told=told, notes=() if native.has("account") else (NO_ACCOUNT,), carried=CARRIED)


def _looked_up(place: int) -> str:
    pairs = ", ".join(f"{literal(word)}: {literal(entry[place])}" for word, entry in SERVICES.items())
    return f"MAP {{{pairs}}}"
