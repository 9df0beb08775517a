"""unit_price: what one unit of use came to, by SKU, now and before."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import TAKE_IN, text, text_column
from finopsmetrics.dashboard.settings import Timed
from finopsmetrics.dashboard.used import SUMS, USED
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import NO_VALUE, besides, counted, percent, ratio
from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.observability.anomalies.watch import both
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

SELECTED = (
    f"ServiceName AS service, SkuId AS sku, coalesce(ConsumedUnit, PricingUnit) AS unit, BillingCurrency AS currency, {SUMS}"
)
SOURCE = (
    "EffectiveCost divided by ConsumedQuantity (PricingQuantity where a bill tells none), over the charges of use that touch the "
    "window, by SKU and unit; a price is absent where a charge tells no quantity."
)
PLACES = Decimal("1e-10")


class UnitPriceConfig(Timed):
    """Which prices are shown."""

    limit: int = Field(default=15, ge=1, le=200, description="How many SKUs are shown, those that cost the most first.")


class UnitPrice(Widget[UnitPriceConfig]):
    """Prices of units."""

    name = "unit_price"
    title = "Unit prices"
    description = "What one unit of use came to in effect, by SKU, and how that changed since the window before."
    config = UnitPriceConfig
    size = (2, 1)

    def show(self, asking: Asking, config: UnitPriceConfig) -> Shown:
        """Ask for sums of costs and quantities of both windows, and divide."""
        window = asking.window(config.time_range)
        before = window.previous()
        own = both([USED, asking.filters(config.filters)])
        now = [row for row in self._sums(asking, window, own) if row["unit"] is not None]
        currency = asking.currency or next((one for one in asking.currencies() if one in {row["currency"] for row in now}), None)
        rows = sorted((row for row in now if row["currency"] == currency), key=lambda row: -(row["cost"] or 0))[: config.limit]
        if currency is None or not rows:
            told = f"No charge of {window.label()} tells how much was used."
            return Shown(told, source=SOURCE, empty=TAKE_IN)
        earlier = {_key(row): _price(row) for row in self._sums(asking, before, own)}
        prices = [(row, _price(row), earlier.get(_key(row))) for row in rows]
        others = sorted({row["currency"] for row in now} - {currency})
        link = explorer(window, group_by=["SkuId"], where=own, metric="effective")
        told = _sentence(prices, window, before) + besides(others) + "."
        return Shown(told, _chart(prices, currency, window, own), source=SOURCE, link=link)

    def _sums(self, asking: Asking, window: Window, own: str | None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = asking.charges(SELECTED, window, own, " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4").to_pylist()
        return [{**row, "currency": row["currency"] or NO_CURRENCY} for row in rows]


Prices = Sequence[tuple[dict[str, Any], Decimal | None, Decimal | None]]


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("service", "sku", "unit", "currency"))


def _price(row: dict[str, Any]) -> Decimal | None:
    """At ten places; None where a quantity is missing or the sum of them is not above zero."""
    if row["measured"] < row["charges"] or not row["quantity"] or row["quantity"] <= 0 or row["cost"] is None:
        return None
    with localcontext(prec=100):
        found: Decimal = (row["cost"] / row["quantity"]).quantize(PLACES)
    return found


def _chart(prices: Prices, currency: str, window: Window, own: str | None) -> ChartSpec:
    columns = (
        text_column("sku", "SKU"),
        text_column("service", "Service"),
        text_column("unit", "Unit"),
        Column(name="price", label="Price of a unit", type="money", currency=currency, price=True),
        Column(name="before", label="Before", type="money", currency=currency, price=True),
        Column(name="change", label="Change", type="share"),
        Column(name="quantity", label="Used", type="number"),
        Column(name="cost", label="Cost", type="money", currency=currency),
    )
    rows = tuple(_row(row, now, before) for row, now, before in prices)
    links = tuple(
        explorer(window, where=own, metric="effective", grain="day", only={"SkuId": row["sku"]}) for row, _, _ in prices
    )
    return ChartSpec(chart="table", columns=columns, rows=rows, links=links)


def _row(row: dict[str, Any], now: Decimal | None, before: Decimal | None) -> tuple[Cell, ...]:
    told = (str(row["sku"] or NO_VALUE), str(row["service"] or NO_VALUE), str(row["unit"]))
    return (*told, text(now), text(before), text(_change(now, before)), text(row["quantity"]), text(row["cost"]))


def _change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else ratio(now - before, before)


def _sentence(prices: Prices, window: Window, before: Window) -> str:
    changes = [(change, row) for row, now, then in prices if (change := _change(now, then)) is not None]
    spans = f"in {window.label()}, compared with {before.label()}"
    if not changes:
        return f"{counted(len(prices), 'price')} {spans}: none can be compared"
    change, row = max(changes, key=lambda one: abs(one[0]))
    if not change:
        return f"{counted(len(changes), 'price')} {spans}: none changed"
    way = "up" if change > 0 else "down"
    price = f"{row['sku'] or NO_VALUE} ({row['service'] or NO_VALUE})"
    by = f"{way} {percent(abs(change))} for each {row['unit']}"
    moved = sum(1 for one, _ in changes if one)
    return f"{moved} of {counted(len(changes), 'price')} changed {spans}; {price} the most, {by}"
