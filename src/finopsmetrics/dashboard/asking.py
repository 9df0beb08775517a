"""What a widget may ask: the protocol that stands between a widget and whoever serves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import Answer


class Asking(Protocol):
    """What the asker may see, already within their scope, and the frame that the dashboard sets around its widgets."""

    @property
    def now(self) -> datetime:
        """The time by which windows are read, in UTC."""

    def window(self, own: str | None, default: str = "30d") -> Window:
        """The widget's own time range, else the dashboard's, else `default`."""

    def costs(self, window: Window, **asked: Any) -> Answer:
        """A cost answer with its receipt, as `CostObservatory.get_costs` takes it; the dashboard's filters are applied."""

    def filters(self, own: str | Mapping[str, Any] | None = None) -> str | None:
        """The dashboard's filters and the widget's own, as the text of one condition."""
