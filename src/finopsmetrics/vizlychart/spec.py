"""The chart spec: what a picture shows, as plain data. One JavaScript module compiles it, everywhere it is drawn."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sort = Literal[
    "line",
    "area",
    "bar",
    "stacked_bar",
    "treemap",
    "sankey",
    "heatmap",
    "waterfall",
    "donut",
    "gauge",
    "sparkline",
    "fan",
    "table",
    "kpi",
]
Cell = str | int | float | None
MOST_ROWS = 20_000
MOST_COLUMNS = 40


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Column(_Plain):
    """One column of the data: how its cells are read, written and aligned.

    `time` cells are ISO dates or times in UTC; `money` and `number` cells are decimal text, exact; `share` cells are decimal
    text where 0.25 is a quarter; `text` cells are text.
    """

    name: str = Field(min_length=1, max_length=200, description="Its name, by which the spec speaks of it.")
    label: str = Field(default="", max_length=200, description="What people read; the name, unless given.")
    type: Literal["time", "text", "money", "number", "share"] = Field(description="What its cells are.")
    currency: str | None = Field(default=None, max_length=120, description="The currency of money: ISO 4217, or a virtual one.")
    unit: str | None = Field(default=None, max_length=80, description="The unit of a number, or of money for each: GB, request.")
    price: bool = Field(default=False, description="Whether money is what one unit came to: shown at four digits that count.")


class Marker(_Plain):
    """Something told at a place of the x axis: an anomaly, a launch, a change of price."""

    at: str = Field(max_length=300, description="The cell of the x column where it stands.")
    text: str = Field(max_length=400, description="What happened.")
    sort: Literal["anomaly", "note"] = Field(default="note", description="What is told.")
    series: str | None = Field(default=None, max_length=300, description="The series it belongs to, if one.")


class ChartSpec(_Plain):
    """One picture and its data. The rows are also its table twin, so nothing is drawn that cannot be read.

    Which fields a chart uses: line, area, bar, stacked_bar: `x`, `y` and perhaps `series` (long rows: one for each x and series);
    fan: `x`, `y` (the actual, then the expected), `low`, `high`; sparkline: `x`, `y`; treemap, donut: `path` (outer to inner),
    `y`; sankey: `path` (exactly two: from, to), `y`; heatmap: `x`, `series`, `y`; waterfall: `x`, `y`, rows named in `totals`
    stand on the ground; gauge: `value`, `target`; kpi: `value`, `previous`, and `x`, `y` for the line beside it;
    table: all columns.
    """

    version: Literal[1] = 1
    chart: Sort
    title: str = Field(default="", max_length=300)
    sentence: str = Field(default="", max_length=2_000, description="What it says in words; also its accessible description.")
    columns: tuple[Column, ...] = Field(max_length=MOST_COLUMNS)
    rows: tuple[tuple[Cell, ...], ...] = Field(default=(), max_length=MOST_ROWS, description="A cell for each column.")
    x: str | None = None
    y: tuple[str, ...] = Field(default=(), max_length=12)
    series: str | None = None
    path: tuple[str, ...] = Field(default=(), max_length=4)
    low: str | None = None
    high: str | None = None
    value: str | None = Field(default=None, description="The column of a kpi or a gauge, read from the first row.")
    previous: str | None = Field(default=None, description="The column of what it was before.")
    target: str | None = Field(default=None, description="The column of what it is measured against.")
    totals: tuple[str, ...] = Field(default=(), max_length=60, description="Steps of a waterfall that stand on the ground.")
    markers: tuple[Marker, ...] = Field(default=(), max_length=500)
    links: tuple[str | None, ...] = Field(
        default=(), max_length=MOST_ROWS, description="Where a click on each row leads: a path of this server."
    )
    cumulative: bool = Field(default=False, description="Whether y adds up along x already (for its words, not to be summed).")
    rising: Literal["bad", "good", "neutral"] = Field(default="bad", description="What an increase means: costs rising are bad.")
    locale: str = Field(
        default="en-US", max_length=40, pattern=r"[A-Za-z0-9-]+", description="How numbers and dates are written."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        for row in self.rows:
            if len(row) != len(names):
                raise ValueError(f"a row has {len(row)} cells for {len(names)} columns")
        used = [self.x, *self.y, self.series, *self.path, self.low, self.high, self.value, self.previous, self.target]
        for name in used:
            if name is not None and name not in names:
                raise ValueError(f"there is no column {name!r}; there are {', '.join(names)}")
        if self.links and len(self.links) != len(self.rows):
            raise ValueError(f"{len(self.links)} links for {len(self.rows)} rows")
        if any(link is not None and (not link.startswith("/") or link.startswith(("//", "/\\"))) for link in self.links):
            raise ValueError("a link leads to another server")
        return self
