"""What is planted costs what the ledger says: measured as a difference between an estate with and one without."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

Con = duckdb.DuckDBPyConnection
_COST = """
    SELECT coalesce(sum(BilledCost), 0) FROM charges
    WHERE list_contains($resources, ResourceId) AND ChargePeriodStart >= $start::DATE AND ChargePeriodStart < $end::DATE
    AND ChargeClass IS NULL
"""


def cost(con: Con, event: dict[str, Any]) -> Decimal:
    """The cost of the resources of an event in its windows."""
    return sum(
        (
            con.execute(_COST, {"resources": event["resources"], "start": start, "end": end}).fetchall()[0][0]
            for start, end in event["windows"]
        ),
        Decimal(0),
    )


def test_impacts_are_the_difference_in_the_files(demo: Any, charges: Con, plain_charges: Con) -> None:
    touched = [e for e in demo.truth["events"] if e["resources"]]
    assert len(touched) >= 17
    for event in touched:
        difference = cost(charges, event) - cost(plain_charges, event)
        assert difference == Decimal(event["impact"]), event["id"]
        assert difference == sum(map(Decimal, event["by_day"].values())), event["id"]
        assert difference > 0, event["id"]


def test_nothing_else_differs(demo: Any, charges: Con, plain_charges: Con) -> None:
    """Outside the planted resources every use charge is the same in both estates."""
    planted = sorted({resource for event in demo.truth["events"] for resource in event["resources"]})
    sums = """SELECT source, ResourceId, sum(BilledCost), count(*) FROM charges
        WHERE ResourceId IS NOT NULL AND ChargeCategory = 'Usage' AND NOT list_contains($planted, ResourceId)
        GROUP BY ALL ORDER BY ALL"""
    assert charges.execute(sums, {"planted": planted}).fetchall() == plain_charges.execute(sums, {"planted": planted}).fetchall()


def test_an_estate_without_events_says_so(plain: Any) -> None:
    assert plain.truth["events"] == []
    assert plain.truth["planted"] is False


def test_recorded_look_alikes_are_sums_of_charges(demo: Any, charges: Con) -> None:
    conditions = {
        "reservation-upfront": "ChargeCategory = 'Purchase' AND ChargeFrequency = 'One-Time'",
        "partner-credit": "ChargeCategory = 'Credit'",
        "sales-tax": "ChargeCategory = 'Tax'",
        "first-of-month": "ChargeCategory = 'Purchase' AND ChargeFrequency = 'Recurring'",
        "late-corrections-aws": "ChargeClass = 'Correction'",
        "late-corrections-azure": "ChargeClass = 'Correction'",
        "late-corrections-gcp": "ChargeClass = 'Correction'",
    }
    told = {event["id"]: event for event in demo.truth["events"] if event["effect"] == "recorded"}
    assert set(told) == set(conditions)
    for key, condition in conditions.items():
        query = f"SELECT sum(BilledCost) FROM charges WHERE source = ? AND {condition}"
        found = charges.execute(query, [told[key]["source"]]).fetchall()[0][0]
        assert found == Decimal(told[key]["impact"]), key
        assert not told[key]["anomaly"]


def test_one_anomaly_is_still_going_on(demo: Any) -> None:
    assert any(e["anomaly"] and e["end"] == demo.truth["end"] for e in demo.truth["events"])
