"""What a SKU costs in another region, as the account's own charges show, or as prices are given."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import plus
from finopsmetrics.observability.commitments import Price
from finopsmetrics.observability.query import CostQuery

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

Sku = tuple[Any, Any]
"""SkuId and PricingUnit."""


class RegionPrices:
    """Unit prices of SKUs by region: list prices, weighed by what was charged at each."""

    def __init__(self, prices: dict[tuple[Sku, Any], Decimal], given: tuple[Price, ...], receipts: tuple[str, ...]) -> None:
        self._prices, self._given, self.receipts = prices, given, receipts

    def factor(self, record: dict[str, Any], region: str) -> Decimal | None:
        """What a charge is multiplied with in another region; None where no price is known."""
        for price in self._given:
            if price.region == region and price.fits(record["ServiceName"], record["SkuId"], region):
                return 1 - price.discount
        sku = (record["SkuId"], record["PricingUnit"])
        here, there = self._prices.get((sku, record["RegionId"])), self._prices.get((sku, region))
        return there / here if here and there and record["SkuId"] is not None else None


def region_prices(costs: CostObservatory, question: CostQuery, given: tuple[Price, ...]) -> RegionPrices:
    """Read the list unit prices of use on demand within a question's window, whatever its filter lets through."""
    dims = ("SkuId", "PricingUnit", "RegionId", "ListUnitPrice")
    asked = replace(question, metric="list", group_by=dims, grain=None, where='ChargeCategory == "Usage"')
    answer = costs.ask(asked)
    sums: dict[tuple[Sku, Any], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in answer:
        price = row["ListUnitPrice"]
        if price and price > 0 and row["cost"] and row["cost"] > 0:
            cost, quantity = sums[(row["SkuId"], row["PricingUnit"]), row["RegionId"]]
            sums[(row["SkuId"], row["PricingUnit"]), row["RegionId"]] = [plus(cost, row["cost"]), quantity + row["cost"] / price]
    prices = {key: cost / quantity for key, (cost, quantity) in sums.items() if quantity > 0}
    return RegionPrices(prices, given, (answer.receipt.id,) if answer.receipt else ())
