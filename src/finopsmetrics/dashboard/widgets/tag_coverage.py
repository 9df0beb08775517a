"""tag_coverage: how much of the cost carries each tag."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import Field

from finopsmetrics.core.exact import minus
from finopsmetrics.core.shapes import Line
from finopsmetrics.dashboard.drill import explorer, narrow
from finopsmetrics.dashboard.money_rows import in_currency, money_column, nothing, receipts_of, text, text_column
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, money, percent, ratio
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

MOST_KEYS = 12


class TagCoverageConfig(Priced):
    """Which tags count."""

    keys: list[Line] = Field(
        default=[], max_length=MOST_KEYS, description=f"The tag keys; the first {MOST_KEYS} that charges carry, unless given."
    )


class TagCoverage(Widget[TagCoverageConfig]):
    """Cost by whether it is tagged."""

    name = "tag_coverage"
    title = "Tag coverage"
    description = "The share of the cost that carries each tag key, and what does not."
    config = TagCoverageConfig

    def show(self, asking: Asking, config: TagCoverageConfig) -> Shown:
        """Ask for the whole, and for what lacks each key."""
        window = asking.window(config.time_range)
        whole = asking.costs(window, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, whole)
        if seen is None:
            return nothing(asking, window, whole)
        keys = config.keys or list(asking.tag_keys())[:MOST_KEYS]
        if not keys:
            told = f"No charge carries a tag; {money(seen.cost, seen.currency)} was spent in {window.label()}."
            return Shown(
                told, receipts=receipts_of(whole), empty="Tag what you use, and turn cost allocation tags on in the bill."
            )
        where = asking.filters(config.filters)
        answers = {key: asking.costs(window, filters=_lacking(where, key), metric=config.metric) for key in keys}
        lacking = {key: _in(seen.currency, in_currency(asking, answer)) for key, answer in answers.items()}
        shares = {key: ratio(minus(seen.cost, missing), seen.cost) for key, missing in lacking.items()}
        order = sorted(keys, key=lambda key: -(shares[key] or 0))
        columns = (
            text_column("key", "Tag"),
            Column(name="share", label="Share of cost", type="share"),
            money_column("tagged", "Tagged", seen.currency),
            money_column("untagged", "Untagged", seen.currency),
        )
        rows = tuple((key, text(shares[key]), text(minus(seen.cost, lacking[key])), text(lacking[key])) for key in order)
        links = tuple(
            explorer(window, group_by=["ServiceName"], where=_lacking(where, key), metric=config.metric) for key in order
        )
        chart = ChartSpec(chart="bar", columns=columns, rows=rows, x="key", y=("share",), links=links, rising="good")
        first, last = order[0], order[-1]
        told = f"{first} is on {percent(shares[first])} of {money(seen.cost, seen.currency)} in {window.label()}"
        if last != first:
            told += f" and {last} on {percent(shares[last])}, the least"
        receipts = receipts_of(whole, *answers.values())
        return Shown(f"{told}{besides(seen.others)}.", chart, receipts=receipts, link=links[-1])


def _lacking(where: str | None, key: str) -> str | None:
    """The condition on what lacks a tag."""
    return narrow(where, ((f"tags.{key}", None),))


def _in(currency: str, seen: object) -> Decimal:
    """What lacks a tag in a currency; zero where nothing does."""
    return getattr(seen, "cost", Decimal(0)) if getattr(seen, "currency", None) == currency else Decimal(0)
