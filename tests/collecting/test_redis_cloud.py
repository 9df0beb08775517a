"""Redis Cloud: cost reports made and fetched on loopback, judged by the names of Redis's documentation."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.integrations.monthly import bounds
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN, Bench, Scenarios
from tests.integrations.reading import NATIVE

KEYS = {"account_key": "A4f9-account-key", "secret_key": "S2c1-secret-key"}
SAMPLE = NATIVE / "redis_cloud" / "cost-report.csv"


def report(month: str, amounts: list[str]) -> bytes:
    """A report with one charge an amount, in the columns of the published fields."""
    start, after = bounds(month)
    sample = next(iter(csv.DictReader(io.StringIO(SAMPLE.read_text()))))
    out = io.StringIO()
    lines = csv.DictWriter(out, sample)
    lines.writeheader()
    for amount in amounts:
        costs = dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), amount)
        times = {f"{kind}PeriodStart": f"{start:%Y-%m-%dT%H:%M:%SZ}" for kind in ("Billing", "Charge")}
        times |= {f"{kind}PeriodEnd": f"{after:%Y-%m-%dT%H:%M:%SZ}" for kind in ("Billing", "Charge")}
        lines.writerow({**sample, **costs, **times})
    return out.getvalue().encode()


class Redis:
    """Reports that are ready when they are looked after for the second time."""

    def __init__(self) -> None:
        self.amounts: dict[str, list[str]] = defaultdict(list)
        self.asked: list[dict[str, str]] = []
        self.looked: dict[str, int] = defaultdict(int)
        self.ends = "processing-completed"

    def add(self, month: str, amount: str) -> None:
        self.amounts[month].append(amount)

    def answer(self, asked: Asked) -> Reply:
        assert asked.headers["x-api-key"] == KEYS["account_key"]
        assert asked.headers["x-api-secret-key"] == KEYS["secret_key"]
        last = asked.path.rsplit("/", 1)[1]
        if asked.method == "POST":
            self.asked.append(asked.json())
            return Reply(self.task(asked.json()["startDate"][:7], "received"), 202)
        if asked.path.startswith("/v1/tasks/"):
            self.looked[last] += 1
            return Reply(
                self.task(last.removeprefix("task-"), self.ends if self.looked[last] % 2 == 0 else "processing-in-progress")
            )
        month = last[len("costs_") :][:7]
        return Reply(report(month, self.amounts[month]), headers={"Content-Type": "text/csv"})

    def task(self, month: str, status: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if status == "processing-completed":
            told = {"response": {"resource": {"costReportId": f"costs_{month}.csv"}}}
        elif status == "processing-error":
            told = {"response": {"error": {"type": "FORBIDDEN", "description": "The user's role may not do this"}}}
        return {"taskId": f"task-{month}", "commandType": "costReportCreateRequest", "status": status, **told}


@pytest.fixture
def redis() -> Redis:
    made = Redis()
    for month, amount in ((EARLIER, "1.25"), (EARLIER, "2.5"), (OPEN, "4")):
        made.add(month, amount)
    return made


@pytest.fixture
def bench(redis: Redis, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    contract = Contract("redis_cloud")
    api = FakeApi(redis.answer, contract.judge)
    monkeypatch.setenv(ALLOWED, api.url)
    settings = {"since": EARLIER, "endpoint": f"{api.url}/v1"}

    def second(asked: Asked) -> bool:
        return asked.path == f"/v1/cost-report/costs_{EARLIER}.csv"

    yield Bench("redis_cloud", api, contract, acting, syncing, settings, KEYS, redis.add, second)
    api.close()


class TestRedisCloud(Scenarios):
    def test_every_request_and_reply_keeps_the_names_of_redis_documentation_of_april_2026(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        assert set(bench.contract.seen) == {one["id"] for one in bench.contract.text["operations"]}

    def test_a_report_is_of_a_month_and_the_running_one_ends_yesterday(
        self, bench: Bench, redis: Redis, hand: Hand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        days = [(one["startDate"], one["endDate"]) for one in redis.asked]
        assert days == [("2026-08-01", "2026-08-31"), ("2026-09-01", "2026-09-30"), ("2026-10-01", "2026-10-19")]
        hand.at = hand.at.replace(month=11, day=2)
        assert "2026-11" not in {one.key for one in bench.syncing.sync("bill").batches}
        hand.pass_(days=1)
        bench.syncing.sync("bill")
        assert redis.asked[-1] == {"startDate": "2026-11-01", "endDate": "2026-11-02", "format": "csv"}

    def test_a_report_that_redis_does_not_make_is_told(self, bench: Bench, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        redis.ends = "processing-error"
        [only] = bench.syncing.check(bench.syncing.connection("bill"))
        assert only.detail == "Redis Cloud made no cost report of 2026-10-01 to 2026-10-19: The user's role may not do this."
        assert "role Owner or Viewer" in only.cure

    def test_a_report_that_is_never_ready_is_not_waited_for_without_end(
        self, bench: Bench, redis: Redis, monkeypatch: pytest.MonkeyPatch, waits: list[float]
    ) -> None:
        bench.connect(monkeypatch)
        redis.ends = "processing-in-progress"
        [only] = bench.syncing.check(bench.syncing.connection("bill"))
        assert only.detail.endswith("processing-in-progress.")
        assert sum(waits) == 600
