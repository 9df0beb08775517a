"""DigitalOcean: invoices fetched from the API on loopback, judged by an extract of DigitalOcean's own client."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.contract import Contract
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN, Bench, Scenarios

TOKEN = "dop_v1_0123456789abcdef"
TEAM = "a1b2c3d4-0000-4000-8000-000000000000"
PLACE = "/v2/customers/my/invoices"


def uuid_of(number: int) -> str:
    return f"22737513-0ea7-4206-8ceb-{number:012}"


CLOSED, PREVIEW = uuid_of(1), uuid_of(2)


def item(amount: str, period: str) -> dict[str, str]:
    return {
        "product": "Droplets",
        "resource_uuid": "711157cb-37c8-4817-b371-44fa3504a39c",
        "description": "web (s-1vcpu-1gb)",
        "amount": amount,
        "duration": "24",
        "duration_unit": "Hours",
        "start_time": f"{period}-01T00:00:00Z",
        "end_time": f"{period}-02T00:00:00Z",
    }


class DigitalOcean:
    """Invoices with one item a page, and the preview of the running month."""

    def __init__(self) -> None:
        self.periods = {CLOSED: EARLIER, PREVIEW: OPEN}
        self.preview: str | None = PREVIEW
        self.items: dict[str, list[dict[str, str]]] = {CLOSED: [], PREVIEW: []}

    def add(self, period: str, amount: str) -> None:
        self.items[next(uuid for uuid, one in self.periods.items() if one == period)].append(item(amount, period))

    def head(self, uuid: str) -> dict[str, str]:
        amount = str(sum(Decimal(one["amount"]) for one in self.items[uuid]))
        updated = {"updated_at": f"2026-10-20T00:00:{len(self.items[uuid]):02}Z"} if uuid == self.preview else {}
        return {"invoice_uuid": uuid, "amount": amount, "invoice_period": self.periods[uuid], **updated}

    def answer(self, asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        page = int(asked.query["page"])
        if asked.path == PLACE:
            rows: list[Any] = [self.head(uuid) for uuid in self.periods if uuid != self.preview]
            name, more = "invoices", {"invoice_preview": self.head(self.preview)} if self.preview else {}
        else:
            rows, name, more = self.items[asked.path.rsplit("/", 1)[1]], "invoice_items", {}
        pages = {"next": f"https://api.digitalocean.com{asked.path}?page={page + 1}&per_page=1"} if page < len(rows) else {}
        return Reply({name: rows[page - 1 : page], "links": {"pages": pages}, "meta": {"total": len(rows)}, **more})


@pytest.fixture
def ocean() -> DigitalOcean:
    made = DigitalOcean()
    for period, amount in ((EARLIER, "1.25"), (EARLIER, "2.5"), (OPEN, "4")):
        made.add(period, amount)
    return made


@pytest.fixture
def bench(ocean: DigitalOcean, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    contract = Contract("digitalocean")
    api = FakeApi(ocean.answer, contract.judge)
    monkeypatch.setenv(ALLOWED, api.url)
    settings = {"team_uuid": TEAM, "since": EARLIER, "endpoint": api.url}

    def second(asked: Asked) -> bool:
        return asked.path.endswith(CLOSED) and asked.query["page"] == "2"

    yield Bench("digitalocean", api, contract, acting, syncing, settings, {"token": TOKEN}, ocean.add, second)
    api.close()


class TestDigitalOcean(Scenarios):
    def test_every_request_and_reply_keeps_pydo_0_44_0_of_october_2026(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        assert set(bench.contract.seen) == {one["id"] for one in bench.contract.text["operations"]}

    def test_nothing_is_offered_before_the_first_month_that_is_asked_for(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.settings["since"] = "2099-01"
        bench.connect(monkeypatch)
        assert list(bench.syncing.sync("bill").batches) == []

    def test_several_invoices_of_a_period_are_one_delivery(
        self, bench: Bench, ocean: DigitalOcean, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        ocean.periods[uuid_of(3)], ocean.items[uuid_of(3)] = EARLIER, [item("0.05", EARLIER)]
        [took] = [one for one in bench.syncing.sync("bill").batches if one.status != "known"]
        assert (took.key, took.status, took.fetched, took.reused) == (EARLIER, "taken", 1, 1)
        assert bench.billed() == Decimal("7.8")

    @pytest.mark.parametrize("same", [True, False], ids=["the preview's own", "another"])
    def test_an_invoice_takes_the_place_of_its_preview(
        self, bench: Bench, ocean: DigitalOcean, monkeypatch: pytest.MonkeyPatch, same: bool
    ) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        closed = PREVIEW if same else uuid_of(4)
        ocean.periods[closed], ocean.items[closed] = OPEN, [item("4.5", OPEN)]
        ocean.preview = None if same else PREVIEW
        assert bench.statuses() == {OPEN: "taken"}
        assert bench.billed() == Decimal("8.25")
        ocean.preview = None
        if not same:
            ocean.periods.pop(PREVIEW)
        assert bench.statuses() == {}

    def test_an_invoice_that_lacks_items_is_not_taken(
        self, bench: Bench, ocean: DigitalOcean, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        short = Reply({"invoice_items": [], "links": {}, "meta": {"total": 2}})
        bench.api.fault = lambda asked: short if bench.second(asked) else None
        done = bench.syncing.sync("bill")
        assert "DigitalOcean gave 1 of 2 invoice_items" in (done.error or "")
        assert bench.billed() == Decimal(4)

    def test_invoice_period_and_team_stand_beside_each_item(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        sql = "SELECT DISTINCT InvoiceId AS invoice, BillingAccountId AS team FROM cost_and_usage ORDER BY 1"
        assert [tuple(row.values()) for row in bench.acting.sql(sql).to_pylist()] == [(CLOSED, TEAM), (PREVIEW, TEAM)]
