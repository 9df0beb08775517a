"""Answers over HTTP: every format holds the same figures, and they are the bill's."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest

from finopsmetrics.api import formats
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import FORMULA, MAY, RESTATED, TOTALS

COSTS = "/api/v1/costs"


def sums(rows: list[dict[str, Any]], column: str = "cost", currency: str = "currency") -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row[currency]] = found.get(row[currency], Decimal(0)) + Decimal(str(row[column] or 0))
    return found


def from_csv(response: httpx.Response) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.text)))


def from_arrow(response: httpx.Response) -> pa.Table:
    assert response.headers["content-type"] == "application/vnd.apache.arrow.stream"
    return pa.ipc.open_stream(response.content).read_all()


def test_costs_are_the_bill_to_the_last_digit(client: httpx.Client) -> None:
    answer = client.get(COSTS, params={"group_by": "ServiceName", "range": "all"})
    assert answer.status_code == 200
    body = answer.json()
    assert sums(body["rows"]) == TOTALS
    assert {currency: Decimal(amount) for currency, amount in body["totals"].items()} == TOTALS
    assert body["totals"]["USD"].endswith("679")  # 18 fractional digits: the tiny part is there
    assert body["window"] == {"start": None, "end": None, "label": "all time"}
    assert body["receipt"] == answer.headers["X-Receipt"]


@pytest.mark.parametrize(
    "asked",
    [
        {"group_by": "service,account", "range": "all"},
        {"group_by": ["ServiceName", "tags.team"], "range": "2026-05"},
        {"group_by": "account", "range": "2026-05-01..2026-05-31", "grain": "day", "metric": "effective"},
        {"group_by": "service", "range": "2026-05", "compare": "true"},
        {"group_by": "service", "range": "all", "top": "1", "basis": "cash"},
        {"range": "2026-05-03T00:00Z..2026-05-03T00:30Z"},
    ],
)
def test_the_formats_are_equal(client: httpx.Client, asked: dict[str, Any]) -> None:
    plain = client.get(COSTS, params=asked)
    rows = plain.json()["rows"]
    as_csv = client.get(COSTS, params={**asked, "format": "csv"})
    as_arrow = client.get(COSTS, params=asked, headers={"Accept": "application/vnd.apache.arrow.stream"})
    assert {answer.headers["X-Receipt"] for answer in (plain, as_csv, as_arrow)} == {plain.json()["receipt"]}
    assert rows
    assert sums(rows) == sums(from_csv(as_csv)) == sums(from_arrow(as_arrow).to_pylist())
    assert list(rows[0]) == list(from_csv(as_csv)[0]) == from_arrow(as_arrow).column_names
    assert len(rows) == len(from_csv(as_csv)) == from_arrow(as_arrow).num_rows
    assert from_arrow(as_arrow).schema.field("cost").type == pa.decimal128(38, 18)
    assert from_arrow(as_arrow).schema.metadata[b"finopsmetrics.receipt"].decode() == plain.json()["receipt"]


def test_the_answer_is_the_one_that_python_gives(client: httpx.Client, held: Workspace) -> None:
    answer = held.costs.get_costs(group_by=["service", "tags.team"], time_range="2026-05", filters='currency == "USD"')
    asked = {"group_by": "service,tags.team", "range": "2026-05", "filter": 'currency == "USD"'}
    body = client.get(COSTS, params=asked).json()
    assert body["rows"] == answer.to_json_rows()
    assert body["receipt"] == answer.receipt.id
    assert body["window"] == {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z", "label": "2026-05-01 … 2026-05-31"}


def test_a_window_before_that_is_not_held_whole_says_so(client: httpx.Client) -> None:
    first = min(row["ChargePeriodStart"] for row in client.get("/api/v1/charges", params={"range": "all"}).json()["rows"])
    told = client.get(COSTS, params={"range": "2026-05", "compare": "true"}).json()["compared"]
    assert told == {
        "start": "2026-04-01T00:00:00Z",
        "end": "2026-05-01T00:00:00Z",
        "label": "2026-04-01 … 2026-04-30",
        "held_from": first,
    }
    later = client.get(COSTS, params={"range": "2026-07", "compare": "true"}).json()["compared"]
    assert (later["label"], later["held_from"]) == ("2026-06-01 … 2026-06-30", None)
    assert client.get(COSTS, params={"range": "2026-05"}).json()["compared"] is None


def test_the_default_window_is_thirty_days(client: httpx.Client) -> None:
    body = client.get(COSTS).json()
    assert (body["window"]["start"], body["window"]["end"]) == ("2026-05-03T00:00:00Z", "2026-06-02T00:00:00Z")
    assert sums(body["rows"]) == sums([{"currency": row[3], "cost": row[4]} for row in RESTATED])


def test_a_formula_is_plain_text_in_csv(client: httpx.Client) -> None:
    text = client.get(COSTS, params={"group_by": "service", "range": "all", "format": "csv"})
    assert "'" + FORMULA in {row["service"] for row in from_csv(text)}
    charges = client.get("/api/v1/charges", params={"range": "all", "format": "csv"})
    assert "'" + FORMULA in {row["ServiceName"] for row in from_csv(charges)}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*;q=0.9, application/json;q=0.1", "text/csv; charset=utf-8"),
        ("application/json;q=0, */*;q=0.1", "text/csv; charset=utf-8"),
        ("text/html, application/vnd.apache.arrow.stream;q=0.2", "application/vnd.apache.arrow.stream"),
        ("nonsense, ;;;, */*;q=what, application/json", "application/json"),
    ],
)
def test_accept_chooses_the_format(client: httpx.Client, accept: str, kind: str) -> None:
    assert client.get(COSTS, headers={"Accept": accept}).headers["content-type"] == kind


def test_what_is_not_served_is_406_unless_format_asks(client: httpx.Client) -> None:
    assert client.get(COSTS, headers={"Accept": "image/png"}).status_code == 406
    assert client.get(COSTS, headers={"Accept": "application/json;q=0"}).status_code == 406
    assert client.get(COSTS, params={"format": "csv"}, headers={"Accept": "image/png"}).status_code == 200


def test_long_answers_are_streamed_and_the_same(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"group_by": "service,account,ResourceId", "range": "all"}
    whole = {form: client.get(COSTS, params={**asked, "format": form}) for form in ("json", "csv", "arrow")}
    monkeypatch.setattr(formats, "SHORT", 1)
    monkeypatch.setattr(formats, "CHUNK", 2)
    for form, before in whole.items():
        streamed = client.get(COSTS, params={**asked, "format": form})
        assert streamed.headers["transfer-encoding"] == "chunked"
        assert "content-length" in before.headers
        if form == "arrow":
            assert from_arrow(streamed).equals(from_arrow(before))
        else:
            assert streamed.content == before.content
    assert whole["json"].json()["rows"]


def test_what_was_known_then(client: httpx.Client) -> None:
    then = client.get(COSTS, params={"range": "2026-05", "as_of": "2026-05-25"}).json()
    now = client.get(COSTS, params={"range": "2026-05"}).json()
    assert sums(then["rows"]) == sums([{"currency": row[3], "cost": row[4]} for row in MAY])
    assert then["receipt"] != now["receipt"]


def test_the_difference_is_the_restatement_and_both_sides_have_receipts(client: httpx.Client) -> None:
    asked = {"range": "2026-05", "as_of": "2026-05-25", "group_by": "service,account"}
    body = client.get("/api/v1/costs/difference", params=asked).json()
    assert len(body["rows"]) == 1
    row = body["rows"][0]
    assert (row["service"], row["account"], Decimal(row["change"])) == ("Compute", "100", Decimal(-1))
    assert Decimal(body["now"]["totals"]["USD"]) - Decimal(body["then"]["totals"]["USD"]) == Decimal(-1)
    for side in ("then", "now"):
        verified = client.post(f"/api/v1/receipts/{body[side]['receipt']}/verify").json()
        assert verified["reproduced"] is True
    as_csv = from_csv(client.get("/api/v1/costs/difference", params={**asked, "format": "csv"}))
    assert [line["change"] for line in as_csv] == [row["change"]]
    nothing = client.get("/api/v1/costs/difference", params={**asked, "until": "2026-05-26"}).json()
    assert nothing["rows"] == []


def test_charges_come_in_pages_that_make_the_whole(client: httpx.Client) -> None:
    path: str | None = "/api/v1/charges?range=all&limit=3"
    rows: list[dict[str, Any]] = []
    sizes = []
    while path:
        page = client.get(path).json()
        rows += page["rows"]
        sizes.append(len(page["rows"]))
        path = page["next"]
    assert sizes == [3, 3, 1]
    assert sums(rows, "BilledCost", "BillingCurrency") == TOTALS
    assert len({row["ResourceId"] for row in rows}) == 7


def test_charges_take_a_filter_and_a_window(client: httpx.Client) -> None:
    asked = {"range": "2026-05", "filter": 'tags.team == "web" AND BilledCost > 1', "format": "arrow"}
    found = from_arrow(client.get("/api/v1/charges", params=asked))
    assert found.column("SubAccountId").to_pylist() == ["200"]
    assert found.schema.field("BilledCost").type == pa.decimal128(38, 18)


def test_twenty_at_once_give_the_same_receipt(client: httpx.Client) -> None:
    def ask(_: int) -> tuple[int, str, str]:
        answer = client.get(COSTS, params={"group_by": "service,ResourceId", "range": "2026-04..2026-05"})
        return answer.status_code, answer.headers["X-Receipt"], answer.text

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(ask, range(20)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 200


def test_dimensions_name_what_can_be_asked(client: httpx.Client) -> None:
    body = client.get("/api/v1/dimensions").json()
    assert body["short_names"]["service"] == "ServiceName"
    assert "team" in body["tag_keys"]
    by_name = {column["name"]: column for column in body["columns"]}
    assert by_name["ServiceName"]["snake"] == "service_name"
    assert by_name["ServiceName"]["short"] == "service"
    assert {column["kind"] for column in body["columns"]} == set(body["kinds"])
    for name in ("ServiceName", "service_name", "service", "x_fm_source"):
        assert client.get(COSTS, params={"group_by": name}).status_code == 200


def test_currency_is_in_every_answer_and_adds_nothing_as_a_dimension(client: httpx.Client) -> None:
    plain = client.get(COSTS, params={"group_by": "service", "range": "all"}).json()
    asked = client.get(COSTS, params={"group_by": "service,currency", "range": "all"}).json()
    assert asked["rows"] == plain["rows"]
