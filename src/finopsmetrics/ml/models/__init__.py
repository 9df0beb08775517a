"""The models by name. Each judges a table of series by days: expected costs and scores, causal."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.messages import nearest
from finopsmetrics.ml.levels import Floats
from finopsmetrics.ml.packages import needs
from finopsmetrics.ml.work import Work

MODELS = {
    "robust": ("finopsmetrics.ml.robust", "numpy"),
    "isolation_forest": ("finopsmetrics.ml.models.isolation_forest", "sklearn"),
    "ecod": ("finopsmetrics.ml.models.ecod", "numpy"),
    "arima": ("finopsmetrics.ml.models.arima_forecaster", "statsforecast"),
    "prophet": ("finopsmetrics.ml.models.prophet_forecaster", "prophet"),
}
"""Where each model lives, and the package that it needs."""


def known(name: Any) -> str:
    """The name of a model. Raises UsageError for another."""
    if name not in MODELS:
        raise UsageError(f"There is no model {name!r}{nearest(name, MODELS)}.", cure="Choose one of these.")
    return str(name)


def judge_with(name: str, work: Work) -> tuple[Floats, Floats]:
    """Expected costs and scores by a model. Raises UsageError when its package is not installed."""
    home, package = MODELS[name]
    with needs(package, f"The model {name!r}", "choose model='robust'"):
        made: tuple[Floats, Floats] = import_module(home).judge(work)
    return made
