"""VizlyChart: what people write to draw their data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from finopsmetrics.vizlychart import drawing, making, page, printing
from finopsmetrics.vizlychart.drawing import Theme
from finopsmetrics.vizlychart.errors import ChartError
from finopsmetrics.vizlychart.printing import Paper
from finopsmetrics.vizlychart.spec import ChartSpec, Marker, Sort

if TYPE_CHECKING:
    from finopsmetrics.vizlychart.notebook import ChartWidget

SIZE = (900, 360)


class VizlyChart:
    """One chart: a spec, and its pictures. Amounts stay exact text in the spec; they become numbers only to be drawn.

    Each constructor takes data (an Arrow table, a pandas or polars frame, a list of dicts, or an answer of CostObservatory) and
    the names of its columns. Rows of several currencies need `currency`, for no chart adds two of them.
    """

    def __init__(self, spec: ChartSpec, made: Callable[[Any], VizlyChart] | None = None) -> None:
        self.spec = spec
        self._made_of = made

    @classmethod
    def line(cls, data: Any, x: str = "period", y: str | Sequence[str] = "cost", series: str | None = None, **more: Any) -> Self:
        """Lines over x; `series` splits y, or several y are lines of their own."""
        return cls._over("line", data, x, y, series, more)

    @classmethod
    def area(cls, data: Any, x: str = "period", y: str = "cost", series: str | None = None, **more: Any) -> Self:
        """Areas over x, stacked by `series`."""
        return cls._over("area", data, x, y, series, more)

    @classmethod
    def bar(cls, data: Any, x: str, y: str = "cost", **more: Any) -> Self:
        """A lying bar for each x, the greatest first."""
        return cls._over("bar", data, x, y, None, {"sorted_by": y, **more})

    @classmethod
    def stacked_bar(cls, data: Any, x: str = "period", y: str = "cost", series: str | None = None, **more: Any) -> Self:
        """Standing bars over x, stacked by `series`."""
        return cls._over("stacked_bar", data, x, y, series, more)

    @classmethod
    def sparkline(cls, data: Any, x: str = "period", y: str = "cost", **more: Any) -> Self:
        """A line without axes."""
        return cls._over("sparkline", data, x, y, None, more)

    @classmethod
    def fan(
        cls, data: Any, x: str = "period", y: str | Sequence[str] = ("cost", "forecast"), *, low: str, high: str, **more: Any
    ) -> Self:
        """What was, what is expected, and the bounds within which it is expected."""
        return cls._over("fan", data, x, y, None, {"low": low, "high": high, **more})

    @classmethod
    def heatmap(cls, data: Any, x: str, series: str, y: str = "cost", **more: Any) -> Self:
        """A cell for each x and series, darker where there is more."""
        return cls._over("heatmap", data, x, y, series, more)

    @classmethod
    def waterfall(cls, data: Any, x: str, y: str = "change", totals: Sequence[str] = (), **more: Any) -> Self:
        """Steps that add up; those named in `totals` stand on the ground."""
        return cls._over("waterfall", data, x, y, None, {"totals": tuple(totals), **more})

    @classmethod
    def treemap(cls, data: Any, path: str | Sequence[str], y: str = "cost", **more: Any) -> Self:
        """Areas within areas, `path` from the outer to the inner."""
        return cls._parts("treemap", data, path, y, more)

    @classmethod
    def donut(cls, data: Any, path: str, y: str = "cost", **more: Any) -> Self:
        """Shares of a whole."""
        return cls._parts("donut", data, path, y, more)

    @classmethod
    def sankey(cls, data: Any, source: str, target: str, y: str = "cost", **more: Any) -> Self:
        """Flows from source to target, as broad as their amount."""
        return cls._parts("sankey", data, (source, target), y, more)

    @classmethod
    def gauge(cls, data: Any, value: str, target: str | None = None, **more: Any) -> Self:
        """One figure beside what it is measured against, from the first row."""
        return cls._made("gauge", data, [value, *([target] if target else [])], {"value": value, "target": target}, more)

    @classmethod
    def kpi(cls, data: Any, value: str = "cost", previous: str | None = None, x: str | None = None, **more: Any) -> Self:
        """One figure, what it was before, and its line where `x` is given."""
        place: dict[str, Any] = {"value": value, "previous": previous, "x": x, "y": (value,) if x else ()}
        return cls._made("kpi", data, [name for name in (x, value, previous) if name], place, more)

    @classmethod
    def table(cls, data: Any, columns: Sequence[str] | None = None, **more: Any) -> Self:
        """The rows themselves."""
        rows = making.rows_of(data)
        names = list(columns) if columns else list(dict.fromkeys(name for row in rows for name in row))
        return cls._made("table", rows, names, {}, more)

    @classmethod
    def from_spec(cls, spec: ChartSpec | Mapping[str, Any]) -> Self:
        """A chart from a spec, or from one as plain data. Raises ChartError."""
        try:
            return cls(spec if isinstance(spec, ChartSpec) else ChartSpec.model_validate(spec))
        except ValidationError as error:
            raise _told(error) from error

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A chart from what `to_json` gave. Raises ChartError."""
        try:
            return cls(ChartSpec.model_validate_json(text))
        except ValidationError as error:
            raise _told(error) from error

    def to_json(self) -> str:
        """The spec as JSON."""
        return self.spec.model_dump_json(exclude_none=True)

    def to_svg(self, *, theme: Theme = "light", width: int = SIZE[0], height: int = SIZE[1]) -> str:
        """The chart as SVG; the same text for the same spec. No browser, no Node and no network take part."""
        return drawing.svg(self.spec, theme=theme, width=width, height=height)

    def to_png(self, *, theme: Theme = "light", width: int = SIZE[0], height: int = SIZE[1], scale: float = 2.0) -> bytes:
        """The chart as a PNG of `scale` pixels for each."""
        return printing.png(
            self.to_svg(theme=theme, width=width, height=height), width=width, height=height, scale=scale, theme=theme
        )

    def to_pdf(self, *, theme: Theme = "light", width: int = SIZE[0], height: int = SIZE[1], paper: Paper = "a4") -> bytes:
        """The chart as a document: title, vector picture, sentence, and the table with its head on each page.

        `width` and `height` are those of the picture, which is then fitted to the paper.
        """
        return printing.pdf(self.spec, theme=theme, width=width, height=height, paper=paper)

    def to_html(self, *, theme: Theme = "light", width: int = SIZE[0], height: int = SIZE[1], interactive: bool = False) -> str:
        """One page with the picture and its table twin, which needs nothing from elsewhere.

        It runs no script unless it is to be `interactive`: then it carries the bundle that draws, and one can point at marks.
        """
        return page.page(self.spec, theme=theme, width=width, height=height, interactive=interactive)

    def widget(self, *, refresh: Callable[[], Any] | None = None, every: float | None = None, **traits: Any) -> ChartWidget:
        """The chart as a live widget of a notebook, which is drawn again whenever its `chart` changes.

        With `refresh` it asks for data, or for another chart, `every` so many seconds until it is closed. `theme` and `height`
        can be given. Raises ChartError where anywidget is not installed.
        """
        try:
            from finopsmetrics.vizlychart.notebook import ChartWidget
        except ModuleNotFoundError as error:
            if error.name not in {"anywidget", "traitlets"}:
                raise
            raise ChartError("A live widget needs anywidget.", cure="pip install 'finopsmetrics[notebook]'") from error
        return ChartWidget(self, refresh=refresh, every=every, **traits)

    def again(self, data: Any) -> VizlyChart:
        """The same chart of other data: made as this one was. Raises ChartError for one that was made from a spec."""
        if self._made_of is None:
            raise ChartError("This chart was made from a spec, not from data.", cure="Make the other chart, and give that.")
        return self._made_of(data)

    def save(self, path: str | os.PathLike[str], **how: Any) -> Path:
        """Write it as .svg, .png, .pdf, .html or .json, whole or not at all; `how` as the picture of that sort takes it."""
        target = Path(path)
        makers: dict[str, Callable[..., str | bytes]] = {
            ".svg": self.to_svg,
            ".png": self.to_png,
            ".pdf": self.to_pdf,
            ".html": self.to_html,
            ".json": self.to_json,
        }
        make = makers.get(target.suffix.lower())
        if make is None:
            raise ChartError(f"A chart is not saved as {target.suffix or target.name!r}.", cure=f"Use {', '.join(makers)}.")
        made = make(**how)
        content = made.encode() if isinstance(made, str) else made
        try:
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
                file.write(content)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(target)
        except OSError as error:
            raise ChartError(f"{target} cannot be written: {error.strerror}.", cure="Choose a folder that is there.") from error
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002
        """What a notebook shows: the picture with its table twin; it stays when the notebook is opened elsewhere."""
        return {
            "text/html": page.figure(self.spec, theme="light", width=SIZE[0], height=SIZE[1]),
            "image/svg+xml": self.to_svg(),
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"<VizlyChart {self.spec.chart}, {len(self.spec.rows)} rows>"

    @cached_property
    def twin(self) -> dict[str, Any]:
        """The table twin: `columns` with label and align, `rows` of text."""
        return drawing.twin(self.spec)

    @classmethod
    def _over(cls, sort: Sort, data: Any, x: str, y: str | Sequence[str], series: str | None, more: Mapping[str, Any]) -> Self:
        values = (y,) if isinstance(y, str) else tuple(y)
        bounds = [more[name] for name in ("low", "high") if more.get(name)]
        names = [x, *([series] if series else []), *values, *bounds]
        return cls._made(sort, data, names, {"x": x, "y": values, "series": series, "group": series or x}, more)

    @classmethod
    def _parts(cls, sort: Sort, data: Any, path: str | Sequence[str], y: str, more: Mapping[str, Any]) -> Self:
        levels = (path,) if isinstance(path, str) else tuple(path)
        return cls._made(sort, data, [*levels, y], {"path": levels, "y": (y,), "group": levels[-1]}, more)

    @classmethod
    def _made(cls, sort: Sort, data: Any, names: Sequence[str], place: Mapping[str, Any], more: Mapping[str, Any]) -> Self:
        def again(other: Any) -> VizlyChart:
            return cls._made(sort, other, names, place, more)

        told = dict(more)
        currency, top, labels = told.pop("currency", None), told.pop("top", None), told.pop("labels", {})
        by, group = told.pop("sorted_by", None), place.get("group")
        rows, currency = making.one_currency(making.rows_of(data), currency)
        names = list(dict.fromkeys(names))
        if top is not None and group and place.get("y"):
            keys = [name for name in names if name not in {group, *place["y"]}]
            rows = making.greatest(rows, group, place["y"][0], keys, top)
        if by is not None:
            rows = sorted(rows, key=lambda row: (row.get(names[0]) == making.OTHER, -making.exact(row.get(by))))
        told["markers"] = tuple(Marker.model_validate(one) for one in told.pop("markers", ()))
        columns = making.columns_of(rows, names, currency, labels)
        fields = {name: value for name, value in place.items() if name != "group" and value is not None}
        try:
            return cls(ChartSpec(chart=sort, columns=columns, rows=making.cells_of(rows, columns), **fields, **told), again)
        except ValidationError as error:
            raise _told(error) from error


def _told(error: ValidationError) -> ChartError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return ChartError(f"The chart cannot be made: {f'{where}: ' if where else ''}{first['msg']}.", cure="See docs/vizlychart.md.")
