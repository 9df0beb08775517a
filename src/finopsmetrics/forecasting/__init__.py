"""What if: the charges of the last months priced again under declared changes, and forecasts with them."""

from __future__ import annotations

from finopsmetrics.forecasting.results import ScenarioForecast, ScenarioReplay
from finopsmetrics.forecasting.what_if import WhatIfAnalyzer

__all__ = ["ScenarioForecast", "ScenarioReplay", "WhatIfAnalyzer"]
