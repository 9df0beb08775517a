"""`detect`: any frame in, one anomaly an incident out, with exact sums."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.ml import AnomalyDetector
from finopsmetrics.ml.anomaly import CONFIDENCE
from tests.ml.made import calm

FIRST = date(2025, 1, 6)
START = 84


def rows(costs: Any, service: str = "ml-training", **more: Any) -> list[dict[str, Any]]:
    return [
        {"date": FIRST + timedelta(days=day), "service": service, **more, "cost": Decimal(f"{cost:.18f}")}
        for day, cost in enumerate(costs)
    ]


def spiked() -> Any:
    costs = calm()
    costs[START : START + 2] *= 3
    return costs


HISTORY = rows(spiked()) + rows(calm(seed=1), "storage")


def test_one_incident_is_one_anomaly_with_exact_sums() -> None:
    [found] = AnomalyDetector().detect(HISTORY)
    inside = [row["cost"] for row in HISTORY[START : START + 2]]
    assert (found.service, found.group) == ("ml-training", {"service": "ml-training"})
    assert (found.start, found.end) == (FIRST + timedelta(days=START), FIRST + timedelta(days=START + 2))
    assert found.actual == sum(inside)
    assert found.impact == found.actual - found.expected
    assert float(found.expected) == pytest.approx(200, rel=0.1)
    assert found.score > 5
    assert found.confidence == CONFIDENCE[-1][1] >= 0.9
    assert found.predicted_cause is None


@pytest.mark.parametrize("form", ["rows", "generator", "columns", "arrow", "pandas"])
def test_every_form_of_a_history_gives_the_same(form: str) -> None:
    names = list(HISTORY[0])
    columns = {name: [row[name] for row in HISTORY] for name in names}
    forms = {
        "rows": HISTORY,
        "generator": (row for row in HISTORY),
        "columns": columns,
        "arrow": pa.table(columns),
        "pandas": pd.DataFrame(HISTORY),
    }
    assert AnomalyDetector().detect(cost_history=forms[form]) == AnomalyDetector().detect(HISTORY)


def test_times_and_texts_are_days() -> None:
    as_times = [{**row, "period": datetime.combine(row["date"], datetime.min.time())} for row in HISTORY]
    for row in as_times:
        del row["date"]
    as_texts = [{**row, "date": row["date"].isoformat()} for row in HISTORY]
    assert AnomalyDetector().detect(as_times) == AnomalyDetector().detect(as_texts) == AnomalyDetector().detect(HISTORY)


def test_rows_of_one_day_are_summed_and_their_order_is_free() -> None:
    parts = [(row, round(row["cost"] / 3, 10)) for row in HISTORY]
    halves = [{**row, "cost": cost} for row, part in parts for cost in (part, row["cost"] - part)]
    assert AnomalyDetector().detect(halves[::-1]) == AnomalyDetector().detect(HISTORY)


def test_currencies_are_never_summed() -> None:
    found = AnomalyDetector().detect(rows(spiked(), currency="USD") + rows(spiked() * 2, currency="EUR"))
    assert [one.group["currency"] for one in found] == ["EUR", "USD"]


def test_a_day_without_a_row_cost_nothing_and_none_is_not_known() -> None:
    costs = calm()
    gone = [row for day, row in enumerate(rows(costs)) if day != 60]
    unknown = [{**row, "cost": None if day in (60, 61) else row["cost"]} for day, row in enumerate(rows(costs))]
    assert AnomalyDetector().detect(gone) == AnomalyDetector().detect(unknown) == []


def test_without_names_all_costs_are_one_series() -> None:
    bare = [{"date": row["date"], "cost": row["cost"]} for row in HISTORY if row["service"] == "ml-training"]
    [found] = AnomalyDetector().detect(bare)
    assert (found.service, found.group) == ("(all)", {})


def test_small_impacts_are_left_out_when_asked() -> None:
    [found] = AnomalyDetector().detect(HISTORY)
    assert AnomalyDetector().detect(HISTORY, min_impact=found.impact) == [found]
    assert AnomalyDetector().detect(HISTORY, min_impact="1000") == []


def test_plans_go_to_all_or_to_a_service() -> None:
    day = FIRST + timedelta(days=START)
    plan = (day - timedelta(days=3), day, day + timedelta(days=2), "a load test")
    detector = AnomalyDetector()
    assert detector.detect(HISTORY, planned=[plan]) == []
    assert detector.detect(HISTORY, planned={"ml-training": [plan]}) == []
    assert len(detector.detect(HISTORY, planned={"storage": [plan]})) == 1


def test_nothing_gives_nothing() -> None:
    assert AnomalyDetector().detect([]) == []
    assert AnomalyDetector().detect(pa.table({"date": pa.array([], pa.date32()), "cost": pa.array([], pa.float64())})) == []


def shaped(how: str) -> Any:
    costs = calm(weekend=0.3)
    day = np.arange(140)
    if how == "new":
        costs[:START] = 0
    elif how == "lasting":
        costs[START:] *= 2
    elif how == "rising":
        costs[START : START + 12] *= 1 + 0.25 * np.arange(1, 13)
    elif how == "weekend":
        costs[(day % 7 >= 5) & (day >= START) & (day < START + 14)] = 100
    return costs


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("new", "A new cost: nothing was spent before."),
        ("lasting", "A higher level that lasts."),
        ("rising", "It rises from day to day."),
        ("weekend", "It ran at a weekend, when it usually rests."),
    ],
)
def test_the_shape_tells_what_it_can(how: str, cause: str) -> None:
    [found] = AnomalyDetector().detect(rows(shaped(how)))
    assert found.predicted_cause == cause


def test_a_fall_is_told_as_one() -> None:
    costs = calm()
    costs[START:] *= 0.3
    [found] = AnomalyDetector(drops=True).detect(rows(costs))
    assert found.impact < 0
    assert found.predicted_cause == "A lower level."


@pytest.mark.parametrize("model", ["isolation_forest", "robust"])
def test_the_sample_of_the_roadmap(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    detector = AnomalyDetector(model=model, sensitivity=0.95, window="7d")
    if model == "isolation_forest" and not find_spec("sklearn"):
        with pytest.raises(UsageError, match="needs the package sklearn"):
            detector.detect(cost_history=HISTORY)
        return
    anomalies = detector.detect(cost_history=pd.DataFrame(HISTORY))
    for anomaly in anomalies:
        print(f"Anomaly detected: {anomaly.service}")
        print(f"Expected: ${anomaly.expected:.2f}, Actual: ${anomaly.actual:.2f}")
        print(f"Confidence: {anomaly.confidence:.1%}")
        print(f"Likely cause: {anomaly.predicted_cause}")
    assert "Anomaly detected: ml-training\nExpected: $" in capsys.readouterr().out


def test_a_time_series_of_the_observatory_is_a_history(tmp_path: Any) -> None:
    from finopsmetrics import CostEntry, CostObservatory

    observatory = CostObservatory(tmp_path)
    today = datetime.now().date()
    for day in range(40):
        when = datetime.combine(today - timedelta(days=40 - day), datetime.min.time())
        observatory.add_cost_entry(CostEntry(str(day), when, Decimal(900 if day == 39 else 100), "ml-training"))
    [found] = AnomalyDetector().detect(cost_history=observatory.get_time_series(days=90, group_by="service"))
    assert (found.service, found.actual, found.expected) == ("ml-training", Decimal(900), Decimal(100))


def test_doubles_are_taken_to_the_places_of_an_amount() -> None:
    tiny = [{**row, "cost": float(row["cost"]) / 3e4} for row in HISTORY]
    [found] = AnomalyDetector().detect(tiny)
    assert float(found.actual) == pytest.approx(sum(row["cost"] for row in tiny[START : START + 2]))
