"""usage: what was used along time, as a whole or by one dimension: one measure of samples, in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.samples import plain
from finopsmetrics.dashboard.money_rows import text_column
from finopsmetrics.dashboard.settings import Dimension, Timed
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import counted, day, label, value
from finopsmetrics.vizlychart.spec import MOST_ROWS, Cell, ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.observability.samples import UsageAnswer

SEND = "Send samples: POST /api/v1/samples, or run `finopsmetrics samples add FILE`."
SOURCE = "Samples of use as they were sent, each identity once; where nothing was measured there is no figure."
_WORDS = {"sum": "the sum", "mean": "the mean", "max": "the highest", "min": "the lowest", "count": "the number", "p95": "p95"}


class UsageConfig(Timed):
    """What is drawn along time."""

    measure: str | None = Field(
        default=None,
        max_length=120,
        description="What was measured, such as cpu.utilization; what has the most samples, unless given.",
    )
    unit: str | None = Field(
        default=None,
        max_length=80,
        description="In which unit, where there are several; that of the most samples, unless given.",
    )
    group_by: Dimension | None = Field(
        default=None, description="One line for each value of resource, provider, account, service, region, source or tags.KEY."
    )
    statistic: Literal["sum", "mean", "max", "min", "count", "p95"] = Field(
        default="mean", description="What is told of the samples of each step."
    )
    grain: Literal["hour", "day", "month"] | None = Field(
        default=None, description="The step: by hour up to 3 days, by day up to 92, by month beyond, unless given."
    )
    chart: Literal["line", "area", "table"] = Field(default="line", description="How it is drawn.")
    top: int = Field(default=8, ge=1, le=30, description="How many lines are drawn, those with the greatest figures.")


class Usage(Widget[UsageConfig]):
    """Use along time."""

    name = "usage"
    title = "Usage"
    description = "What was used along time, such as CPU, tokens or requests: one measure, as a whole or by one dimension."
    config = UsageConfig
    size = (2, 1)
    needs = ("samples:read",)

    def show(self, asking: Asking, config: UsageConfig) -> Shown:
        """Ask for the whole window, then by step of time."""
        window = asking.window(config.time_range)
        there = [one for one in asking.measures() if _fits(config.measure, one["measure"]) and _fits(config.unit, one["unit"])]
        if not there:
            return Shown(_nothing(config), source=SOURCE, empty=SEND)
        chosen = max(there, key=lambda one: one["samples"])
        measure, unit = str(chosen["measure"]), str(chosen["unit"])
        grain = config.grain or _step(window)
        groups = [config.group_by] if config.group_by else []
        asked: dict[str, Any] = {"statistic": config.statistic, "filters": config.filters, "unit": unit}
        whole = asking.usage(measure, window, **asked)
        if not len(whole):
            told = f"There is no sample of {measure} in {window.label()}; the last one is of {day(chosen['last'])}."
            return Shown(told, source=SOURCE, empty=f"Choose another time, or send more. {SEND}")
        parts = asking.usage(measure, window, group_by=groups, **asked) if groups else whole
        series = asking.usage(measure, window, group_by=groups, grain=grain, **asked)
        drawn = [row[config.group_by] for row in parts.rows[: config.top]] if config.group_by else []
        chart = _chart(series, config, measure, unit, drawn)
        return Shown(_sentence(whole, parts, config, window, measure), chart, source=SOURCE)


def _fits(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted == found


def _step(window: Window) -> str:
    if window.start is None or window.end is None or window.days() > 92:
        return "month"
    return "hour" if window.days() <= 3 else "day"


def _nothing(config: UsageConfig) -> str:
    if config.measure is None:
        return "No sample was sent yet."
    return f"No sample of {config.measure}{f' in {config.unit}' if config.unit else ''} was sent yet."


def _chart(series: UsageAnswer, config: UsageConfig, measure: str, unit: str, drawn: Sequence[Any]) -> ChartSpec:
    group = config.group_by
    columns = [Column(name="period", label="Time", type="time")]
    columns += [text_column(group, label(group))] if group else []
    columns += [Column(name="value", label=measure, type="number", unit=None if config.statistic == "count" else unit)]
    rows: list[tuple[Cell, ...]] = []
    for row in series.rows:
        if group is None or row[group] in drawn:
            own = [value(group, row[group])] if group else []
            rows.append((day(row["period"]), *own, plain(Decimal(row["value"]))))
    if len(rows) > MOST_ROWS:
        cause = f"{len(rows):,} figures are too many to draw."
        raise QueryError(cause, cure="Choose a shorter time, a longer step, or fewer lines.")
    named = columns[1].name if group else None
    return ChartSpec(
        chart=config.chart, columns=tuple(columns), rows=tuple(rows), x="period", y=("value",), series=named, rising="neutral"
    )


def _sentence(whole: UsageAnswer, parts: UsageAnswer, config: UsageConfig, window: Window, measure: str) -> str:
    unit = "" if config.statistic == "count" else f" {whole.unit}"
    row = whole.rows[0]
    told = f"{_figure(row['value'])}{unit} is {_WORDS[config.statistic]} of {measure} in {window.label()}"
    told += f", over {counted(row['samples'], 'sample')}" if config.statistic != "count" else ""
    if config.group_by:
        first = parts.rows[0]
        told += f"; {value(config.group_by, first[config.group_by])} has the greatest at {_figure(first['value'])}{unit}"
        more = len(parts) - config.top
        told += f", and {counted(more, 'more is', 'more are')} not drawn" if more > 0 else ""
    return f"{told}."


def _figure(found: Decimal | int) -> str:
    """At two places, or at two digits that count where it is smaller."""
    number = Decimal(found)
    if number and abs(number) < Decimal("0.01"):
        return plain(number.quantize(Decimal(1).scaleb(number.adjusted() - 1)))
    return plain(number.quantize(Decimal("0.01"))) if abs(number) < 1000 else f"{number.quantize(Decimal('1')):,f}"
