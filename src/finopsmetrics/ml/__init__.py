"""Learning from daily costs: arrays in, numbers out. Pure: no disk, no network, no engine. Numpy is loaded when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finopsmetrics.ml.anomaly import Anomaly
    from finopsmetrics.ml.anomaly_detection import AnomalyDetector
    from finopsmetrics.ml.forecasting import Forecaster
    from finopsmetrics.ml.forecasts import Forecast
    from finopsmetrics.ml.judgement import Judgement, Judgements

_HOMES = {
    "Anomaly": "finopsmetrics.ml.anomaly",
    "AnomalyDetector": "finopsmetrics.ml.anomaly_detection",
    "Forecast": "finopsmetrics.ml.forecasts",
    "Forecaster": "finopsmetrics.ml.forecasting",
    "Judgement": "finopsmetrics.ml.judgement",
    "Judgements": "finopsmetrics.ml.judgement",
}

__all__ = ["Anomaly", "AnomalyDetector", "Forecast", "Forecaster", "Judgement", "Judgements"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'finopsmetrics.ml' has no attribute {name!r}")
    from importlib import import_module

    from finopsmetrics.ml.packages import needs

    with needs("numpy", "finopsmetrics.ml"):
        return getattr(import_module(_HOMES[name]), name)
