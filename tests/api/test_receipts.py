"""Receipts over HTTP: kept, verified, carried to another machine, and found out when they are not true."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from finopsmetrics.api.receipts import InputShown, QueryShown, ReceiptShown
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.store.lake import Input
from tests.api.bill import opened

SENT = "/api/v1/receipts/verify"


@pytest.fixture
def receipt(client: httpx.Client) -> dict[str, Any]:
    asked = {"group_by": "service,tags.team", "range": "2026-05", "filter": 'currency == "USD"', "grain": "week", "top": 2}
    found = client.get(f"/api/v1/receipts/{client.get('/api/v1/costs', params=asked).headers['X-Receipt']}")
    assert found.status_code == 200
    return dict(found.json())


def test_a_kept_receipt_is_reproduced(client: httpx.Client, receipt: dict[str, Any]) -> None:
    body = client.post(f"/api/v1/receipts/{receipt['id']}/verify").json()
    assert body["reproduced"] is True
    assert body["expected"] == body["found"] == receipt["answer"]["sha256"]
    assert body["totals"] == receipt["answer"]["totals"]


def test_a_receipt_is_reproduced_on_another_machine(receipt: dict[str, Any], copied: Path) -> None:
    with sqlite3.connect(copied / "state.db") as state:
        state.execute("DELETE FROM receipts")
    state.close()
    with opened(copied) as other, BackgroundServer(other) as server, httpx.Client(base_url=server.url, timeout=30) as there:
        assert there.get(f"/api/v1/receipts/{receipt['id']}").status_code == 404
        assert there.post(SENT, json=receipt).json()["reproduced"] is True


def test_a_machine_without_the_deliveries_says_so(receipt: dict[str, Any], fresh: httpx.Client) -> None:
    answer = fresh.post(SENT, json=receipt)
    assert answer.status_code == 404
    assert "is not in this home" in answer.json()["detail"]


def test_a_changed_receipt_is_not_reproduced(client: httpx.Client, receipt: dict[str, Any]) -> None:
    for changed in (
        {**receipt, "query": {**receipt["query"], "metric": "billed", "where": None}},
        {**receipt, "answer": {**receipt["answer"], "sha256": "0" * 64}},
        {**receipt, "inputs": []},
    ):
        answer = client.post(SENT, json=changed)
        assert answer.status_code == 200
        assert answer.json()["reproduced"] is False


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"metric": "free"}, 422),
        ({"group_by": "ServiceName"}, 422),
        ({"top": 1.5}, 422),
        ({"start": "2026-13-01T00:00:00"}, 422),
        ({"secret": 1}, 422),
        ({"start": "2026-02-30T00:00:00"}, 400),
        ({"where": "ServiceName =="}, 400),
        ({"group_by": ["Nothing"]}, 400),
        ({"group_by": ["tags.a", "TAGS.A"]}, 400),
    ],
)
def test_a_question_that_cannot_be_asked(
    client: httpx.Client, receipt: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    answer = client.post(SENT, json={**receipt, "query": {**receipt["query"], **change}})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_the_schema_knows_every_part_of_a_receipt(receipt: dict[str, Any]) -> None:
    assert set(QueryShown.model_fields) == {field.name for field in dataclasses.fields(CostQuery)}
    assert set(InputShown.model_fields) == {field.name for field in dataclasses.fields(Input)}
    assert set(ReceiptShown.model_fields) == set(receipt)
    assert ReceiptShown.model_validate(receipt).to_receipt().as_dict() == receipt
