"""Azure cost exports, actual and amortised, of every agreement, as FOCUS charges: SQL over the delivered table `r`. Pure.

The amortised view spreads commitments over their use and lacks their purchases; the actual view has the purchases, and use
that they cover at nothing. Delivered together, all amortised rows are taken and, of the actual ones, only what was paid for
commitments. One view alone gives what it holds, and a note of what it does not.
"""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.azure.columns import CARRIED, common
from finopsmetrics.integrations.azure.dates import date_facts, date_formats
from finopsmetrics.integrations.azure.units import plain_unit, units
from finopsmetrics.integrations.native import NULL_AMOUNT, ZERO, Mapped, Native, Rows, Told

COST = ("costinbillingcurrency", "cost", "pretaxcost")
QUANTITY = ("quantity", "usagequantity")
AMOUNTS = (
    *COST,
    *QUANTITY,
    "costinpricingcurrency",
    "unitprice",
    "paygprice",
    "paygcostinbillingcurrency",
    "effectiveprice",
    "resourcerate",
)
COMMITTED = ("reservation", "savingsplan")
UNUSED = ("unusedreservation", "unusedsavingsplan")


def facts(native: Native) -> dict[str, str]:
    """How dates are written, and which files show an actual or an amortised view."""
    return {
        **date_facts(native),
        "amortised": f'list(DISTINCT r."x:path") FILTER (WHERE {_amortised(native)})',
        "actual": f'list(DISTINCT r."x:path") FILTER (WHERE {_paid_for_commitment(native)})',
        "paths": 'list(DISTINCT r."x:path")',
    }


def mapping(native: Native) -> Mapped:
    """The charges: each row, as far as its file's view is the one to take it from."""
    formats, notes = date_formats(native)
    amortised, actual = _views(native)
    where = ""
    told: list[Told] = []
    if amortised and actual:
        listed = ", ".join(literal(path) for path in sorted(actual))
        where = f'NOT (r."x:path" IN ({listed}) AND NOT coalesce({_paid_for_commitment(native)}, false))'
        told.append(Told("{n} rows of the actual view were left out: the amortised view holds them.", _left_out(where)))
    elif amortised:
        notes.append(
            "This is the amortised view alone: what was paid for commitments is not in it, so billed costs are short of it."
        )
    elif native.facts.get("actual"):
        notes.append(
            "This is the actual view alone: effective costs of commitments are absent. Deliver the amortised view with it."
        )
    columns = _columns(native, formats, spread=bool(amortised))
    return Mapped((Rows(columns, where=where),), told=tuple(told), notes=tuple(notes), carried=CARRIED)


def _views(native: Native) -> tuple[set[str], set[str]]:
    """The files of the amortised and of the actual view; where both are there, every file must be one of the two."""
    amortised, actual = set(native.facts.get("amortised") or ()), set(native.facts.get("actual") or ())
    for path, name in native.files.items():
        amortised |= {path} if "amort" in name.lower() else set()
        actual |= {path} if "actual" in name.lower() else set()
    both = amortised & actual
    if both:
        name = native.files.get(min(both), "A file")
        cure = "Deliver the actual and the amortised export as files of their own, together."
        raise DeliveryError(f"{name} shows both purchases of commitments and their amortised use.", cure=cure)
    unsure = set(native.facts.get("paths") or ()) - amortised - actual
    if amortised and actual and unsure:
        name = native.files.get(min(unsure), "A file")
        cure = "Put `actual` or `amortized` into its name."
        raise DeliveryError(f"It cannot be told whether {name} is of the actual or of the amortised view.", cure=cure)
    return amortised, actual


def _left_out(where: str) -> str:
    return f"count(*) FILTER (WHERE NOT ({where}))"


