"""Datadog's monthly costs of organizations, one charge a record, as FOCUS charges: SQL over the delivered table `r`. Pure.

Most products come as parts (committed, on demand) with their total. The parts are the charges and the total is not counted
again; where a product has a total alone, that is the charge. What a total states beyond its parts becomes one visible row.
"""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.datadog.columns import CARRIED, common, keys
from finopsmetrics.integrations.native import NULL_TEXT, ZERO, Mapped, Native, Rows, Told

AMOUNTS = ("cost",)
PARTS = "w:parts"


def facts(native: Native) -> dict[str, str]:
    """How many charges stand more than once."""
    charge = "concat_ws('/', " + ", ".join(f"coalesce({key}, '')" for key in (*keys(native), _kind(native))) + ")"
    return {"repeated": f"count(*) - count(DISTINCT {charge})"}


def mapping(native: Native) -> Mapped:
    """The charges: the parts of each product, its total where it has none, and what a total states beyond its parts."""
    month, total = native.time("date"), _total(native)
    native.steps[PARTS] = f"count(*) FILTER (WHERE NOT {total}) OVER (PARTITION BY {', '.join(keys(native))})"
    odd = f"{native.names['date']}: not the first day of a month, so that the cost may be a running sum"
    native.faults[odd] = f"coalesce({month} <> date_trunc('month', {month}), false)"
    charges = f'NOT {total} OR r."{PARTS}" = 0'
    told = [
        Told(
            "{n} rows state the total of a product; its parts, where it has any, are counted.",
            f"count(*) FILTER (WHERE {total})",
        )
    ]
    notes = ["The answer does not say whether it is an estimate: only historical_cost has what a closed month came to."]
    if native.facts.get("repeated"):
        notes.append(
            f"{native.facts['repeated']:,} charges stand more than once for the same organization, month, product and kind; "
            "all were counted. Deliver one view, once."
        )
    rows = (Rows({**common(native), **_charge(native)}, where=charges), _beyond(native))
    return Mapped(rows, told=tuple(told), notes=tuple(notes), carried=CARRIED)


def _kind(native: Native) -> str:
    return f"lower({native.text('chargetype')})"


def _total(native: Native) -> str:
    return f"coalesce({_kind(native)} = 'total', false)"


def _amounts(sql: str) -> dict[str, str]:
    return dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost"), sql)


def _charge(native: Native) -> dict[str, str]:
    kind = _kind(native)
    committed, demanded = f"starts_with({kind}, 'committed')", f"{kind} = 'on_demand'"
    return {
        **_amounts(native.amount("cost")),
        "ChargeCategory": "'Usage'",
        "ChargeFrequency": f"CASE WHEN {committed} THEN 'Recurring' WHEN {demanded} THEN 'Usage-Based' END",
        "ChargeDescription": f"{native.text('productname')} || ' (' || {native.text('chargetype')} || ')'",
        "PricingCategory": f"CASE WHEN {committed} THEN 'Committed' WHEN {demanded} THEN 'Standard' END",
    }


def _beyond(native: Native) -> Rows:
    """What the total of a product states beyond its parts, where it has both."""
    cost, total = native.amount("cost"), _total(native)
    rest = f"sum(CASE WHEN {total} THEN {cost} ELSE -{cost} END)"
    both = f'max(r."{PARTS}") > 0 AND count(*) FILTER (WHERE {total}) > 0'
    own = common(native)
    whole = {name: sql if sql == NULL_TEXT or sql.startswith("'") else f"any_value({sql})" for name, sql in own.items()}
    columns = {
        **whole,
        **_amounts(f"coalesce({rest}, {ZERO})"),
        "ChargeCategory": "'Adjustment'",
        "ChargeFrequency": "'One-Time'",
        "ChargeDescription": literal("What the total of a product states beyond its parts; kept so that the cost ties"),
    }
    return Rows(columns, group=", ".join(keys(native)), having=f"{both} AND {rest} <> 0")
