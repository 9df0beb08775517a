"""forecast: what costs will come to, with the range within which they most likely lie."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.shapes import Duration, Metric
from finopsmetrics.core.windows import Window
from finopsmetrics.core.windows.months import DAY, months_after
from finopsmetrics.dashboard.drill import narrow
from finopsmetrics.dashboard.money_rows import TAKE_IN, in_currency, money_column, receipts_of, text
from finopsmetrics.dashboard.settings import OwnFilters
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import besides, day, money
from finopsmetrics.vizlychart.spec import Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.observability.answers import Answer
    from finopsmetrics.observability.cost_forecast import CostForecast

MOST_DAYS = 92


class ForecastConfig(Config):
    """What is forecast, and how far."""

    horizon: Duration = Field(default="90d", description="How far ahead: 30d, 8w, 6m, 1y.")
    past: int = Field(default=90, ge=1, le=730, description="How many days of the past are drawn before it.")
    filters: OwnFilters = Field(default=None, description="Which charges count: a condition, or keys that must all match.")
    metric: Metric = Field(default="effective", description="Which cost: billed, effective, list or contracted.")
    grain: Literal["day", "week", "month"] | None = Field(
        default=None, description="The step: by day up to 92 days ahead, by month beyond, unless given."
    )


class ForecastWidget(Widget[ForecastConfig]):
    """What costs will come to."""

    name = "forecast"
    title = "Forecast"
    description = "What costs will come to, with bounds within which 95 of 100 such forecasts lie, after the recent past."
    config = ForecastConfig
    size = (2, 1)

    def show(self, asking: Asking, config: ForecastConfig) -> Shown:
        """Forecast in one currency, and ask for the past before it."""
        every = asking.currencies()
        currency = asking.currency or (every[0] if every else None)
        if currency not in every:
            told = f"There are no charges in {currency}." if currency else "There are no charges."
            return Shown(told, empty=TAKE_IN)
        own = narrow(asking.filters(config.filters), (("BillingCurrency", currency),)) if len(every) > 1 else config.filters
        try:
            found = asking.forecast(config.horizon, filters=own, metric=config.metric, grain=config.grain)
        except UsageError as error:
            return Shown(error.cause, empty=error.cure or "Come back with more history.", link="/forecasts")
        start = found.start.replace(tzinfo=UTC)
        grain = config.grain or ("day" if (found.end - found.start).days <= MOST_DAYS else "month")
        began = start - config.past * DAY
        span = Window(months_after(began, 0) if grain == "month" else began, start)
        past = asking.costs(span, filters=own, metric=config.metric, grain=grain)
        others = tuple(one for one in every if one != currency)
        receipts = (*receipts_of(past), *found.receipts)
        chart = _chart(asking, past, found, str(currency))
        return Shown(_sentence(found, str(currency)) + besides(others) + ".", chart, receipts=receipts, link="/forecasts")


def _chart(asking: Asking, past: Answer, found: CostForecast, currency: str) -> ChartSpec:
    seen = in_currency(asking, past)
    rows: list[tuple[Cell, ...]] = (
        [(day(row["period"]), text(row["cost"]), None, None, None) for row in seen.rows] if seen else []
    )
    rows += [(day(row.start), None, text(row.expected), text(row.lower), text(row.upper)) for row in found.totals]
    columns = (
        Column(name="period", label="Time", type="time"),
        money_column("cost", "Actual", currency),
        money_column("expected", "Expected", currency),
        money_column("low", "Lower bound", currency),
        money_column("high", "Upper bound", currency),
    )
    return ChartSpec(chart="fan", columns=columns, rows=tuple(rows), x="period", y=("cost", "expected"), low="low", high="high")


def _sentence(found: CostForecast, currency: str) -> str:
    span = Window(found.start.replace(tzinfo=UTC), found.end.replace(tzinfo=UTC)).label()
    told = f"{money(found.expected, currency)} expected in {span}"
    if found.lower_bound is not None and found.upper_bound is not None:
        told += f", most likely between {money(found.lower_bound, currency)} and {money(found.upper_bound, currency)}"
    if found.quality.wape is not None:
        told += f"; on the past such forecasts were off by {found.quality.wape * 100:.1f} % a day"
    return told
