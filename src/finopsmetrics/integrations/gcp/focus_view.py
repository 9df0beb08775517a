"""Google's public FOCUS view over its billing export, as exact FOCUS: SQL over the delivered table `r`. Pure.

The view ends billing periods on their last day, gives the billing account for the sub account, a taxonomy for the category,
tags as a list, and takes fees of commitments for usage. Some of its forks leave credits out of what is billed: what a row's
costs and credits sum to tells which.
"""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.columns import Column, charges
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.gcp.columns import resource_type
from finopsmetrics.integrations.gcp.credits import listed, parted, promotions, total
from finopsmetrics.integrations.gcp.services import SERVICES
from finopsmetrics.integrations.native import AMOUNT, NULL_TEXT, Mapped, Native, Rows, Told
from finopsmetrics.integrations.services import classified

CREDITS = "xcredits"
PASSED = [column for column in charges().version_columns("1.0") if column.name not in {"Tags", "ServiceCategory"}]
AMOUNTS = tuple(column.name.lower() for column in PASSED if column.kind == "decimal")
PREFIXES = {"label": "", "system_label": "gcp-system/", "project_label": "gcp-project/", "tag": "gcp-tag/"}
CONSUMED = ("ConsumedQuantity", "ConsumedUnit")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def facts(native: Native) -> dict[str, str]:
    """In how many rows with credits the billed cost holds them, and in how many it does not."""
    billed, cost = (f"TRY_CAST(CAST({native.raw(name)} AS VARCHAR) AS {AMOUNT})" for name in ("billedcost", "contractedcost"))
    given = total(listed(native, CREDITS))
    return {
        "with": f"count(*) FILTER (WHERE {given} <> 0 AND {billed} = {cost} + {given})",
        "without": f"count(*) FILTER (WHERE {given} <> 0 AND {billed} = {cost})",
        "credited": f"count(*) FILTER (WHERE {given} <> 0)",
        "promotions": f"count(*) FILTER (WHERE {promotions(native, CREDITS)})",
    }


def mapping(native: Native) -> Mapped:
    """The charges: every row with the credits that lower it, and its promotions as rows of their own."""
    netted = _netted(native)
    lowered, promoted = parted(native, CREDITS)
    shared = _shared(native)
    billed = native.amount("billedcost")
    # Where the view holds credits already, only the promotions are taken out again.
    own = f"({billed} - {promoted})" if netted else f"({billed} + {lowered})"
    rows = [Rows({**shared, "BilledCost": own, "EffectiveCost": own})]
    told = [Told("{n} rows carry promotions, which became Credit rows.", facts(native)["promotions"])]
    if native.facts.get("promotions"):
        credit = {**shared, **dict.fromkeys(COSTS, promoted), "ChargeCategory": "'Credit'", "ChargeFrequency": "'One-Time'"}
        rows.append(Rows({**credit, **_priceless(shared)}, where=f"{promoted} <> 0"))
    if not netted:
        told.append(Told("{n} rows are billed without their credits in this view; they were added.", facts(native)["credited"]))
    carried = frozenset({column.name.lower() for column in PASSED} | {"tags", "servicecategory"})
    return Mapped(tuple(rows), told=tuple(told), carried=carried)


def _netted(native: Native) -> bool:
    """Whether billed costs hold their credits. Raises DeliveryError where the rows do not prove it."""
    held, bare, credited = (int(native.facts.get(name) or 0) for name in ("with", "without", "credited"))
    if held + bare < credited or (held and bare):
        cure = "Deliver Google's billing export itself (`gcp_billing_export_resource_v1_…`)."
        raise DeliveryError("It cannot be told whether the billed costs of this FOCUS view hold their credits.", cure=cure)
    return bare == 0


