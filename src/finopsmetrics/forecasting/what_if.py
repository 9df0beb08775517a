"""What if: scenarios made, replayed on the past, and looked ahead with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.windows.months import months_after
from finopsmetrics.forecasting.changes import read_changes
from finopsmetrics.forecasting.looking import changed
from finopsmetrics.forecasting.replaying import replay
from finopsmetrics.forecasting.results import ScenarioForecast, ScenarioReplay
from finopsmetrics.kinds.scenario import Scenario
from finopsmetrics.observability.assumptions import assumed, read_variables
from finopsmetrics.observability.commitments import Price
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.observability.forecast_history import complete_until
from finopsmetrics.observability.forecasting import look, read_confidence, told
from finopsmetrics.observability.query import CostQuery, Filters, build, naive

if TYPE_CHECKING:
    from finopsmetrics.kinds.forecast import Forecast

HORIZON = "12m"
MONTHS = 12


class WhatIfAnalyzer:
    """Answers what if, over the charges that an observatory sees; `WhatIfAnalyzer()` opens the default home.

    Nothing is guessed: shares, prices and coverage come from the charges, or are given with the scenario.
    """

    def __init__(self, costs: CostObservatory | None = None, *, metric: str = "effective") -> None:
        self._costs = costs or CostObservatory()
        self._metric = metric

    def create_scenario(
        self, name: str, changes: Sequence[Mapping[str, Any]], *, horizon: str = HORIZON, **fields: Any
    ) -> Scenario:
        """Make a scenario, with the fields of docs/kinds/scenario.md. It is not kept. Raises SpecError."""
        return Scenario.read({"name": name, "changes": [dict(one) for one in changes], "horizon": horizon, **fields})

    def replay(self, scenario: Scenario | None = None, *, months: int = MONTHS, filters: Filters = None) -> ScenarioReplay:
        """The charges of the last whole months priced again under a scenario; as they are, without one.

        A change applies within its dates. Raises UsageError for a change that touches no charge, for a price that is not known,
        and for charges in several currencies.
        """
        until = complete_until(self._costs, self._metric, self._costs.now())
        end = until.replace(day=1)
        start = naive(months_after(end.replace(tzinfo=UTC), -max(months, 1)))
        assert start is not None
        question = replace(self._question(scenario, filters), start=start, end=end)
        name = "as charged" if scenario is None else scenario.name
        changes = [] if scenario is None else read_changes(scenario)
        return replay(self._costs, name, question, changes, _prices(scenario))

    def forecast(
        self,
        scenario: Scenario,
        horizon: str | None = None,
        *,
        confidence_interval: Any = 0.95,
        filters: Filters = None,
        base: Forecast | None = None,
    ) -> ScenarioForecast:
        """A forecast with a scenario's variables and changes, beside the one without them.

        `horizon` is the scenario's own unless given; `base` the declared forecast whose charges, model and variables it starts
        from. Raises UsageError as `replay` does, and for too little history.
        """
        sure, changes = read_confidence(confidence_interval), read_changes(scenario)
        question = self._question(scenario, filters if base is None else dict(base.filters) or None)
        if base is not None:
            question = replace(question, metric=base.metric)
            question = question.narrowed(None if base.condition is None else Condition.parse(base.condition))
        variables = read_variables({**(base.variables if base is not None else {}), **scenario.variables})
        model = base.model if base is not None and base.model else "auto"
        looked = look(self._costs, question, horizon or scenario.horizon, self._costs.now(), model)
        prices = _prices(scenario)
        variants, proofs = assumed(self._costs, question, looked, variables, prices)
        days = variants[-1].days if variants else looked.days
        more, receipts = changed(self._costs, question, looked, days, changes, prices)
        made = told(looked, question, "month", sure, [*variants, *more], (*proofs, *receipts))
        return ScenarioForecast(scenario.name, made, told(looked, question, "month", sure))

    def _question(self, scenario: Scenario | None, filters: Filters) -> CostQuery:
        question = build(metric=self._metric, filters=filters)
        if scenario is not None and scenario.currency is not None:
            question = question.narrowed(Condition.from_dict({"BillingCurrency": scenario.currency}))
        return question


def _prices(scenario: Scenario | None) -> tuple[Price, ...]:
    given = [] if scenario is None else scenario.prices
    return tuple(Price(one.discount, one.service, one.sku, one.region) for one in given)
