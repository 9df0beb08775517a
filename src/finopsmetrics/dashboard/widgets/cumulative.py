"""cumulative: what was spent so far, day on day, beside the period before."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.exact import plus, total
from finopsmetrics.core.windows import Window
from finopsmetrics.core.windows.months import DAY, months_after
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import InCurrency, amount, in_currency, money_column, nothing, receipts_of, text
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, day, money, moved
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking


class CumulativeConfig(Priced):
    """Which spend adds up; the month to date unless a time is given."""


class Cumulative(Widget[CumulativeConfig]):
    """Spend so far beside the period before."""

    name = "cumulative"
    title = "Spend so far"
    description = "What was spent so far, day on day, beside the month before, or the window before another one."
    config = CumulativeConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CumulativeConfig) -> Shown:
        """Ask by day for the window and for the one before."""
        window = asking.window(config.time_range, "mtd")
        if window.start is None or window.end is None:
            raise UsageError("A time without a start or an end does not add up.", cure="Give one such as mtd or 2026-05.")
        before = whole_before(window)
        asked = {"filters": config.filters, "metric": config.metric, "grain": "day"}
        answer, earlier = asking.costs(window, **asked), asking.costs(before, **asked)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        previous = tuple(row for row in earlier if row["currency"] == seen.rows[0]["currency"])
        past = InCurrency(seen.currency, previous, (), ())
        rows = [*_adding_up(seen, window), *_adding_up(past, before)]
        chart = ChartSpec(
            chart="line",
            columns=(
                Column(name="day", label="Day", type="number"),
                Column(name="date", label="Date", type="time"),
                Column(name="series", label="Period", type="text"),
                money_column("cost", "Spend so far", seen.currency),
            ),
            rows=tuple(rows),
            x="day",
            y=("cost",),
            series="series",
            cumulative=True,
        )
        link = explorer(window, where=asking.filters(config.filters), metric=config.metric, grain="day")
        return Shown(_sentence(seen, past, window, before), chart, receipts=receipts_of(answer, earlier), link=link)


def whole_before(window: Window) -> Window:
    """The window before; of one to date the whole period before, to its end."""
    if window.kind == "to-date" and window.start is not None:
        return Window(months_after(window.start, -window.period), window.start)
    return window.previous()


def _adding_up(seen: InCurrency, window: Window) -> list[tuple[Cell, ...]]:
    assert window.start is not None
    rows: list[tuple[Cell, ...]] = []
    so_far = Decimal(0)
    for row in seen.rows:
        so_far = plus(so_far, amount(row["cost"]))
        number = (row["period"].replace(tzinfo=UTC) - window.start) // DAY + 1
        rows.append((number, day(row["period"]), window.label(), text(so_far)))
    return rows


def _sentence(seen: InCurrency, past: InCurrency, window: Window, before: Window) -> str:
    assert window.start is not None
    assert before.start is not None
    last = seen.rows[-1]["period"].replace(tzinfo=UTC) - window.start
    same = total(amount(row["cost"]) for row in past.rows if row["period"].replace(tzinfo=UTC) - before.start <= last)
    until = f"{money(seen.cost, seen.currency)} from {day(window.start)} to {day(seen.rows[-1]['period'])}"
    days = f"the first {last // DAY + 1} days of {before.label()}"
    whole = f"all of {before.label()} came to {money(past.cost, past.currency)}"
    return f"{until}, {moved(seen.cost, same, days)}; {whole}{besides(seen.others)}."