def _columns(native: Native, formats: tuple[str, ...], *, spread: bool) -> dict[str, str]:
    cost, charge = native.amount(*COST), _word(native.text("chargetype"))
    usage = f"({charge} IS NULL OR {charge} = 'usage' OR {charge} IN ({_listed(UNUSED)}))"
    covered = f"({usage} AND {_committed(native)})"
    fee = f"coalesce({_paid_for_commitment(native)}, false)"
    quantity = native.amount(*QUANTITY)
    # Without the amortised view nobody knows what covered use costs; to call it nothing would be wrong.
    spread_fee, spread_cost = (ZERO, cost) if spread else (NULL_AMOUNT, NULL_AMOUNT)
    mca = native.has("pricingcurrency")
    unit, payg = native.amount("unitprice"), native.amount("paygprice")
    frequency = {"onetime": "One-Time", "recurring": "Recurring", "usagebased": "Usage-Based"}
    foreign = native.amount("costinpricingcurrency")
    spread_foreign = foreign if spread else NULL_AMOUNT
    measured = units(native.text("unitofmeasure"), quantity)
    consumed = f"{usage} AND coalesce({charge}, '') NOT IN ({_listed(UNUSED)})"
    return {
        **common(native, formats),
        **measured,
        "BilledCost": f"CASE WHEN {covered} THEN {ZERO} ELSE {cost} END",
        "EffectiveCost": f"CASE WHEN {fee} THEN {spread_fee} WHEN {covered} THEN {spread_cost} ELSE {cost} END",
        "ListCost": native.amount("paygcostinbillingcurrency"),
        "ContractedCost": f"CASE WHEN NOT {covered} THEN {cost} END",
        "ListUnitPrice": NULL_AMOUNT if mca else payg,
        "ContractedUnitPrice": NULL_AMOUNT if mca else unit,
        "PricingCurrencyListUnitPrice": payg if mca else NULL_AMOUNT,
        "PricingCurrencyContractedUnitPrice": unit if mca else NULL_AMOUNT,
        "PricingCurrencyEffectiveCost": f"CASE WHEN {fee} THEN {spread_fee} WHEN {covered} THEN {spread_foreign} "
        f"ELSE {foreign} END",
        "PricingCurrency": native.text("pricingcurrency", "billingcurrencycode", "billingcurrency", "currency", "currencycode"),
        "ChargeCategory": f"CASE WHEN {usage} THEN 'Usage' WHEN {charge} IN ('purchase', 'refund') THEN 'Purchase' "
        f"WHEN {charge} = 'credit' THEN 'Credit' WHEN {charge} = 'tax' THEN 'Tax' ELSE 'Adjustment' END",
        "ChargeClass": f"CASE WHEN {charge} = 'refund' THEN 'Correction' END",
        "ChargeFrequency": f"coalesce(MAP {_pairs(frequency)}[{_word(native.text('frequency'))}], 'Usage-Based')",
        "PricingCategory": f"CASE WHEN {charge} = 'tax' THEN NULL WHEN {covered} THEN 'Committed' "
        f"WHEN {_word(native.text('pricingmodel'))} = 'spot' THEN 'Dynamic' ELSE 'Standard' END",
        "ConsumedQuantity": f"CASE WHEN {consumed} THEN {quantity} END",
        "ConsumedUnit": f"CASE WHEN {consumed} AND {quantity} IS NOT NULL THEN {plain_unit(native.text('unitofmeasure'))} END",
        "CommitmentDiscountStatus": f"CASE WHEN {common(native, formats)['CommitmentDiscountId']} IS NULL THEN NULL "
        f"WHEN {charge} IN ({_listed(UNUSED)}) THEN 'Unused' WHEN {covered} THEN 'Used' END",
    }


def _word(text: str) -> str:
    return f"lower(replace(replace({text}, ' ', ''), '-', ''))"


def _committed(native: Native) -> str:
    charge = f"coalesce({_word(native.text('chargetype'))}, '') IN ({_listed(UNUSED)})"
    return f"({charge} OR coalesce({_word(native.text('pricingmodel'))}, '') IN ({_listed(COMMITTED)}))"


def _amortised(native: Native) -> str:
    """Only the amortised view names what was left unused, and gives covered use a cost."""
    charge, cost = _word(native.text("chargetype")), native.text(*COST)
    costly = f"regexp_matches(regexp_replace({cost}, '[eE].*$', ''), '[1-9]')"
    return f"({charge} IN ({_listed(UNUSED)}) OR ({charge} = 'usage' AND {_committed(native)} AND {costly}))"


def _paid_for_commitment(native: Native) -> str:
    return f"({_word(native.text('chargetype'))} IN ('purchase', 'refund') AND {_committed(native)})"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(literal(name) for name in names)


def _pairs(words: dict[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in words.items()) + "}"
