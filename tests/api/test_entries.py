"""Cost entries over HTTP: durable, idempotent, exact; what the lake would refuse is refused at the door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, get_args

import httpx
import pytest

from finopsmetrics.api.entries import OF_THEIR_OWN, EntryIn
from finopsmetrics.focus.columns import charges
from finopsmetrics.store.entries import CostEntry

PATH = "/api/v1/cost-entries"


def entry(name: str = "e1", **changes: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": "2026-05-17T10:00:00Z", "cost": "12.34", "service": "LLM", **changes}


def totals(client: httpx.Client) -> dict[str, str]:
    return dict(client.get("/api/v1/costs", params={"range": "all"}).json()["totals"])


def test_an_entry_is_added_once_and_counts_to_the_last_digit(fresh: httpx.Client) -> None:
    sent = [
        entry(cost="0.000000000000000001", tags={"team": "ml", "a'b": "x"}, focus={"x_Model": "m-1", "SkuId": "s"}),
        entry("e2", cost="1", timestamp="2026-05-17T12:00:00+02:00", effective_cost="0.5", duration_seconds=60),
        entry("e3", cost="-2.50", currency="EUR", category="Credit", account="a", region="r", resource_id="i", provider="p"),
    ]
    first = fresh.post(PATH, json=sent)
    assert (first.status_code, first.json()) == (201, {"added": 3, "known": 0})
    assert totals(fresh) == {"EUR": "-2.500000000000000000", "USD": "1.000000000000000001"}
    again = fresh.post(PATH, json=[*sent, sent[0]])
    assert (again.status_code, again.json()) == (200, {"added": 0, "known": 3})
    more = fresh.post(PATH, json=[sent[0], entry("e4", cost="3")])
    assert (more.status_code, more.json()) == (201, {"added": 1, "known": 1})
    assert totals(fresh)["USD"] == "4.000000000000000001"
    rows = fresh.get("/api/v1/charges", params={"range": "all", "filter": 'x_Model == "m-1"'}).json()["rows"]
    assert [(row["SkuId"], row["x_CostEntryId"]) for row in rows] == [("s", "e1")]
    by_tag = fresh.get("/api/v1/costs", params={"range": "all", "group_by": "tags.team"}).json()["rows"]
    assert {row["tags.team"] for row in by_tag} == {"ml", None}
    utc = fresh.get("/api/v1/costs", params={"range": "2026-05-17T10:00Z..2026-05-17T10:01Z", "metric": "effective"}).json()
    assert Decimal(utc["totals"]["USD"]) >= Decimal("0.5")  # e2 began at 10:00 UTC


def test_one_id_has_one_content(fresh: httpx.Client) -> None:
    assert fresh.post(PATH, json=[entry()]).status_code == 201
    for sent in ([entry(cost="2")], [entry("new"), entry(cost="2")], [entry("twin"), entry("twin", cost="2")]):
        answer = fresh.post(PATH, json=sent)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert totals(fresh) == {"USD": "12.340000000000000000"}  # all or none: "new" and "twin" were not taken


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cost": 12.34}, "/1/cost"),
        ({"cost": "1e30"}, "/1/cost"),
        ({"cost": "NaN"}, "/1/cost"),
        ({"cost": "1" * 16}, "/1/cost"),
        ({"cost": "0.1234567890123456789"}, "/1/cost"),
        ({"cost": "١"}, "/1/cost"),
        ({"timestamp": "1989-01-01T00:00:00Z"}, "/1/timestamp"),
        ({"timestamp": 1_780_000_000}, "/1/timestamp"),
        ({"timestamp": "2026-05-17"}, "/1/timestamp"),
        ({"service": ""}, "/1/service"),
        ({"service": "a\rb"}, "/1/service"),
        ({"service": "a\0b"}, "/1/service"),
        ({"currency": "usd"}, "/1/currency"),
        ({"category": "Fun"}, "/1/category"),
        ({"duration_seconds": 0}, "/1/duration_seconds"),
        ({"duration_seconds": True}, "/1/duration_seconds"),
        ({"duration_seconds": 10**9}, "/1/duration_seconds"),
        ({"tags": {"": "x"}}, "/1/tags/"),
        ({"tags": {'a"b': "x"}}, '/1/tags/a"b'),
        ({"tags": {"*": "x"}}, "/1/tags/*"),
        ({"focus": {"x_ b": "x"}}, "/1/focus/x_ b"),
        ({"id": " "}, "/1/id"),
        ({"amount": "1"}, "/1/amount"),
    ],
)
def test_what_breaks_the_schema_is_refused_whole(client: httpx.Client, change: dict[str, Any], pointer: str) -> None:
    answer = client.post(PATH, json=[entry("good"), entry("bad", **change)])
    assert answer.status_code == 422
    assert {(error["where"], error["pointer"]) for error in answer.json()["errors"]} == {("body", pointer)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"timestamp": "2026-02-30T00:00:00Z"}, "not a date"),
        ({"timestamp": "1990-01-01T00:00:00+10:00"}, "1990"),
        ({"service": "NULL"}, "stands for nothing"),
        ({"provider": "n/a"}, "stands for nothing"),
        ({"focus": {"BilledCost": "1"}}, "set by cost"),
        ({"focus": {"Tags": "{}"}}, "set by tags"),
        ({"focus": {"Nothing": "1"}}, "no FOCUS 1.4 column"),
        ({"focus": {"PricingQuantity": "many"}}, "no decimal number"),
        ({"focus": {"SkuPriceDetails": "[1]"}}, "no JSON object"),
        ({"focus": {"SkuPriceDetails": "[" * 5000}}, "schema"),
        ({"focus": {"PricingCategory": "Cheap"}}, "Cheap"),
        ({"focus": {"x_fm_source": "me"}}, "written by finopsmetrics"),
        ({"focus": {"x_A": "1", "x_a": "2"}}, "twice"),
    ],
)
def test_what_the_lake_would_refuse_is_refused_at_the_door(client: httpx.Client, change: dict[str, Any], told: str) -> None:
    answer = client.post(PATH, json=[entry("bad", **change)])
    assert answer.status_code in {400, 422}
    assert told in answer.json()["detail"]
    assert client.get("/api/v1/costs").status_code == 200


def test_how_many_at_once(client: httpx.Client) -> None:
    assert client.post(PATH, json=[]).status_code == 422
    assert client.post(PATH, json=[entry(f"e{number}") for number in range(1001)]).status_code == 422


def test_writers_and_readers_at_once_lose_and_double_nothing(fresh: httpx.Client) -> None:
    def write(number: int) -> int:
        fresh.get("/api/v1/costs", params={"range": "all"})
        return fresh.post(PATH, json=[entry(f"e{number}", cost="1"), entry(f"f{number}", cost="0.5")]).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, range(18))) == {201}
    assert totals(fresh) == {"USD": "27.000000000000000000"}


def test_the_schema_follows_focus_and_the_entry() -> None:
    allowed = charges().columns["ChargeCategory"].allowed
    assert set(get_args(EntryIn.model_fields["category"].annotation)) == set(allowed)
    assert set(OF_THEIR_OWN) <= set(charges().columns)
    assert set(EntryIn.model_fields) - {"duration_seconds"} == set(CostEntry.__dataclass_fields__) - {"duration"}
