"""What is sent is what is kept, to the last digit; and what is wrong answers with the status that says why."""

from __future__ import annotations

import httpx
import pytest

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("sent", "kept"), [("0.123456789012345678", "0.123456789012345678"), ("99999999999999.10", "99999999999999.1")]
)
def test_a_json_number_is_kept_exactly(api: httpx.Client, sent: str, kept: str) -> None:
    answer = api.put("/teams/exact", content=f'{{"budget_monthly": {sent}}}', headers=JSON)
    assert (answer.status_code in {200, 201}, answer.json()["budget_monthly"]) == (True, kept)
    assert api.get("/teams/exact").json()["budget_monthly"] == kept


def test_numbers_in_free_fields_stay_numbers(api: httpx.Client) -> None:
    config = {"share": 0.25, "days": 30, "exact": True, "none": None}
    answer = api.put("/dashboards/free", json={"role": "cfo", "widgets": [{"type": "cost_trend", "config": config}]})
    assert answer.json()["widgets"][0]["config"] == config


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ('{"scope": "tags.team =="}', 400, "/scope"),
        ('{"budget_monthly": "0"}', 400, "/budget_monthly"),
        ('{"name": "another"}', 400, "/name"),
        ('{"lead": 7}', 422, "/lead"),
        ('{"leed": "a"}', 422, "/leed"),
        ("[]", 422, ""),
        ("null", 422, ""),
    ],
)
def test_what_breaks_the_schema_is_422_and_what_cannot_be_meant_is_400(
    api: httpx.Client, body: str, status: int, pointer: str
) -> None:
    refused = api.put("/teams/refused", content=body, headers=JSON)
    assert (refused.status_code, [fault["pointer"] for fault in refused.json()["errors"]]) == (status, [pointer])
    assert refused.json()["cure"]
