"""Forecasts and what-ifs. What is declared of them is at `/forecasts` and `/scenarios`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import PLAIN, Filter, Groups, group_names
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.observability.answers import plain_tree
from finopsmetrics.observability.query import Metric
from finopsmetrics.runtime.foreseeing import Foreseeing

router = APIRouter(prefix=PREFIX, tags=["forecasts"])
HORIZON = r"^[1-9][0-9]{0,4}(d|w|m|mo|y)$"
SHARE = r"^0?\.[0-9]{1,6}$|^[0-9]{1,2}(\.[0-9]{1,4})?%$"
Ahead = Annotated[str, Query(pattern=HORIZON, description="How far ahead: 30d, 8w, 12m, 1y.")]
Sure = Annotated[str | None, Query(pattern=SHARE, description="How much of what may come lies within the bounds: 0.95, 95%.")]


class StepShown(BaseModel):
    """What one assumption or change adds, reckoned from rows. Amounts are decimal text."""

    name: str
    amount: str
    why: str
    rows: int | None = Field(None, description="How many charges it touches; null for an assumption.")


class HandledShown(BaseModel):
    """Charges of one kind in the history, and how the forecast treats them."""

    kind: str
    amount: str
    how: str


class QualityShown(BaseModel):
    """How good such forecasts were on the past of the total."""

    basis: str = Field(description='"backtest", or "in sample" where the history is too short for one.')
    wape: float | None = Field(None, description="Absolute errors of days as a share of the cost.")
    coverage: float | None = Field(None, description="The share of past sums that lay within bounds made without them.")
    origins: int
    looked_ahead: int = Field(description="Days that were tested; bounds beyond them are carried on.")
    history_days: int
    models: list[dict[str, Any]]
    guarded: list[list[Any]]


class ForecastShown(BaseModel):
    """A forecast in one currency. `rows` and `totals` add up to `expected`, and so do `steps`."""

    start: str
    end: str
    currency: str | None
    metric: str
    confidence: float | None
    expected: str
    lower_bound: str | None
    upper_bound: str | None
    rows: list[dict[str, Any]] = Field(description="start, end, expected, lower, upper, and each key that was grouped by.")
    totals: list[dict[str, Any]]
    steps: list[StepShown]
    handled: list[HandledShown]
    quality: QualityShown
    receipts: list[str]
    notes: list[str]


class ScenarioShown(BaseModel):
    """What a scenario comes to, beside what comes without it; in a replay bounds and quality are absent."""

    name: str
    start: str
    end: str
    currency: str | None
    metric: str
    confidence: float | None = None
    baseline: str
    total_cost: str
    savings: str
    lower_bound: str | None = None
    upper_bound: str | None = None
    steps: list[StepShown]
    rows: list[dict[str, Any]]
    quality: QualityShown | None = None
    receipts: list[str]


class WhatIfAsked(BaseModel):
    """A scenario, with the fields of the kind but for its name; what is asked for is not kept."""

    model_config = ConfigDict(extra="forbid")
    scenario: dict[str, Any] = Field(description="The body of a scenario: changes, horizon, prices, variables, currency.")
    replay: bool = Field(False, description="On the charges of the last twelve months instead of ahead.")
    confidence: Annotated[str, Field(pattern=SHARE)] = "0.95"


@router.get("/forecast", response_model=ForecastShown, responses=problems())
@needs("costs:read")
def forecast(
    backing: In,
    horizon: Ahead = "12m",
    group_by: Groups = None,
    where: Filter = None,
    metric: Annotated[Metric, Query(description="Which cost is forecast.")] = "effective",
    grain: Annotated[str | None, Query(pattern="^(day|week|month)$", description="The step of the rows.")] = None,
    confidence: Sure = "0.95",
    variable: Annotated[
        list[Annotated[str, Query(max_length=80, pattern=PLAIN)]] | None,
        Query(max_length=3, description="Assumptions, repeated: user_growth=0.1, compute_efficiency=5%."),
    ] = None,
) -> JSONResponse:
    """Forecast costs from the last complete day on."""
    asked: dict[str, Any] = {"group_by": group_names(group_by or []), "filters": where, "metric": metric, "grain": grain}
    with backing.gate.turn():
        made = Foreseeing(backing.acting).forecast(
            horizon, variables=_variables(variable or []), confidence_interval=confidence, **asked
        )
    return JSONResponse(plain_tree(made.as_dict()))


@router.get("/forecasts/{name}/result", response_model=ForecastShown, responses=problems(404))
@needs("forecast:read")
def declared_forecast(backing: In, name: SpecName) -> JSONResponse:
    """A declared forecast, made now."""
    with backing.gate.turn():
        made = Foreseeing(backing.acting).declared(name)
    return JSONResponse(plain_tree(made.as_dict()))


@router.post("/whatif", response_model=ScenarioShown, dependencies=[Depends(json_body)], responses=problems(404, 413, 415))
@needs("costs:read")
def what_if(backing: In, sent: WhatIfAsked) -> JSONResponse:
    """What a scenario comes to. Nothing is kept."""
    foreseeing = Foreseeing(backing.acting)
    try:
        scenario = foreseeing.made({"name": "what if", "horizon": "12m", **sent.scenario})
    except SpecError as error:  # a part of the body, whose rules are beyond the schema of the whole
        raise UsageError(error.cause, cure=error.cure) from error
    with backing.gate.turn():
        made = foreseeing.replay(scenario) if sent.replay else foreseeing.what_if(scenario, confidence_interval=sent.confidence)
    return JSONResponse(plain_tree(made.as_dict()))


@router.get("/scenarios/{name}/result", response_model=ScenarioShown, responses=problems(404))
@needs("scenario:read")
def declared_scenario(
    backing: In,
    name: SpecName,
    replay: Annotated[bool, Query(description="On the charges of the last twelve months instead of ahead.")] = False,
    confidence: Sure = "0.95",
) -> JSONResponse:
    """What a declared scenario comes to, now."""
    foreseeing = Foreseeing(backing.acting)
    scenario = foreseeing.scenario(name)
    with backing.gate.turn():
        made = foreseeing.replay(scenario) if replay else foreseeing.what_if(scenario, confidence_interval=confidence)
    return JSONResponse(plain_tree(made.as_dict()))


def _variables(texts: list[str]) -> dict[str, str]:
    out = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"The variable {text!r} cannot be read.", cure="Write user_growth=0.1.")
        out[name.strip()] = value.strip()
    return out
