"""Settings that many widgets share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from finopsmetrics.core import checks
from finopsmetrics.core.shapes import Line, Metric, Window
from finopsmetrics.dashboard.widget import Config


def _filters(given: Any) -> Any:
    """A condition's text, or a filter by keys. Raises ValueError."""
    if given is None or given == {} or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str):
        return checks.condition(given)
    if not isinstance(given, dict):
        raise ValueError("a condition as text, or keys that must all match, are needed here")
    return checks.filters(given)


OwnFilters = Annotated[
    str | dict[str, Any] | None,
    BeforeValidator(_filters),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]}),
]
"""A condition as text, or keys that must all match; None for no filter."""


class Timed(Config):
    """A window of time and a filter."""

    time_range: Window | None = Field(
        default=None,
        description="The time: 30d, mtd, last-month, 2026-05; the dashboard's own unless given, else the last 30 days.",
    )
    filters: OwnFilters = Field(default=None, description="Which charges count: a condition, or keys that must all match.")


class Priced(Timed):
    """A window of time, a filter, and which cost counts."""

    metric: Metric = Field(default="billed", description="Which cost: billed, effective, list or contracted.")


Dimension = Line
"""What to group by: a FOCUS column, its snake_case twin, a short name such as service, or tags.KEY."""