def _shared(native: Native) -> dict[str, str]:
    passed = {column.name: _read(native, column) for column in PASSED if native.has(column.name.lower())}
    start, end = passed["BillingPeriodStart"], passed["BillingPeriodEnd"]
    fee = f"starts_with(coalesce({native.text('chargedescription')}, ''), 'Commitment')"
    kind = f"lower({native.text('chargecategory')})"
    earlier = f"{passed['ChargePeriodEnd']} < {start}"
    account, sub = native.text("billingaccountid"), native.text("subaccountid")
    project = native.key("xproject", "id") if native.has("xproject") else native.text("xprojectid")
    named = native.key("xproject", "name") if native.has("xproject") else native.text("xprojectname")
    commitment = native.text("commitmentdiscountid")
    used = f"{commitment} IS NOT NULL AND {kind} = 'usage' AND NOT {fee}"
    return {
        **passed,
        "BillingPeriodEnd": _exclusive(start, end),
        "ChargeCategory": f"CASE WHEN {kind} = 'usage' AND {fee} THEN 'Purchase' ELSE {native.text('chargecategory')} END",
        "ChargeClass": f"CASE WHEN {native.text('chargeclass')} IS NOT NULL AND {earlier} THEN 'Correction' END",
        "ChargeFrequency": f"CASE WHEN {fee} THEN 'Recurring' WHEN {kind} = 'usage' THEN 'Usage-Based' ELSE 'One-Time' END",
        "PricingCategory": f"CASE WHEN {fee} THEN 'Standard' ELSE {native.text('pricingcategory')} END",
        **{
            name: f"CASE WHEN NOT {fee} THEN {passed[name]} END"
            for name in ("ConsumedQuantity", "ConsumedUnit")
            if name in passed
        },
        "BillingAccountType": "'Billing Account'",
        "SkuMeter": f"CASE WHEN {native.text('skuid')} IS NOT NULL THEN {native.text('chargedescription')} END",
        "RegionName": native.text("regionname", "regionid"),
        "ResourceType": f"coalesce({native.text('resourcetype')}, {resource_type(native.text('resourceid'))})",
        "SubAccountId": project,
        "SubAccountName": named,
        "SubAccountType": f"CASE WHEN {project} IS NOT NULL THEN 'Project' END",
        "x_BillingSubAccountId": f"CASE WHEN {sub} <> {account} THEN {sub} END",
        "CommitmentDiscountCategory": f"CASE WHEN {commitment} IS NOT NULL THEN {native.text('commitmentdiscountcategory')} END",
        "CommitmentDiscountStatus": f"CASE WHEN {used} THEN 'Used' END",
        **classified(native.text("servicename"), SERVICES),
        "x_ProductTaxonomy": native.text("servicecategory"),
        "InvoiceIssuerName": f"coalesce({native.text('invoiceissuername')}, 'Google Cloud')",
        "Tags": _tags(native),
    }


def _read(native: Native, column: Column) -> str:
    name = column.name.lower()
    return native.amount(name) if column.kind == "decimal" else native.time(name) if column.kind == "time" else native.text(name)


def _priceless(shared: dict[str, str]) -> dict[str, str]:
    """A promotion has neither quantities nor prices."""
    gone = [name for name in shared if name.endswith(("Quantity", "Unit", "UnitPrice"))]
    return {name: f"CASE WHEN false THEN {shared[name]} END" for name in gone}


def _exclusive(start: str, end: str) -> str:
    """The end of the month in Los Angeles that begins at `start`, where the given end is its last day; else as given."""
    local = f"timezone('America/Los_Angeles', timezone('UTC', {start}))"
    first, last = (_utc(f"({local} + INTERVAL 1 MONTH{less})") for less in ("", " - INTERVAL 1 DAY"))
    return f"CASE WHEN {end} = {last} THEN {first} ELSE {end} END"


def _utc(local: str) -> str:
    return f"timezone('UTC', timezone('America/Los_Angeles', {local}))"


def _tags(native: Native) -> str:
    if not native.has("tags"):
        return NULL_TEXT
    source = native.raw("tags")
    if native.kind("tags") == "VARCHAR":
        shape = literal('[{"key":"VARCHAR","value":"VARCHAR","x_type":"VARCHAR","x_namespace":"VARCHAR"}]')
        source = f"CASE WHEN json_valid({source}) THEN from_json(nullif({source}, '[]'), {shape}) END"
    prefixes = ", ".join(f"{literal(scheme)}: {literal(prefix)}" for scheme, prefix in PREFIXES.items())
    space = "CASE WHEN e.x_type = 'tag' THEN coalesce(e.x_namespace || '/', '') ELSE '' END"
    key = f"coalesce(MAP {{{prefixes}}}[e.x_type], '') || {space} || e.key"
    native.steps["l:tags"] = f"list_transform({source}, lambda e: {{k: {key}, v: CAST(e.value AS VARCHAR)}})"
    step = f"r.{quote('l:tags')}"
    once = f"list_filter({step}, lambda e, i: list_position(list_transform({step}, lambda x: x.k), e.k) = i)"
    return f"nullif(CAST(to_json(map_from_entries(coalesce({once}, []))) AS VARCHAR), '{{}}')"
