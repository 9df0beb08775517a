"""Datadog: monthly costs fetched from a stand-in of the usage API, judged by what datadog-api-client has of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import SourceError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply

KEYS = {"DD_API": "an-api-key", "DD_APP": "an-application-key"}
PARTS = (("infra_host", "committed", 1500), ("infra_host", "on_demand", 212.4), ("infra_host", "total", 1712.4))


def org(month: str, *charges: tuple[str, str, float], name: str = "shop") -> dict[str, Any]:
    told = [{"product_name": product, "charge_type": kind, "cost": cost} for product, kind, cost in charges]
    attributes = {"account_name": "Example", "account_public_id": "acc1", "org_name": name, "public_id": f"id-{name}"}
    attributes |= {"region": "us", "date": f"{month}-01T00:00:00Z", "total_cost": 1.5}
    return {"type": "cost_by_org", "id": f"{name}-{month}", "attributes": {**attributes, "charges": told}}


class Datadog:
    """A stand-in: costs of closed months and estimates of open ones."""

    def __init__(self) -> None:
        self.historical: dict[str, list[dict[str, Any]]] = {}
        self.estimated: dict[str, list[dict[str, Any]]] = {}
        self.known = dict(KEYS)
        contract = Contract("datadog")
        assert contract.text["date"] > "2026-10"
        self.api = FakeApi(self.answer, contract.judge)

    def answer(self, asked: Asked) -> Reply:
        if (asked.headers["dd-api-key"], asked.headers["dd-application-key"]) != tuple(self.known.values()):
            return Reply({"errors": ["Forbidden"]}, 403)
        assert asked.query["start_month"] == asked.query["end_month"]
        there = self.historical if asked.path.endswith("historical_cost") else self.estimated
        return Reply({"data": there.get(asked.query["start_month"], [])})

    def months(self) -> list[str]:
        """What was asked since the last call: the kind's first letter and the month."""
        found = [f"{asked.path.rsplit('/', 1)[1][0]} {asked.query['start_month']}" for asked in self.api.asked]
        self.api.asked.clear()
        return found


@pytest.fixture
def datadog(hand: Hand, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Datadog]:
    hand.at = datetime(2026, 10, 10, 6, tzinfo=UTC)
    made = Datadog()
    monkeypatch.setenv(ALLOWED, made.api.url)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    connect(request.getfixturevalue("acting"), made)
    yield made
    made.api.close()


def connect(acting: Acting, made: Datadog, **more: Any) -> None:
    settings = {"currency": "EUR", "since": "2026-07", "endpoint": made.api.url, **more}
    secrets = {"api_key": "env:DD_API", "application_key": "env:DD_APP"}
    acting.specs.put("connection", "datadog", {"integration": "datadog", "settings": settings, "secrets": secrets})


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("datadog").batches}


def test_closed_months_replace_estimates_and_are_fetched_no_more_judged_by_datadog_api_client_2_62_of_october_2026(
    datadog: Datadog, syncing: Syncing, acting: Acting, hand: Hand
) -> None:
    datadog.historical = {"2026-08": [org("2026-08", *PARTS), org("2026-08", ("siem", "total", 45.5), name="lab")]}
    datadog.estimated = {month: [org(month, ("infra_host", "total", 100))] for month in ("2026-08", "2026-09", "2026-10")}
    took = {one.key: one for one in syncing.sync("datadog").batches}
    assert [one.status for one in took.values()] == ["empty", "taken", "taken", "taken"]
    assert set(took["2026-08"].totals) == {"EUR"}
    assert datadog.months() == ["h 2026-07", "h 2026-08", "h 2026-09", "e 2026-09", "e 2026-10"]
    assert billed(acting.workspace) == Decimal("1957.9")

    hand.pass_(days=10)
    datadog.historical["2026-09"] = [org("2026-09", ("infra_host", "on_demand", 98.76))]
    assert statuses(syncing) == {"2026-07": "known", "2026-08": "same", "2026-09": "taken", "2026-10": "same"}
    assert billed(acting.workspace) == Decimal("1956.66")
    datadog.historical["2026-09"] = [org("2026-09", ("infra_host", "on_demand", 98.76), ("credit", "total", -8.76))]
    datadog.months()
    assert statuses(syncing)["2026-09"] == "taken"  # a month is asked for until it has settled
    assert datadog.months() == ["h 2026-09", "e 2026-10"]  # August was fetched more than 45 days after its end
    assert billed(acting.workspace) == Decimal("1947.9")

    hand.pass_(days=60)  # to the 19th of December
    datadog.historical["2026-10"] = [org("2026-10", ("infra_host", "total", 101))]
    syncing.sync("datadog")
    datadog.months()
    syncing.sync("datadog")
    assert datadog.months() == ["h 2026-11", "e 2026-11", "e 2026-12"]


