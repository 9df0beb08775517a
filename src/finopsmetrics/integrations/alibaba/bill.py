"""Alibaba Cloud's bills of instances and billable items, from the API or from OSS, as FOCUS charges: SQL over `r`. Pure.

What is to be paid, before tax, is the pretax amount: the gross amount less discounts and rounding. Vouchers, prepaid cards
and cash are how it is paid. A bill is kept in China time (UTC+8); its bounds are given in UTC.
"""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.alibaba.columns import CARRIED, identity, tags
from finopsmetrics.integrations.native import AMOUNT, NULL_TIME, Mapped, Native, Rows, Told

PRETAX, GROSS, DISCOUNT = "pretaxamount", "pretaxgrossamount", "invoicediscount"
LIST_PRICE, USAGE, COVERED = "listprice", "usage", "deductedbyresourcepackage"
AMOUNTS = (PRETAX, GROSS, DISCOUNT, LIST_PRICE, USAGE, COVERED)
KINDS = {"SubscriptionOrder": "Purchase", "PayAsYouGoBill": "Usage", "Adjustment": "Adjustment"}
REFUNDED = {"Subscription": "Purchase", "PayAsYouGo": "Usage"}


def facts(native: Native) -> dict[str, str]:
    """How many rows are refunds, and how many name a tax."""
    return {
        "refunds": f"count(*) FILTER (WHERE {native.text('item')} = 'Refund')",
        "taxed": f"count(*) FILTER (WHERE TRY_CAST({native.text('tax')} AS {AMOUNT}) <> 0)",
    }


def mapping(native: Native) -> Mapped:
    """The charges: one a row, at its pretax amount."""
    pretax, gross = native.amount(PRETAX), native.amount(GROSS)
    kind = _kind(native)
    columns = {
        **identity(native),
        **dict.fromkeys(("BilledCost", "EffectiveCost"), pretax),
        "ListCost": gross,
        "ContractedCost": f"({gross} - {native.amount(DISCOUNT)})",
        "ListUnitPrice": f"CASE WHEN {_priced_in_currency(native)} THEN {native.amount(LIST_PRICE)} END",
        **_periods(native),
        "ChargeCategory": kind,
        "ChargeFrequency": f"CASE WHEN {kind} = 'Usage' THEN 'Usage-Based' ELSE 'One-Time' END",
        "PricingCategory": f"CASE WHEN {kind} IN ('Usage', 'Purchase') THEN 'Standard' END",
        **_quantities(native, kind),
        "Tags": tags(native),
    }
    counted = facts(native)
    told = (
        Told("{n} refunds are charges of what they refund; the bill does not say of which month.", counted["refunds"]),
        Told("{n} rows name a tax; the bill is before tax, so it is kept as x_Tax and not billed.", counted["taxed"]),
    )
    return Mapped((Rows(columns),), told=told, carried=CARRIED)


def _kind(native: Native) -> str:
    item, subscription = native.text("item"), native.text("subscriptiontype")
    return f"CASE WHEN {item} = 'Refund' THEN {_looked_up(REFUNDED, subscription)} ELSE {_looked_up(KINDS, item)} END"


def _looked_up(words: dict[str, str], text: str) -> str:
    pairs = ", ".join(f"{literal(word)}: {literal(category)}" for word, category in words.items())
    return f"MAP {{{pairs}}}[{text}]"


def _priced_in_currency(native: Native) -> str:
    """Whether nothing says that the list price is in another currency than the amounts."""
    unit = f"regexp_extract(coalesce({native.text('listpriceunit')}, ''), '^[A-Z]{{3}}')"
    return f"{unit} IN ('', {native.text('currency')})"


def _quantities(native: Native, kind: str) -> dict[str, str]:
    """What was used; it was priced as well where no resource plan covers a part of it."""
    used, covered = native.amount(USAGE), native.amount(COVERED)
    unit = f"CASE WHEN {used} IS NOT NULL THEN {native.text('usageunit')} END"
    whole = f"coalesce({covered}, 0) = 0"
    return {
        "ConsumedQuantity": f"CASE WHEN {kind} = 'Usage' THEN {used} END",
        "ConsumedUnit": f"CASE WHEN {kind} = 'Usage' THEN {unit} END",
        "PricingQuantity": f"CASE WHEN {kind} = 'Usage' AND {whole} THEN {used} END",
        "PricingUnit": f"CASE WHEN {kind} = 'Usage' AND {whole} THEN {unit} END",
    }


def _periods(native: Native) -> dict[str, str]:
    """The billing cycle; and the time of use, else the day, else the cycle."""
    month = native.time("billingcycle", "%Y-%m")
    first, after = _utc(month), _utc(f"({month} + INTERVAL 1 MONTH)")
    day = native.time("billingdate")
    one_day = (_utc(day), _utc(f"({day} + INTERVAL 1 DAY)")) if native.has("billingdate") else (NULL_TIME, NULL_TIME)
    start, end = _clock(native, "usagestarttime"), _clock(native, "usageendtime")
    used = f"{start} IS NOT NULL AND {end} IS NOT NULL"
    return {
        "BillingPeriodStart": first,
        "BillingPeriodEnd": after,
        "ChargePeriodStart": f"CASE WHEN {used} THEN {start} ELSE coalesce({one_day[0]}, {first}) END",
        "ChargePeriodEnd": f"CASE WHEN {used} THEN {end} ELSE coalesce({one_day[1]}, {after}) END",
    }


def _clock(native: Native, column: str) -> str:
    """A time of the bill in UTC; one that names its zone is taken at its word."""
    if not native.has(column):
        return NULL_TIME
    read = native.time(column)
    zoned = f"regexp_matches(coalesce({native.text(column)}, ''), '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$')"
    return f"CASE WHEN {zoned} THEN {read} ELSE {_utc(read)} END"


def _utc(local: str) -> str:
    return f"timezone('UTC', timezone('Asia/Shanghai', {local}))"
