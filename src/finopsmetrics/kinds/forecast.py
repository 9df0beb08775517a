"""The kind `forecast`: which costs are looked ahead, how far, and what is assumed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import Change, ConditionText, Cron, Duration, Filters, Horizon, Metric, Settings, Share, Word
from finopsmetrics.core.spec import Spec


class Forecast(Spec, kind="forecast"):
    """Which costs are looked ahead, how far, by which model, and what is assumed."""

    example = {
        "name": "next year",
        "horizon": "12m",
        "variables": {"user_growth": 0.15, "compute_efficiency": 0.05, "reserved_instance_coverage": 0.6},
        "confidence_interval": 0.95,
    }

    engine = "observability.forecasting"

    horizon: Horizon = Field(description="How far ahead: 30d, 6m (months), 1y.")
    enabled: bool = Field(default=True, description="Whether it is made.")
    model: Word | None = Field(default=None, description="The model; the one that did best on the past, unless given.")
    settings: Settings = Field(default={}, description="The model's own settings.")
    history: Duration | None = Field(default=None, description="How much of the past is learnt from; all, unless given.")
    grain: Literal["day", "week", "month"] = Field(default="day", description="The step of the series.")
    metric: Metric = Field(default="effective", description="Which cost is forecast.")
    filters: Filters = Field(default={}, description="Which charges, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which charges, as a condition.")
    group_by: Lines = Field(default=[], description="Each value of these keys is forecast for itself.")
    variables: dict[Word, Change] = Field(
        default={}, description="What is assumed, as shares: monthly user_growth, compute_efficiency, reserved_instance_coverage."
    )
    confidence_interval: Annotated[Share, Field(gt=0, lt=1)] | None = Field(
        default=None, description="How much of what may come lies between the bounds: 0.95 or 95%; no bounds, unless given."
    )
    schedule: Cron | None = Field(default=None, description="When it is made anew; after each delivery, unless given.")
