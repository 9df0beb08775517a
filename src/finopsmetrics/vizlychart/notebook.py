"""A chart as a live widget of a notebook: drawn in the page by the bundle that draws everywhere, and again when it changes.

Needs the extra `notebook`, which brings anywidget: Jupyter, VS Code, Colab and marimo show it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.vizlychart import drawing, page
from finopsmetrics.vizlychart.chart import SIZE, VizlyChart
from finopsmetrics.vizlychart.errors import ChartError

if TYPE_CHECKING:
    from finopsmetrics.vizlychart.drawing import Theme

LEAST_SECONDS = 1.0


class ChartWidget(anywidget.AnyWidget):
    """A live chart. Assign `chart`, or call `show`, and every cell that shows it is drawn again.

    `selected` is the row of the mark that was clicked last, as a dict of its cells as the spec has them (amounts as exact text),
    or None; observe it like any trait. `theme` is light, dark, or auto: as the notebook is. `height` is in pixels.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _spec = traitlets.Unicode().tag(sync=True)
    _note = traitlets.Unicode().tag(sync=True)
    chart = traitlets.Instance(VizlyChart)
    theme = traitlets.Enum(("auto", "light", "dark"), default_value="auto").tag(sync=True)
    height = traitlets.Int(SIZE[1], min=drawing.LEAST_SIDE, max=drawing.MOST_SIDE).tag(sync=True)
    selected = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)

    def __init__(
        self, chart: VizlyChart, *, refresh: Callable[[], Any] | None = None, every: float | None = None, **traits: Any
    ) -> None:
        self._ended = threading.Event()
        if (refresh is None) != (every is None):
            raise ChartError("A widget that refreshes needs refresh and every.", cure="Give both: refresh=ask, every=60.")
        if every is not None and every < LEAST_SECONDS:
            raise ChartError(f"It would refresh every {every} seconds.", cure=f"Use {LEAST_SECONDS:g} or more.")
        try:
            super().__init__(_esm=drawing.script("widget.js"), _spec=chart.to_json(), chart=chart, **traits)
        except traitlets.TraitError as error:
            raise ChartError(f"The widget cannot be made: {error}", cure="See docs/vizlychart.md.") from error
        if refresh is not None and every is not None:
            work = (weakref.ref(self), self._ended, refresh, every)
            threading.Thread(target=_keep_fresh, args=work, name="vizlychart-refresh", daemon=True).start()

    def show(self, data: Any) -> None:
        """Draw another chart, or the same chart of other data: an answer, a table, a frame or rows. Raises ChartError."""
        self.chart = data if isinstance(data, VizlyChart) else self.chart.again(data)

    def close(self) -> None:
        """Take it out of the notebook, and refresh it no more."""
        self._ended.set()
        super().close()

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; and the picture as it is now, for where the notebook is only read."""
        data, more = super()._repr_mimebundle_(**how) or ({}, {})
        theme: Theme = "dark" if self.theme == "dark" else "light"
        shown = page.figure(self.chart.spec, theme=theme, width=SIZE[0], height=self.height)
        return {**data, "text/html": shown, "text/plain": repr(self)}, more

    def __repr__(self) -> str:
        return f"<widget of {self.chart!r}>"

    @traitlets.observe("chart")
    def _redraw(self, change: Any) -> None:
        self._spec = change["new"].to_json()
        self.set_trait("selected", None)

    def _refresh(self, ask: Callable[[], Any]) -> None:
        """Draw what `ask` gives; where it fails, the last picture stays, with the reason below it."""
        try:
            found = ask()
            if not self._ended.is_set():
                self.show(found)
                self._note = ""
        except Exception as error:  # whatever it is: a picture that stands still without a word would be taken for the truth
            self._note = f"Not refreshed: {error.cause if isinstance(error, FinOpsError) else error}"[:500]


def _keep_fresh(widget: weakref.ref[ChartWidget], ended: threading.Event, ask: Callable[[], Any], every: float) -> None:
    """Refresh a widget until it is closed, or nobody has it any more."""
    while not ended.wait(every):
        one = widget()
        if one is None:
            return
        one._refresh(ask)
        del one
