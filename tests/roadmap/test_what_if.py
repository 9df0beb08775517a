"""The roadmap's sample of 7.4, as it is written there, on a home whose charges have its services."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.observability.cost_observatory import CostObservatory
from tests.forecasting.made import COMMITTED, filled, row, usage

SAMPLE = """
# What-if analysis
from finopsmetrics.forecasting import WhatIfAnalyzer

analyzer = WhatIfAnalyzer()

# Scenario 1: Increase ML training by 50%
scenario1 = analyzer.create_scenario(
    name="ML Training Expansion",
    changes=[
        {"service": "ml-training", "change": "+50%", "start_date": "2025-03-01"},
    ],
)

forecast1 = analyzer.forecast(scenario1, horizon="6m")
print(f"Scenario 1: ${forecast1.total_cost:,.0f} over 6 months")

# Scenario 2: Migrate to Reserved Instances
scenario2 = analyzer.create_scenario(
    name="RI Migration",
    changes=[
        {"service": "ec2", "change": "ri_conversion", "coverage": 0.7},
    ],
)

forecast2 = analyzer.forecast(scenario2, horizon="12m")
print(f"Scenario 2: ${forecast2.total_cost:,.0f} over 12 months")
print(f"Savings vs baseline: ${forecast2.savings:,.0f}")

# Multi-variable forecasting
forecast = cost_obs.forecast(
    horizon="12m",
    variables={
        "user_growth": 0.15,        # 15% monthly user growth
        "compute_efficiency": 0.05,  # 5% efficiency improvement
        "reserved_instance_coverage": 0.6,  # 60% RI coverage
    },
    confidence_interval=0.95,
)

print(f"12-month forecast: ${forecast.expected:,.0f}")
print(f"Best case: ${forecast.lower_bound:,.0f}")
print(f"Worst case: ${forecast.upper_bound:,.0f}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with 200 days of charges up to yesterday: ml-training, and ec2 half of which is under a commitment."""
    rows = []
    for back in range(200, 0, -1):
        day = datetime.now(UTC).date() - timedelta(days=back)
        busy = 100 + back * 7919 % 13
        rows.append(usage(day, "ec2", Decimal(4 * busy), "2"))
        rows.append(usage(day, "ec2", Decimal(4 * busy), "2", EffectiveCost=f"{Decimal('2.8') * busy:f}", **COMMITTED))
        rows.append(row(day, "ml-training", f"{2 * busy}", ServiceCategory="AI and Machine Learning"))
    filled(tmp_path, rows, datetime.now(UTC)).close()
    return tmp_path / "home"


def test_the_sample_runs_as_written(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FINOPSMETRICS_HOME", str(folder))
    names: dict[str, Any] = {"cost_obs": CostObservatory()}
    exec(SAMPLE, names)
    said = capsys.readouterr().out
    assert len(re.findall(r"\$[0-9,]+", said)) == 6
    one, two, made = (names[name] for name in ("forecast1", "forecast2", "forecast"))
    # Half more of ml-training; 70 % covered instead of 50 % at 30 % off what is on demand.
    assert -one.savings / one.baseline == pytest.approx(Decimal(10) / 88, rel=Decimal("0.001"))
    assert two.savings / two.baseline == pytest.approx(Decimal("0.4") * Decimal(40) * Decimal("0.3") / 88, rel=Decimal("0.001"))
    assert sum(step.amount for step in made.steps) == made.expected
    assert made.lower_bound < made.expected < made.upper_bound
