"""Foreseeing: forecasts and scenarios as one principal may ask for them; declared ones with their kind's own right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.forecasting import ScenarioForecast, ScenarioReplay, WhatIfAnalyzer
from finopsmetrics.kinds.forecast import Forecast
from finopsmetrics.kinds.scenario import Scenario
from finopsmetrics.observability.cost_forecast import CostForecast
from finopsmetrics.observability.query import Filters, build, read_filters
from finopsmetrics.store.specs import SpecBook

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting


class Foreseeing:
    """Forecasts and what-ifs over the charges within a principal's scope."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        opened = acting.workspace.opened
        self._book = SpecBook(opened.database, opened.now)

    def forecast(self, horizon: str = "12m", **asked: Any) -> CostForecast:
        """A forecast; see `CostObservatory.forecast`."""
        return self._acting.costs.forecast(horizon, **asked)

    def declared(self, name: str) -> CostForecast:
        """The declared forecast of that name, made now (`forecast:read`). Raises NotFoundError, and UsageError when disabled."""
        spec = self._forecast(name)
        if not spec.enabled:
            raise UsageError(f"The forecast {name} is disabled.", cure="Set `enabled` to true.")
        if spec.settings:
            raise UsageError(f"The forecast {name} has settings, which its model does not take.", cure="Leave them out.")
        return self._acting.costs.forecast(
            spec.horizon,
            spec.variables,
            spec.confidence_interval,
            group_by=list(spec.group_by),
            filters=_condition(spec),
            metric=spec.metric,
            grain=spec.grain,
            model=spec.model or "auto",
            history=spec.history,
        )

    def what_if(self, scenario: Scenario, *, horizon: str | None = None, confidence_interval: Any = 0.95) -> ScenarioForecast:
        """A forecast with a scenario, from the forecast that it names, if any."""
        base = self._forecast(scenario.forecast) if scenario.forecast is not None else None
        return WhatIfAnalyzer(self._acting.costs).forecast(scenario, horizon, confidence_interval=confidence_interval, base=base)

    def replay(self, scenario: Scenario, *, months: int = 12, filters: Filters = None) -> ScenarioReplay:
        """The last months priced again under a scenario."""
        return WhatIfAnalyzer(self._acting.costs).replay(scenario, months=months, filters=filters)

    def scenario(self, name: str) -> Scenario:
        """The declared scenario of that name (`scenario:read`). Raises NotFoundError."""
        self._acting.require("scenario:read")
        return Scenario.read(self._book.get("scenario", name).body)

    def made(self, body: Mapping[str, Any]) -> Scenario:
        """A scenario that is not kept. Raises SpecError."""
        return Scenario.read(dict(body))

    def _forecast(self, name: str) -> Forecast:
        self._acting.require("forecast:read")
        return Forecast.read(self._book.get("forecast", name).body)


def _condition(spec: Forecast) -> Condition | None:
    """What a declared forecast is about."""
    return (
        build(filters=read_filters(dict(spec.filters) or None))
        .narrowed(None if spec.condition is None else Condition.parse(spec.condition))
        .condition
    )