def test_an_estimate_that_no_closed_month_follows_is_told(datadog: Datadog, syncing: Syncing, acting: Acting, hand: Hand) -> None:
    datadog.estimated = {"2026-10": [org("2026-10", ("infra_host", "total", 100))]}
    syncing.sync("datadog")
    hand.pass_(days=60)
    datadog.estimated = {}
    assert "gives no row for 2026-10 any more" in str(syncing.sync("datadog").error)
    assert billed(acting.workspace) == Decimal("100")


def test_what_is_asked_for(datadog: Datadog, syncing: Syncing, acting: Acting) -> None:
    connect(acting, datadog, view="summary", connected=True, since="2026-10")
    datadog.estimated = {"2026-10": [org("2026-10", ("infra_host", "total", 100))]}
    assert statuses(syncing) == {"2026-10": "taken"}
    [asked] = datadog.api.asked
    assert (asked.query["view"], asked.query["include_connected_accounts"]) == ("summary", "true")


def test_what_is_answered_in_between_is_waited_for(
    datadog: Datadog, syncing: Syncing, acting: Acting, waits: list[float]
) -> None:
    datadog.historical = {"2026-08": [org("2026-08", *PARTS)]}
    answer = datadog.api.answer
    limited = Reply({"errors": ["Rate limit exceeded"]}, 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"})
    troubles = [limited, HTML, Reply(b"", 500)]
    datadog.api.judge = lambda *_: None
    datadog.api.answer = lambda asked: troubles.pop(0) if asked.query["start_month"] == "2026-08" and troubles else answer(asked)
    assert statuses(syncing)["2026-08"] == "taken"
    assert billed(acting.workspace) == Decimal("1712.4")
    assert 9.0 in waits
    assert not troubles


def test_a_month_that_fails_is_taken_with_the_next_sync(datadog: Datadog, syncing: Syncing, acting: Acting) -> None:
    datadog.historical = {month: [org(month, *PARTS)] for month in ("2026-07", "2026-08")}
    answer = datadog.api.answer
    datadog.api.answer = lambda asked: Reply(b"", 500) if asked.query["start_month"] == "2026-08" else answer(asked)
    assert "answered 500" in str(syncing.sync("datadog").error)
    assert billed(acting.workspace) == Decimal("1712.4")
    datadog.api.answer = answer
    assert statuses(syncing)["2026-08"] == "taken"
    assert billed(acting.workspace) == Decimal("3424.8")
    datadog.api.answer = lambda _: Reply({})
    with pytest.raises(SourceError, match="has no list data"):
        syncing.sync("datadog")


def test_check_and_credentials_that_do_not_hold(
    datadog: Datadog, syncing: Syncing, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    datadog.historical = {"2026-08": [org("2026-08", *PARTS)]}
    [check] = syncing.check(syncing.connection("datadog"))
    assert (check.ok, check.detail) == (True, "1 organizations have costs in 2026-08")
    monkeypatch.setenv("DD_APP", "an-expired-key")
    [check] = syncing.check(syncing.connection("datadog"))
    assert (check.ok, "answered 403: Forbidden" in check.detail) == (False, True)
    with pytest.raises((SourceError, ApiError), match="Forbidden") as told:
        syncing.sync("datadog")
    assert "an-expired-key" not in str(told.value)
    connect(acting, datadog, endpoint=None, site="datadoghq.com.evil.example")
    with pytest.raises(UsageError, match="is not the vendor's"):
        syncing.sync("datadog")
    connect(acting, datadog, currency=None)
    with pytest.raises(UsageError, match="currency"):
        syncing.sync("datadog")
    state = b"".join(path.read_bytes() for path in acting.workspace.home.glob("state.db*"))
    assert b"an-expired-key" not in state
