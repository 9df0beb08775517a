"""What cannot be read is refused: what is wrong, where, and what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from finopsmetrics import ml
from finopsmetrics.core.errors import UsageError
from finopsmetrics.ml import AnomalyDetector
from finopsmetrics.ml.models import MODELS
from tests.ml.made import calm, dates

DETECTOR = AnomalyDetector()
DAYS = dates(20)


def wrong_days(*places: int) -> Any:
    return DAYS[list(places)]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: AnomalyDetector("robst"), "There is no model 'robst' (did you mean 'robust'?)"),
        (lambda: AnomalyDetector(sensitivity=1.5), "A sensitivity of 1.5 is not within 0 and 1. Write 0.95 or 95%."),
        (lambda: AnomalyDetector(sensitivity="high"), "The sensitivity cannot be read: 'high' is no number"),
        (lambda: AnomalyDetector(window="1d"), "A window of 1d is not within 3 and 56 days. Write 3d to 56d, or 1w to 8w."),
        (lambda: AnomalyDetector(window="24h"), "A window of 24h is not within 3 and 56 days."),
        (lambda: AnomalyDetector(window="week"), "The window cannot be read: 'week' is no duration"),
        (lambda: AnomalyDetector("ecod", drops=True), "The model 'ecod' cannot tell drops."),
        (lambda: DETECTOR.judge([], []), "There is no day to judge."),
        (lambda: DETECTOR.judge(5, DAYS), "The costs are no list of numbers."),
        (lambda: DETECTOR.judge(["a"], DAYS[:1]), "The costs are no numbers"),
        (lambda: DETECTOR.judge([1.0, float("inf")], DAYS[:2]), "The cost of day 1 of series 0 is more than an amount can hold."),
        (lambda: DETECTOR.judge([1.0], DAYS[:2]), "There are 1 days of cost and 2 dates."),
        (lambda: DETECTOR.judge([1.0, 2.0], wrong_days(0, 2)), "2025-01-08 follows 2025-01-06. Give every day once"),
        (lambda: DETECTOR.judge([1.0, 2.0], wrong_days(3, 3)), "2025-01-09 is there twice."),
        (lambda: DETECTOR.judge([1.0, 2.0], ["2025-01-06", "soon"]), "The dates cannot be read"),
        (lambda: DETECTOR.judge([1.0, 2.0], ["2025-01-06", None]), "Date 1 is missing."),
        (lambda: DETECTOR.judge([1.0, 2.0], DAYS[:2], holidays=[True]), "The holidays are no flag a day"),
        (lambda: DETECTOR.judge([1.0, 2.0], DAYS[:2], holidays=[DAYS[0]] * 2), "The holidays are no flag a day"),
        (lambda: DETECTOR.judge([1.0], DAYS[:1], planned=[("2025-01-01", "2025-01-02")]), "A planned change cannot be read"),
        (lambda: DETECTOR.judge_many([1.0], DAYS[:1]), "The costs have 1 dimensions."),
        (lambda: DETECTOR.judge_many([[1.0]], DAYS[:1], planned=[]), "There are 1 series and 0 lists of plans."),
        (lambda: DETECTOR.detect("a.csv"), "A cost history cannot be a str of this content."),
        (lambda: DETECTOR.detect([1, 2]), "A cost history cannot be a list of this content."),
        (
            lambda: DETECTOR.detect([{"cost": 1}]),
            "has no column of the date. Name a column date or day or period; there are cost.",
        ),
        (lambda: DETECTOR.detect([{"date": "2025-01-01", "price": 1}]), "has no column of the cost."),
        (lambda: DETECTOR.detect([{"date": None, "cost": 1}]), "Row 0 of the cost history has no date."),
        (lambda: DETECTOR.detect([{"date": "1.1.2025", "cost": 1}]), "Row 0 of the cost history has no date."),
        (lambda: DETECTOR.detect([{"date": "2025-01-01", "cost": "x"}]), "Row 0 of the cost history has no cost"),
        (lambda: DETECTOR.detect([], min_impact="much"), "The least impact cannot be read"),
    ],
)
def test_what_is_wrong_is_said(ask: Callable[[], Any], says: str) -> None:
    with pytest.raises(UsageError) as raised:
        ask()
    assert says in str(raised.value)
    assert raised.value.cure


@pytest.mark.parametrize("model", [name for name, (_, package) in MODELS.items() if package != "numpy"])
def test_a_model_whose_package_is_missing_says_so_or_judges(model: str) -> None:
    costs = calm(70)
    costs[60] = 1000
    detector = AnomalyDetector(model=model)
    if find_spec(MODELS[model][1]):
        whole, part = (detector.judge(costs[:cut], dates(cut)) for cut in (70, 62))
        assert whole.score[60] >= 1
        np.testing.assert_allclose(part.score, whole.score[:62], rtol=1e-6)
        return
    with pytest.raises(UsageError) as raised:
        detector.judge(costs, dates(70))
    assert f"The model {model!r} needs the package {MODELS[model][1]}" in str(raised.value)
    assert "pip install 'finopsmetrics[ml]', or choose model='robust'." in str(raised.value)


def test_without_numpy_it_says_so() -> None:
    code = "import sys; sys.modules['numpy'] = None; from finopsmetrics.ml import AnomalyDetector"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert "UsageError: finopsmetrics.ml needs the package numpy, which is not installed." in ran.stderr


def test_the_package_loads_nothing_before_it_is_used() -> None:
    code = "import sys, finopsmetrics.ml; print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "False"


def test_a_name_that_is_not_there_is_missed() -> None:
    assert all(getattr(ml, name) for name in ml.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = ml.Nothing
