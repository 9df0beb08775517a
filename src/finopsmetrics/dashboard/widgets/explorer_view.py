"""explorer_view: a question of the explorer, as its address holds it: a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from pydantic import Field, field_validator

from finopsmetrics.core.errors import QueryError
from finopsmetrics.dashboard.drill import LONGEST
from finopsmetrics.dashboard.money_rows import InCurrency, in_currency, money_column, nothing, receipts_of, text, text_column
from finopsmetrics.dashboard.widget import Config, Shown, Widget
from finopsmetrics.dashboard.words import besides, day, label, money, value
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

OVER_TIME = frozenset({"area", "stacked_bar", "line", "heatmap"})
WHOLE = frozenset({"bar", "treemap", "donut", "table"})
KNOWN = frozenset(
    ("range", "group_by", "filter", "metric", "basis", "grain", "chart", "top", "compare", "cumulative", "currency", "rows")
)


class ExplorerViewConfig(Config):
    """Which question."""

    address: str = Field(default="", max_length=LONGEST, description="What stands behind /explorer? in the address bar.")

    @field_validator("address")
    @classmethod
    def _known(cls, given: str) -> str:
        unknown = set(parse_qs(given, keep_blank_values=True)) - KNOWN
        if unknown:
            raise ValueError(f"the explorer does not know {', '.join(sorted(unknown))}")
        return given

    def asked(self, name: str, otherwise: str) -> str:
        """One parameter of the address."""
        return parse_qs(self.address, keep_blank_values=True).get(name, [otherwise])[0]

    @property
    def groups(self) -> list[str]:
        """The dimensions, none to two."""
        return [one for one in self.asked("group_by", "ServiceName").split(",") if one][:2]

    @property
    def chart(self) -> str:
        """How it is drawn."""
        found = self.asked("chart", "stacked_bar")
        return found if found in OVER_TIME | WHOLE else "stacked_bar"


class ExplorerView(Widget[ExplorerViewConfig]):
    """A saved view of the explorer."""

    name = "explorer_view"
    title = "View"
    description = "A view that was saved in the cost explorer, with its own time, groups, filter and chart."
    config = ExplorerViewConfig
    size = (2, 1)

    def show(self, asking: Asking, config: ExplorerViewConfig) -> Shown:
        """Ask what the explorer asks."""
        window = asking.window(config.asked("range", "30d"))
        over_time = config.chart in OVER_TIME
        groups = config.groups[:1] if over_time else config.groups
        answer = asking.costs(window, group_by=groups, **_asked(config, window, over_time and bool(groups)))
        seen = in_currency(asking, answer)
        link = f"/explorer?{config.address}"
        if seen is None:
            return nothing(asking, window, answer)
        names = " and ".join(label(name).lower() for name in groups)
        told = f"{money(seen.cost, seen.currency)} in {window.label()}{f' by {names}' if names else ''}{besides(seen.others)}."
        return Shown(told, _chart(seen, config, groups), receipts=receipts_of(answer), link=link)


def _asked(config: ExplorerViewConfig, window: Window, grouped: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"metric": config.asked("metric", "billed"), "basis": config.asked("basis", "accrual")}
    asked["filters"] = config.asked("filter", "") or None
    if config.chart in OVER_TIME:
        bounded = window.start is not None and window.end is not None
        asked["grain"] = config.asked("grain", "day" if bounded and window.days() <= 92 else "month")
    if grouped or config.chart in WHOLE:
        top = config.asked("top", "8" if grouped else "50")
        if not top.isdecimal():
            raise QueryError(f"top is {top!r}.", cure="Save the view anew.")
        asked["top"] = int(top)
    return asked


def _chart(seen: InCurrency, config: ExplorerViewConfig, groups: list[str]) -> ChartSpec:
    over_time = config.chart in OVER_TIME
    columns = [Column(name="period", label="Time", type="time")] if over_time else []
    columns += [text_column(name, label(name)) for name in groups] + [money_column("cost", "Cost", seen.currency)]
    rows = [
        (*([day(row["period"])] if over_time else []), *(value(name, row[name]) for name in groups), text(row["cost"]))
        for row in seen.rows
    ]
    place: dict[str, Any] = {"x": "period", "series": columns[1].name if groups else None} if over_time else {}
    chart = config.chart
    if chart in {"heatmap", "treemap", "donut", "bar"} and not groups:
        chart = "table"
    elif chart in {"treemap", "donut"}:
        place = {"path": tuple(groups if chart == "treemap" else groups[:1])}
    elif chart == "bar":
        place = {"x": groups[0], "series": groups[1] if len(groups) > 1 else None}
        chart = "stacked_bar" if len(groups) > 1 else "bar"
    sort: Any = chart
    return ChartSpec(chart=sort, columns=tuple(columns), rows=tuple(rows), y=("cost",), **place)
