"""GitHub: billing usage fetched from the REST API on loopback, judged by GitHub's own OpenAPI description."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.integrations.opening import checked_settings
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.contract import Contract
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.collecting.scenarios import EARLIER, OPEN, Bench, Scenarios

TOKEN = "github_pat_11AAAA_secret"
CENTER = {"id": "2eeb8ffe-6903-11ee-8c99-0242ac120002", "name": "Research", "state": "deleted", "resources": []}


def item(month: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "date": f"{month}-05T00:00:00Z",
        "product": "actions",
        "sku": "actions_linux",
        "quantity": 100,
        "unitType": "minutes",
        "pricePerUnit": 0.006,
        "grossAmount": float(amount),
        "discountAmount": 0,
        "netAmount": float(amount),
        "organizationName": "acme",
        "repositoryName": "acme/shop",
        **more,
    }


class GitHub:
    """The usage of an enterprise: what belongs to no cost center, then that of one."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def add(self, month: str, amount: str) -> None:
        center = CENTER["id"] if month == EARLIER and self.items[month, ""] else ""
        self.items[month, str(center)].append(item(month, amount))

    def answer(self, asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        if asked.path.endswith("/cost-centers"):
            return Reply({"costCenters": [CENTER]})
        month = f"{asked.query['year']}-{int(asked.query['month']):02}"
        return Reply({"usageItems": self.items[month, asked.query.get("cost_center_id", "")]})


def of_center(asked: Asked) -> bool:
    return asked.query.get("cost_center_id") == CENTER["id"] and asked.query["month"] == str(int(EARLIER[5:]))


@pytest.fixture
def github() -> GitHub:
    made = GitHub()
    for month, amount in ((EARLIER, "1.25"), (EARLIER, "2.5"), (OPEN, "4")):
        made.add(month, amount)
    return made


@pytest.fixture
def bench(github: GitHub, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    contract = Contract("github")
    api = FakeApi(github.answer, contract.judge)
    monkeypatch.setenv(ALLOWED, api.url)
    settings = {"enterprise": "acme-inc", "since": EARLIER, "endpoint": api.url}
    yield Bench("github", api, contract, acting, syncing, settings, {"token": TOKEN}, github.add, of_center)
    api.close()


class TestGitHub(Scenarios):
    def test_every_request_and_reply_keeps_octokit_openapi_23_0_2_of_september_2026(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for payer in ("enterprise", "organization", "user"):
            bench.settings.pop("enterprise", None)
            bench.connect(monkeypatch, **{payer: "acme-inc"})
            bench.syncing.check(bench.syncing.connection("bill"))
        bench.connect(monkeypatch, enterprise="acme-inc")
        bench.statuses()
        assert set(bench.contract.seen) == {one["id"] for one in bench.contract.text["operations"]}

    def test_who_pays_and_the_cost_center_stand_beside_each_item(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        bench.statuses()
        sql = (
            "SELECT BillingAccountId AS payer, x_cost_center_name AS center, BilledCost AS cost FROM cost_and_usage ORDER BY cost"
        )
        rows = bench.acting.sql(sql).to_pylist()
        assert [(row["payer"], row["center"], Decimal(row["cost"])) for row in rows] == [
            ("acme-inc", None, Decimal("1.25")),
            ("acme-inc", "Research", Decimal("2.5")),
            ("acme-inc", None, Decimal(4)),
        ]

    def test_numbers_stay_as_they_were_sent(self, bench: Bench, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
        """The description says that quantities are whole; GitHub sends fractions."""
        bench.api.judge = lambda *_: None
        github.items[OPEN, ""].append(item(OPEN, "0.1", quantity=0.123456789012, netAmount=1e-9))
        bench.connect(monkeypatch)
        bench.statuses()
        assert bench.billed() == Decimal("7.750000001")

    def test_an_answer_without_its_list_is_no_empty_month(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        bench.api.fault = lambda asked: Reply({}) if of_center(asked) else None
        assert "GitHub has no list usageItems" in (bench.syncing.sync("bill").error or "")


@pytest.mark.parametrize(
    "settings", [{}, {"organization": "a", "enterprise": "b"}, {"organization": "../x"}, {"user": "a", "since": "2026-13"}]
)
def test_wrong_settings_are_told(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="The settings of github are wrong"):
        checked_settings("github", settings)


@pytest.mark.parametrize(
    "url", ["https://github.com", "https://api.ghe.com", "https://api.evil.example", "http://api.github.com"]
)
def test_a_token_goes_to_githubs_api_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    bench.connect(monkeypatch, endpoint=url)
    with pytest.raises(UsageError, match="is not the vendor's"):
        bench.syncing.sync("bill")
