"""cloud_prices: what a unit of the same use came to at each provider, side by side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.core.exact import plus, total
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import TAKE_IN, money_column, text, text_column
from finopsmetrics.dashboard.settings import Timed
from finopsmetrics.dashboard.used import SUMS, USED
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import NO_VALUE, besides, counted, price, ratio
from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.observability.anomalies.watch import both
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

SELECTED = (
    "ServiceCategory AS category, ServiceProviderName AS provider, coalesce(ConsumedUnit, PricingUnit) AS unit, "
    "BillingCurrency AS currency, "
    f"{SUMS}"
)
SOURCE = (
    "EffectiveCost divided by ConsumedQuantity (PricingQuantity where a bill tells none), over the charges of use that touch the "
    "window, by FOCUS category, unit and provider; GiB and TiB are counted as GB (IEC 80000-13), a unit that one provider alone "
    "bills is left out. It is what was paid on average for what was used, not a price list: what was used may differ."
)
PLACES = Decimal("1e-10")
BYTES = {
    "KB": Decimal("1e-6"), "MB": Decimal("1e-3"), "GB": Decimal(1), "TB": Decimal(1000),
    "KIB": Decimal(1024) / Decimal("1e9"), "MIB": Decimal(1024**2) / Decimal("1e9"),
    "GIB": Decimal(1024**3) / Decimal("1e9"), "TIB": Decimal(1024**4) / Decimal("1e9"),
}  # fmt: skip
"""How many GB a unit of storage or transfer is, exactly."""


class CloudPricesConfig(Timed):
    """Which use is compared."""

    limit: int = Field(default=20, ge=1, le=200, description="How many units of use are shown, those that cost the most first.")


@dataclass(frozen=True)
class _Use:
    """One use, such as Compute by the hour, and what its unit came to at each provider."""

    category: str | None
    unit: str
    cost: Decimal
    prices: dict[str, Decimal]

    @property
    def spread(self) -> Decimal | None:
        """By how much the dearest price is above the cheapest, as a share of it."""
        low = min(self.prices.values())
        return ratio(max(self.prices.values()) - low, low)


class CloudPrices(Widget[CloudPricesConfig]):
    """Prices side by side."""

    name = "cloud_prices"
    title = "Prices across clouds"
    description = "What a unit of the same use came to at each provider, where two or more bill it in the same unit."
    config = CloudPricesConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CloudPricesConfig) -> Shown:
        """Ask for sums of costs and quantities by category, unit and provider, and divide."""
        window = asking.window(config.time_range)
        own = both([USED, asking.filters(config.filters)])
        rows: list[dict[str, Any]] = asking.charges(SELECTED, window, own, " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4").to_pylist()
        named = [{**row, "currency": row["currency"] or NO_CURRENCY} for row in rows if row["unit"] and row["provider"]]
        found = {row["currency"] for row in named}
        currency = asking.currency or next((one for one in asking.currencies() if one in found), None)
        uses = sorted(_uses(row for row in named if row["currency"] == currency), key=lambda use: -use.cost)[: config.limit]
        if currency is None or not uses:
            told = f"No use was billed in the same unit by two providers in {window.label()}."
            return Shown(told, source=SOURCE, empty=TAKE_IN if not named else "Choose a longer time, or fewer filters.")
        link = explorer(window, group_by=["ServiceCategory", "ServiceProviderName"], where=own, metric="effective")
        told = f"{_sentence(uses, currency, window)}{besides(sorted(found - {currency}))}."
        return Shown(told, _chart(uses, currency, window, own), source=SOURCE, link=link)


def _uses(rows: Any) -> list[_Use]:
    """Uses that two or more providers bill at a price above zero; where a quantity is not told, a provider has none."""
    sums: dict[tuple[str | None, str], dict[str, list[tuple[Decimal, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    partly: set[tuple[str | None, str, str]] = set()
    for row in rows:
        unit, factor = _common(row["unit"])
        if row["measured"] < row["charges"] or row["cost"] is None:
            partly.add((row["category"], unit, row["provider"]))
            continue
        with localcontext(prec=100):
            sums[row["category"], unit][row["provider"]].append((row["cost"], row["quantity"] * factor))
    found = []
    for (category, unit), providers in sums.items():
        prices, cost = {}, Decimal(0)
        for provider, parts in sorted(providers.items()):
            paid, used = total(part[0] for part in parts), total(part[1] for part in parts)
            if (category, unit, provider) in partly or used <= 0 or paid <= 0:
                continue
            with localcontext(prec=100):
                prices[provider] = (paid / used).quantize(PLACES)
            cost = plus(cost, paid)
        if len(prices) > 1:
            found.append(_Use(category, unit, cost, prices))
    return found


def _common(unit: str) -> tuple[str, Decimal]:
    """A unit as providers share it, and how many of those one of it is: GiB-Months as 1.073741824 GB-Months."""
    head, dash, rest = unit.strip().partition("-")
    factor = BYTES.get(head.strip().upper())
    return (f"GB{dash}{rest}", factor) if factor is not None else (unit.strip(), Decimal(1))


def _chart(uses: list[_Use], currency: str, window: Window, own: str | None) -> ChartSpec:
    providers = sorted({provider for use in uses for provider in use.prices})
    columns = (
        text_column("category", "Category"),
        text_column("unit", "Unit"),
        *(Column(name=f"at {name}", label=name, type="money", currency=currency, price=True) for name in providers),
        Column(name="spread", label="Dearest over cheapest", type="share"),
        money_column("cost", "Cost of it", currency),
    )
    rows = tuple(_row(use, providers) for use in uses)
    links = tuple(
        explorer(window, group_by=["ServiceProviderName"], where=own, metric="effective", only={"ServiceCategory": use.category})
        for use in uses
    )
    return ChartSpec(chart="table", columns=columns, rows=rows, links=links)


def _row(use: _Use, providers: list[str]) -> tuple[Cell, ...]:
    prices = (text(use.prices.get(provider)) for provider in providers)
    return (use.category or NO_VALUE, use.unit, *prices, text(use.spread), text(use.cost))


def _sentence(uses: list[_Use], currency: str, window: Window) -> str:
    first = uses[0]
    cheap, dear = (pick(first.prices, key=lambda name: first.prices[name]) for pick in (min, max))
    return (
        f"{counted(len(uses), 'unit')} of use can be compared in {window.label()}; of the one that cost the most, "
        f"{first.category or NO_VALUE} by {first.unit}, one came to {price(first.prices[cheap])} {currency} at {cheap} and to "
        f"{price(first.prices[dear])} {currency} at {dear}, on average over what was used"
    )
