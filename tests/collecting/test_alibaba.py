"""Alibaba Cloud: bills fetched from BssOpenApi on loopback, judged by an extract of Alibaba Cloud's own SDK."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.integrations.alibaba.bss import passing
from finopsmetrics.integrations.alibaba.signing import signature, signed, string_to_sign
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.contract import Contract
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN, Bench, Scenarios

KEYS = {"access_key_id": "LTAI5tAnExample", "access_key_secret": "kZ9-a-secret-of-alibaba"}
ACCOUNT = "1850000000000489"
THROTTLED = {"Code": "Throttling.User", "Message": "Request was denied due to user flow control."}


def test_the_signature_is_that_of_the_documented_example() -> None:
    """Alibaba Cloud, "Request syntax and signature method V2 for RPC APIs": DescribeRegions, testid, testsecret."""
    asked = signed(
        {"Action": "DescribeRegions", "Version": "2014-05-26"},
        method="GET",
        key_id="testid",
        key_secret="testsecret",
        now=datetime(2016, 2, 23, 12, 46, 24),
        nonce="3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        form="XML",
    )
    assert asked.pop("Signature") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert string_to_sign("GET", asked) == (
        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1"
        "%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0"
        "%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26"
    )
    assert string_to_sign("GET", {"a b": "*~é"}) == "GET&%2F&a%2520b%3D%252A~%25C3%25A9"


@pytest.mark.parametrize(
    ("content", "again"),
    [
        (b'{"Code": "Throttling"}', True),
        (b'{"Code": "Throttling.Api"}', True),
        (b'{"Code": "ServiceUnavailable"}', True),
        (b'{"Code": "Success"}', False),
        (b'{"Code": "InvalidParameter"}', False),
        (b"<html>", False),
        (b"[1]", False),
    ],
)
def test_what_asks_to_be_asked_again(content: bytes, again: bool) -> None:
    assert passing(content) is again


def item(amount: str, day: str = "") -> dict[str, Any]:
    return {
        "Item": "PayAsYouGoBill",
        "SubscriptionType": "PayAsYouGo",
        "ProductCode": "ecs",
        "ProductName": "Elastic Compute Service",
        "InstanceID": "i-0001",
        "Region": "ap-southeast-1",
        "PretaxGrossAmount": float(amount),
        "InvoiceDiscount": 0,
        "PretaxAmount": float(amount),
        "Currency": "USD",
        "BillingDate": day,
        "Usage": "720",
        "UsageUnit": "Hour",
    }


class Alibaba:
    """Bills with one item a page; a daily bill has everything on the cycle's fifth day."""

    def __init__(self) -> None:
        self.items: dict[str, list[str]] = defaultdict(list)

    def add(self, month: str, amount: str) -> None:
        self.items[month].append(amount)

    def answer(self, asked: Asked) -> Reply:
        asked_for = dict(asked.query)
        assert asked_for.pop("Signature") == signature("POST", asked_for, KEYS["access_key_secret"])
        month, day = asked_for["BillingCycle"], asked_for.get("BillingDate", "")
        amounts = self.items[month] if day in {"", f"{month}-05"} else []
        place = int(asked_for.get("NextToken", 0))
        rows = [item(amount, day) for amount in amounts[place : place + 1]]
        more = {"NextToken": str(place + 1)} if place + 1 < len(amounts) else {}
        account = {"AccountID": ACCOUNT, "AccountName": "acme@example.com", "BillingCycle": month}
        data = {**account, "Items": rows, "TotalCount": len(amounts), "MaxResults": 300, **more}
        return Reply({"Code": "Success", "Message": "Successful!", "RequestId": "x", "Success": True, "Data": data})


@pytest.fixture
def cloud() -> Alibaba:
    made = Alibaba()
    for month, amount in ((EARLIER, "1.25"), (EARLIER, "2.5"), (OPEN, "4")):
        made.add(month, amount)
    return made


@pytest.fixture
def bench(cloud: Alibaba, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    contract = Contract("alibaba")
    api = FakeApi(cloud.answer, contract.judge)
    monkeypatch.setenv(ALLOWED, api.url)
    settings = {"since": EARLIER, "endpoint": api.url}
    refusal = Reply({"Code": "InvalidAccessKeyId.NotFound", "Message": "Specified access key is not found."}, 404)

    def second(asked: Asked) -> bool:
        return asked.query["BillingCycle"] == EARLIER and "NextToken" in asked.query

    secrets = {"access_key_secret": KEYS["access_key_secret"], "access_key_id": KEYS["access_key_id"]}
    yield Bench("alibaba", api, contract, acting, syncing, settings, secrets, cloud.add, second, refusal)
    api.close()


class TestAlibaba(Scenarios):
    def test_every_request_and_reply_keeps_bssopenapi20171214_5_1_2_of_october_2026(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for granularity in ("monthly", "daily"):
            bench.connect(monkeypatch, granularity=granularity)
            bench.syncing.check(bench.syncing.connection("bill"))
            bench.statuses()
        assert bench.contract.seen["DescribeInstanceBill"] > 20

    @pytest.mark.parametrize("status", [200, 400, 503])
    def test_throttling_is_waited_for_whatever_its_status_and_each_attempt_is_signed_anew(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, waits: list[float], status: int
    ) -> None:
        bench.connect(monkeypatch)
        left = [Reply(THROTTLED, status)] * 3
        bench.api.fault = lambda asked: left.pop() if left and bench.second(asked) else None
        assert bench.statuses() == {EARLIER: "taken", OPEN: "taken"}
        assert bench.billed() == Decimal("7.75")
        assert len(waits) == 3
        nonces = [asked.query["SignatureNonce"] for asked in bench.api.asked]
        assert len(set(nonces)) == len(nonces)

    def test_days_are_asked_for_one_by_one_up_to_chinas_today(
        self, bench: Bench, cloud: Alibaba, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch, granularity="daily")
        bench.statuses()
        assert bench.billed() == Decimal("7.75")
        days = [asked.query["BillingDate"] for asked in bench.api.asked if asked.query["BillingCycle"] == OPEN]
        assert (days[0], days[-1], len(days)) == ("2026-10-01", "2026-10-20", 20)
        sql = "SELECT DISTINCT ChargePeriodStart::VARCHAR AS start FROM cost_and_usage ORDER BY 1"
        starts = [row["start"][:19] for row in bench.acting.sql(sql).to_pylist()]
        assert starts == ["2026-08-04 16:00:00", "2026-10-04 16:00:00"]

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply({"Code": "NotApplicable", "Message": "Not for you.", "Success": False}), "NotApplicable: Not for you"),
            (Reply({"Code": "Success", "Success": True, "Data": {"Items": [], "TotalCount": 2}}), "gave 1 of 2 items of 2026-08"),
        ],
    )
    def test_an_answer_that_is_no_bill_or_not_whole_is_not_taken(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, reply: Reply, said: str
    ) -> None:
        bench.connect(monkeypatch)
        bench.api.fault = lambda asked: reply if bench.second(asked) else None
        assert said in (bench.syncing.sync("bill").error or "")
        assert bench.billed() == Decimal(4)
