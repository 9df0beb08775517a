"""Databricks' billable usage with its prices as FOCUS charges: SQL over the delivered table `r`. Pure.

The table is a ledger that is only added to: a retraction takes an original back with a negative quantity, a restatement puts
the right one in its place, so every record counts. A record without a price is rejected, for nobody knows what it costs.
"""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.databricks.columns import CARRIED, common
from finopsmetrics.integrations.exact import product, too_large
from finopsmetrics.integrations.native import NULL_AMOUNT, Mapped, Native, Rows, Told
from finopsmetrics.integrations.records import columns_of, tags

AMOUNTS = ("usagequantity", "listprice", "accountprice")


def facts(native: Native) -> dict[str, str]:
    """How many records stand more than once, as they do when a query joins several prices to one."""
    record = f"{native.text('recordid')} || '/' || coalesce({native.text('recordtype')}, '')"
    return {"repeated": f"count({record}) - count(DISTINCT {record})"}


def mapping(native: Native) -> Mapped:
    """The charges: one a record, quantity times price. Raises DeliveryError where records stand more than once."""
    repeated = native.facts.get("repeated")
    if repeated:
        cure = "Join one price in one currency to each record, as docs/integrations/databricks.md does, and deliver each once."
        raise DeliveryError(f"{repeated:,} usage records of Databricks stand more than once.", cure=cure)
    columns = {**common(native), **_costs(native), "Tags": tags(native, "custom_tags")}
    return Mapped(
        (Rows(columns),),
        told=_told(native),
        notes=("Costs are quantities times list prices, which know nothing of a negotiated discount.",)
        if not native.has("accountprice")
        else ("Costs are quantities times the account's price, or the list price where there is none.",),
        carried=CARRIED | columns_of(native, "custom_tags"),
    )


def _costs(native: Native) -> dict[str, str]:
    quantity, listed = native.amount("usagequantity"), native.amount("listprice")
    agreed, price = native.amount("accountprice"), native.amount("accountprice", "listprice")
    given = "list_price" if native.has("listprice") else "account_price"
    native.faults[f"{given}: no price, so that the cost is unknown"] = f"{price} IS NULL"
    native.faults["usage_quantity: too large for a cost"] = f"({too_large(quantity, price)} OR {too_large(quantity, listed)})"
    billed = product(quantity, price)
    return {
        "BilledCost": billed,
        "EffectiveCost": billed,
        "ContractedCost": billed,
        "ContractedUnitPrice": agreed,
        "ListCost": product(quantity, listed) if native.has("listprice") else NULL_AMOUNT,
        "ListUnitPrice": listed,
        "PricingQuantity": quantity,
        "PricingUnit": native.text("usageunit"),
        "ConsumedQuantity": quantity,
        "ConsumedUnit": native.text("usageunit"),
    }


def _told(native: Native) -> tuple[Told, ...]:
    def records(kind: str) -> str:
        return f"count(*) FILTER (WHERE upper({native.text('recordtype')}) = {literal(kind)})"

    azure = f"count(*) FILTER (WHERE upper({native.text('cloud')}) = 'AZURE')"
    return (
        Told("{n} retractions take back what was recorded before; every record is summed.", records("RETRACTION")),
        Told("{n} restatements stand in for what was retracted.", records("RESTATEMENT")),
        Told("{n} records are of Azure Databricks, which Microsoft bills: an Azure cost export holds their costs too.", azure),
    )
