"""IBM Cloud: usage of instances fetched from the Usage Reports API on loopback, judged by an extract of IBM's own SDKs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN, Bench, Scenarios

ACCOUNT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
KEY, TOKEN = "ibm-api-key-Zq81", "eyJraWQiOiIyMDI2"


def metric(amount: str, name: str = "INSTANCE_HOURS", **more: Any) -> dict[str, Any]:
    cost = float(amount)
    priced = {"cost": cost, "rated_cost": cost, "price": [{"unitQuantity": 1, "price": 0.1}]}
    discounts = [{"ref": "Discount-1", "name": "platform-discount", "discount": 5}]
    return {
        "metric": name,
        "quantity": 720,
        "rateable_quantity": 700.5,
        "unit": "HOURS",
        **priced,
        "discounts": discounts,
        **more,
    }


def instance(month: str, *metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_id": ACCOUNT,
        "resource_instance_id": "crn:v1:bluemix:public:kubernetes-service:eu-de:a/0a1b2c:i-1::",
        "resource_id": "kubernetes-service",
        "resource_name": "Kubernetes Service",
        "region": "eu-de",
        "pricing_country": "USA",
        "currency_code": "USD",
        "billable": True,
        "plan_id": "kubernetes-service-standard",
        "month": month,
        "usage": list(metrics),
        "tags": ["env:prod"],
        "service_tags": [],
    }


class Ibm:
    """Usage with one instance a page, and tokens that hold for an hour."""

    def __init__(self) -> None:
        self.instances: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.tokens = 0
        self.offsets = True  # whether a next page is told by its offset, or by its address alone

    def add(self, month: str, amount: str) -> None:
        self.instances[month].append(instance(month, metric(amount)))

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/identity/token":
            self.tokens += 1
            body = {
                "access_token": f"{TOKEN}.{self.tokens}",
                "expires_in": 3600,
                "expiration": 1792500000,
                "token_type": "Bearer",
            }
            return Reply(body)
        assert asked.headers["authorization"] == f"Bearer {TOKEN}.{self.tokens}"
        month, place = asked.path.rsplit("/", 1)[1], int(asked.query.get("_start", 0))
        found = self.instances[month]
        following = str(place + 1)
        href = f"https://billing.cloud.ibm.com{asked.path}?_limit=200&_start={following}"
        told = {"href": href, **({"offset": following} if self.offsets else {})}
        more = {"next": told} if place + 1 < len(found) else {}
        return Reply({"limit": 200, "count": len(found), "resources": found[place : place + 1], **more})


@pytest.fixture
def ibm() -> Ibm:
    made = Ibm()
    for month, amount in ((EARLIER, "1.25"), (EARLIER, "2.5"), (OPEN, "4")):
        made.add(month, amount)
    return made


@pytest.fixture
def bench(ibm: Ibm, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    contract = Contract("ibm")
    api = FakeApi(ibm.answer, contract.judge)
    monkeypatch.setenv(ALLOWED, api.url)
    settings = {"account_id": ACCOUNT, "since": EARLIER, "endpoint": api.url, "token_endpoint": api.url}
    refusal = Reply({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found.", "context": {}}, 400)

    def second(asked: Asked) -> bool:
        return asked.path.endswith(EARLIER) and "_start" in asked.query

    yield Bench("ibm", api, contract, acting, syncing, settings, {"api_key": KEY}, ibm.add, second, refusal)
    api.close()


class TestIbm(Scenarios):
    def test_every_request_and_reply_keeps_ibm_platform_services_0_77_1_and_sdk_core_3_28_0_of_autumn_2026(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.syncing.check(bench.syncing.connection("bill"))
        bench.statuses()
        assert set(bench.contract.seen) == {one["id"] for one in bench.contract.text["operations"]}

    @pytest.mark.parametrize("offsets", [True, False])
    def test_each_metric_is_a_charge(self, bench: Bench, ibm: Ibm, monkeypatch: pytest.MonkeyPatch, offsets: bool) -> None:
        ibm.offsets = offsets
        free = metric("99", "WORKER_NODES", non_chargeable=True, discounts=[])
        ibm.instances[OPEN].append(instance(OPEN, metric("0.1", "STORAGE", non_chargeable=False), free))
        bench.connect(monkeypatch)
        rows = {one.key: one.rows for one in bench.syncing.sync("bill").batches}
        assert rows == {EARLIER: 2, "2026-09": 0, OPEN: 3}
        assert bench.billed() == Decimal("7.85")

    def test_a_token_is_asked_for_once_and_again_before_it_ends(
        self, bench: Bench, ibm: Ibm, hand: Hand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)

        def later(asked: Asked) -> None:
            if bench.second(asked):
                hand.pass_(minutes=56)

        bench.api.fault = later
        assert bench.statuses() == {EARLIER: "taken", OPEN: "taken"}
        assert ibm.tokens == 2
        bench.secrets["token"] = TOKEN
        bench.shows_no_secret()

    def test_a_refused_account_is_told(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        said = Reply({"errors": [{"code": "not_authorized", "message": "Not a billing administrator."}]}, 403)
        bench.api.fault = lambda asked: None if asked.path == "/identity/token" else said
        [token, usage] = bench.syncing.check(bench.syncing.connection("bill"))
        assert (token.ok, usage.ok) == (True, False)
        assert "answered 403: Not a billing administrator" in usage.detail

    def test_a_page_that_leads_to_itself_ends(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        again = Reply({"resources": [], "next": {"offset": "1"}})
        bench.api.fault = lambda asked: again if bench.second(asked) else None
        assert "gives the same page of 2026-08 again" in (bench.syncing.sync("bill").error or "")
