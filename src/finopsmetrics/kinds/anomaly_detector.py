"""The kind `anomaly_detector`: which costs are watched for the unusual, how, and who hears."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Alert, Lines, OneOrMany
from finopsmetrics.core.shapes import (
    Amount,
    ConditionText,
    Currency,
    Duration,
    Filters,
    Line,
    Metric,
    Settings,
    Share,
    Threshold,
    Word,
)
from finopsmetrics.core.spec import Part, Spec


class DetectorModel(Part):
    """The model, how easily it reports, and how far it looks back."""

    type: Word = Field(description="The model: robust, isolation_forest, ecod, arima, prophet.")
    sensitivity: Share = Field(description="How easily it reports: 0 never, 1 at the least deviation; 0.95 or 95%.")
    window: Duration = Field(description="Over which span a cost is compared, such as 7d.")
    settings: Settings = Field(
        default={}, description="The model's own settings; robust has drops: true, to be told of falls too."
    )


class PlannedChange(Part):
    """A change of costs that is expected."""

    start: date = Field(description="Its first day.")
    end: date | None = Field(default=None, description="The day after its last one; none for a change that stays.")
    announced: date | None = Field(default=None, description="When it became known; its first day, unless given.")
    note: Line = Field(description="What it is: a load test, a migration, a new price.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("`end` is the day after the last one, so it is after `start`")
        return self


class AnomalyDetector(Spec, kind="anomaly_detector"):
    """Which costs are watched for the unusual, by which model, from which size on, and who hears."""

    engine = "observability.anomalies"
    example = {
        "name": "ML Cost Anomaly Detection",
        "enabled": True,
        "filters": {"service": "ml-training"},
        "model": {"type": "isolation_forest", "sensitivity": 0.95, "window": "7d"},
        "alerts": [{"channels": ["slack", "pagerduty"], "recipients": ["#ml-team"]}],
    }

    blocks = {"alerts": "alerts"}

    model: DetectorModel = Field(description="How the unusual is found.")
    enabled: bool = Field(default=True, description="Whether it watches.")
    filters: Filters = Field(default={}, description="Which charges are watched, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="Which charges are watched, as a condition.")
    metric: Metric = Field(default="effective", description="Which cost is watched.")
    group_by: Lines = Field(
        default=[], description="Each value of these keys is watched for itself: service, account, tags.team."
    )
    min_impact: Amount | None = Field(default=None, description="From which difference in money on an anomaly is reported.")
    currency: Currency | None = Field(
        default=None, description="The currency of `min_impact`; that of the charges, unless given."
    )
    min_change: Threshold | None = Field(default=None, description="From which relative difference on it is reported: 20%.")
    exclude: ConditionText | None = Field(default=None, description="Which charges are left out, such as taxes or one-off fees.")
    holidays: Lines = Field(default=[], description="Days that may be quiet: dates, countries or regions such as DE, US-CA.")
    planned: list[PlannedChange] = Field(default=[], max_length=500, description="Changes that are expected.")
    alerts: Annotated[list[Alert], OneOrMany()] = Field(default=[], description="Who hears of an anomaly.")
