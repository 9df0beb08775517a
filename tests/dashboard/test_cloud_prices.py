"""Prices across clouds: paid over used, exactly, in units that providers share; nothing is compared that cannot be."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.windows import Window
from finopsmetrics.dashboard.asking import Asking
from finopsmetrics.dashboard.widgets.cloud_prices import BYTES, CloudPrices, CloudPricesConfig
from finopsmetrics.dashboard.words import price
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import NOW, shown
from tests.store.bills import charge, write_csv

MAY = Window.parse("2026-05", now=NOW)
PROVIDERS = ("A", "B", "C")
UNITS = ("Hours", "GB", "GiB", "TiB-Months", "GB-Months")
amounts = st.decimals("0.01", "1e9", places=18, allow_nan=False)
parts = st.tuples(st.sampled_from(PROVIDERS), st.sampled_from(UNITS), st.sampled_from(("Compute", "Storage")), amounts, amounts)


def asked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the widget's table over sums as the engine gives them."""

    class Answers:
        def to_pylist(self) -> list[dict[str, Any]]:
            return rows

    asking = SimpleNamespace(
        window=lambda _: MAY,
        filters=lambda _: None,
        charges=lambda *_: Answers(),
        currency="USD",
        currencies=lambda: ["USD"],
    )
    chart = CloudPrices().show(cast(Asking, asking), CloudPricesConfig(limit=200)).chart
    if chart is None:
        return []
    return [{column.name: cell for column, cell in zip(chart.columns, row, strict=True)} for row in chart.rows]


def row(provider: str, unit: str, category: str, cost: Decimal, quantity: Decimal, **changes: Any) -> dict[str, Any]:
    base = {"category": category, "provider": provider, "unit": unit, "currency": "USD", "cost": cost, "quantity": quantity}
    return {**base, "charges": 1, "measured": 1, **changes}


@given(st.lists(parts, max_size=20))
def test_a_price_is_what_was_paid_over_what_was_used(given_parts: list[tuple[str, str, str, Decimal, Decimal]]) -> None:
    whole: dict[tuple[str, str, str], tuple[Decimal, Decimal]] = {}
    with localcontext(prec=100):
        for provider, unit, category, cost, quantity in given_parts:
            head, dash, rest = unit.partition("-")
            factor = BYTES.get(head.upper())
            key = category, f"GB{dash}{rest}" if factor else unit, provider
            paid, used = whole.get(key, (Decimal(0), Decimal(0)))
            whole[key] = paid + cost, used + quantity * (factor or 1)
    kinds = {(category, unit) for category, unit, _ in whole}
    shared = {kind for kind in kinds if sum((*kind, provider) in whole for provider in PROVIDERS) > 1}
    found = asked([row(*one) for one in given_parts])
    assert {(one["category"], one["unit"]) for one in found} == shared
    for one in found:
        for provider in PROVIDERS:
            told = one.get(f"at {provider}")
            if told is None:
                assert (one["category"], one["unit"], provider) not in whole
                continue
            paid, used = whole[one["category"], one["unit"], provider]
            with localcontext(prec=100):
                assert abs(Decimal(told) - paid / used) <= Decimal("5e-11")


def test_what_cannot_be_compared_is_not() -> None:
    one, two = Decimal(1), Decimal(2)
    assert asked([row("A", "Hours", "Compute", one, one)]) == []
    assert asked([row("A", "Hours", "Compute", one, one), row("B", "Hours", "Storage", one, one)]) == []
    assert asked([row("A", "Hours", "Compute", one, one), row("B", "GB", "Compute", one, one)]) == []
    free = row("B", "Hours", "Compute", Decimal(0), one)
    untold = row("B", "Hours", "Compute", one, one, measured=0)
    nothing_used = row("B", "Hours", "Compute", one, Decimal(0))
    for other in (free, untold, nothing_used):
        assert asked([row("A", "Hours", "Compute", one, one), other]) == []
    partly = [row("A", "Hours", "Compute", one, one), row("B", "Hours", "Compute", one, one), untold]
    assert asked(partly) == [], "a price over some of the quantities would be too high"
    euros = [row("A", "Hours", "Compute", one, two), row("B", "Hours", "Compute", one, one, currency="EUR")]
    assert asked(euros) == []


def test_a_price_shows_four_digits_that_count() -> None:
    told = [price(Decimal(text)) for text in ("0.0264137", "1234.5", "0", "0.00001567", "3", "0.00000000049")]
    assert told == ["0.02641", "1,234.50", "0.00", "0.00001567", "3.000", "0.0000000005"]


def test_from_bills_to_the_sentence(workspace: Workspace, tmp_path: Path) -> None:
    used = {"ServiceCategory": "Storage", "ConsumedQuantity": "1000"}
    rows = [
        charge("30", "Blobs", **used, ConsumedUnit="GB-Months", ServiceProviderName="North"),
        charge("20", "Buckets", **used, ConsumedUnit="GiB-Months", ServiceProviderName="South"),
        charge("9", "Alone", **used, ConsumedUnit="Requests", ServiceProviderName="South"),
    ]
    workspace.ingest([write_csv(tmp_path / "bill.csv", rows)], source="two")
    drawn = shown(workspace, "cloud_prices", {"time_range": "2026-05"})
    assert drawn.state == "ok", drawn
    assert drawn.sentence == (
        "1 unit of use can be compared in 2026-05-01 … 2026-05-31; of the one that cost the most, Storage by GB-Months, "
        "one came to 0.01863 USD at South and to 0.03000 USD at North, on average over what was used."
    )
    assert drawn.shown is not None
    assert drawn.shown.chart is not None
    assert drawn.shown.chart.rows == (
        ("Storage", "GB-Months", "0.0300000000", "0.0186264515", "0.610613", "50.000000000000000000"),
    )
