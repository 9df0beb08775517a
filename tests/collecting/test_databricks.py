"""Databricks: system tables fetched from a stand-in of a SQL warehouse, judged by what databricks-sdk has of its API."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlglot

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import SourceAccessError, SourceError
from finopsmetrics.integrations.databricks import statements
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply

SECRET = "dose-of-a-secret"
DAYS = re.compile(r"usage_start_time >= TIMESTAMP'([\d-]+)T00:00:00Z' AND u.usage_start_time < TIMESTAMP'([\d-]+)T00:00:00Z'")


def record(name: str, quantity: str, day: str = "2026-09-02", kind: str = "ORIGINAL", **more: Any) -> dict[str, Any]:
    return {
        "record_id": name,
        "account_id": "5b1c7a90",
        "workspace_id": "3210987654321098",
        "sku_name": "ENTERPRISE_JOBS_COMPUTE",
        "cloud": "AWS",
        "usage_start_time": f"{day} 10:00:00.000000Z",
        "usage_end_time": f"{day} 11:00:00.000000Z",
        "usage_date": day,
        "custom_tags": {"team": "core"},
        "usage_unit": "DBU",
        "usage_quantity": Decimal(quantity),
        "usage_metadata": {"cluster_id": "c1", "job_id": None},
        "identity_metadata": {"run_as": "loader@example.com"},
        "record_type": kind,
        "ingestion_date": day,
        "billing_origin_product": "JOBS",
        "product_features": {"is_serverless": False},
        "usage_type": "COMPUTE_TIME",
        "list_price": Decimal("0.150000000000000000"),
        "currency_code": "USD",
        **more,
    }


class Databricks:
    """A stand-in: usage records, statements that run a while, answers in chunks of two rows, inline or behind links."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.statements: dict[str, tuple[str, list[list[str | None]], bool]] = {}
        self.failing = ""
        self.polls = self.grants = 0
        contract = Contract("databricks")
        assert contract.text["date"] > "2026-10"
        self.storage = FakeApi(self.stored)
        self.api = FakeApi(self.answer, contract.judge)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/oidc/v1/token":
            pair = base64.b64encode(f"finops:{SECRET}".encode()).decode()
            if asked.headers["authorization"] != f"Basic {pair}":
                return Reply({"error": "invalid_client", "error_description": f"no {SECRET} here"}, 401)
            self.grants += 1
            return Reply({"access_token": f"granted{self.grants}", "token_type": "Bearer", "expires_in": 3600})
        if asked.headers["authorization"] not in {f"Bearer granted{self.grants}", "Bearer personal"}:
            return Reply({"error_code": "UNAUTHENTICATED", "message": "Invalid access token."}, 401)
        if asked.method == "POST":
            name = f"s{len(self.statements)}"
            body = asked.json()
            self.statements[name] = (body["statement"], self.run(body["statement"]), body["disposition"] == "EXTERNAL_LINKS")
            self.polls = 2
            return Reply({"statement_id": name, "status": {"state": "PENDING"}})
        name, _, chunk = asked.path.removeprefix("/api/2.0/sql/statements/").partition("/result/chunks/")
        return Reply(self.chunk(name, int(chunk))) if chunk else self.state(name)

    def state(self, name: str) -> Reply:
        sql, rows, _ = self.statements[name]
        self.polls -= 1
        if self.polls > 0:
            return Reply({"statement_id": name, "status": {"state": "RUNNING"}})
        if self.failing and self.failing in sql:
            error = {"error_code": "BAD_REQUEST", "message": f"[INSUFFICIENT_PERMISSIONS] no SELECT on {self.failing}"}
            return Reply({"statement_id": name, "status": {"state": "FAILED", "error": error}})
        chunks = -(-len(rows) // 2)
        manifest = {"format": "JSON_ARRAY", "total_chunk_count": chunks, "total_row_count": len(rows), "truncated": False}
        found = {"result": self.chunk(name, 0)} if chunks else {"result": {"row_count": 0}}
        return Reply({"statement_id": name, "status": {"state": "SUCCEEDED"}, "manifest": manifest, **found})

    def chunk(self, name: str, number: int) -> dict[str, Any]:
        _, rows, links = self.statements[name]
        shown = rows[number * 2 : number * 2 + 2]
        if not links:
            return {"chunk_index": number, "row_count": len(shown), "data_array": shown}
        place = f"{self.storage.url}/{name}/{number}?X-Amz-Signature=abc%2Fdef"
        link = {"external_link": place, "chunk_index": number, "row_count": len(shown), "http_headers": {"x-key": "v"}}
        return {"external_links": [link]}

    def stored(self, asked: Asked) -> Reply:
        assert "authorization" not in asked.headers
        assert (asked.query["X-Amz-Signature"], asked.headers["x-key"]) == ("abc/def", "v")
        name, number = asked.path.strip("/").split("/")
        return Reply(self.statements[name][1][int(number) * 2 : int(number) * 2 + 2])

    def run(self, sql: str) -> list[list[str | None]]:
        sqlglot.parse_one(sql, read="databricks")
        span = DAYS.search(sql)
        if span is None:
            return [["1"]]
        first, end = span.groups()
        found = [one for one in self.records if first <= one["usage_start_time"][:10] < end]
        if "to_json" in sql:
            return sorted([json.dumps(one, default=float)] for one in found)
        days: dict[str, list[str]] = {}
        for one in found:
            days.setdefault(one["usage_start_time"][:10], []).append(
                f"{one['record_id']}{one['record_type']}{one['usage_quantity']}{one['list_price']}"
            )
        return [[day, str(len(those)), "/".join(sorted(those))] for day, those in sorted(days.items())]

    def fetched(self) -> list[str]:
        """The days that were fetched, in order."""
        found = [DAYS.search(sql) for sql, *_ in self.statements.values() if "to_json" in sql]
        return [one.group(1) for one in found if one]


@pytest.fixture
def databricks(hand: Hand, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Databricks]:
    hand.at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    made = Databricks()
    monkeypatch.setenv(ALLOWED, f"{made.api.url},{made.storage.url}")
    monkeypatch.setenv("DBX_SECRET", SECRET)
    connect(request.getfixturevalue("acting"), made)
    yield made
    made.api.close()
    made.storage.close()


def connect(acting: Acting, made: Databricks, secrets: dict[str, str] | None = None, **more: Any) -> None:
    settings = {"workspace": made.api.url, "warehouse_id": "abc123", "client_id": "finops", "since": "2026-08", **more}
    body = {"integration": "databricks", "settings": settings, "secrets": secrets or {"client_secret": "env:DBX_SECRET"}}
    acting.specs.put("connection", "databricks", body)


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("databricks").batches}


def test_days_are_fetched_once_and_again_when_they_changed_judged_by_databricks_sdk_0_162_of_november_2026(
    databricks: Databricks, syncing: Syncing, acting: Acting
) -> None:
    databricks.records = [record(f"r{number}", "10.5") for number in range(5)]
    databricks.records += [record("s1", "2", "2026-09-30"), record("o1", "4", "2026-10-03", workspace_name="shop")]
    assert statuses(syncing) == {"2026-08": "empty", "2026-09": "taken", "2026-10": "taken"}
    assert billed(acting.workspace) == Decimal("58.5") * Decimal("0.15")
    assert databricks.fetched() == ["2026-09-02", "2026-09-30", "2026-10-03"]

    asked = len(databricks.statements)
    assert set(statuses(syncing).values()) == {"known"}
    assert len(databricks.statements) == asked + 1  # the marks of all days

    # A closed month is restated: one of its days is fetched, the other is not.
    databricks.records += [record("r0", "-10.5", kind="RETRACTION", ingestion_date="2026-10-15")]
    databricks.records += [record("r0", "9", kind="RESTATEMENT", ingestion_date="2026-10-15")]
    assert statuses(syncing) == {"2026-08": "known", "2026-09": "taken", "2026-10": "known"}
    assert databricks.fetched()[3:] == ["2026-09-02"]
    assert billed(acting.workspace) == Decimal("57") * Decimal("0.15")


def test_a_price_that_changes_and_a_day_that_goes_are_seen(databricks: Databricks, syncing: Syncing, acting: Acting) -> None:
    databricks.records = [record("r1", "10"), record("r2", "10", "2026-09-03"), record("r3", "1", "2026-09-04")]
    syncing.sync("databricks")
    databricks.records = [record("r1", "10", list_price=Decimal("0.2")), record("r3", "1", "2026-09-04")]
    assert statuses(syncing)["2026-09"] == "taken"
    assert databricks.fetched()[3:] == ["2026-09-02"]
    assert billed(acting.workspace) == Decimal("2.15")
    databricks.records = []
    assert "gives no row for 2026-09 any more" in str(syncing.sync("databricks").error)
    assert billed(acting.workspace) == Decimal("2.15")


def test_what_is_answered_in_between_is_waited_for(
    databricks: Databricks, syncing: Syncing, acting: Acting, waits: list[float]
) -> None:
    databricks.records = [record(f"r{number}", "10") for number in range(5)]
    answer, stored = databricks.api.answer, databricks.storage.answer
    troubles = [Reply({"message": "slow down"}, 429, {"Retry-After": "7"}), HTML, Reply(b"", 500)]

    def troubled(asked: Asked) -> Reply:
        return troubles.pop(0) if asked.path.endswith("/result/chunks/1") and troubles else answer(asked)

    storage = [Reply(b"<html>", 200), Reply(b"", 503)]
    databricks.api.answer, databricks.api.judge = troubled, lambda *_: None
    databricks.storage.answer = lambda asked: storage.pop(0) if storage else stored(asked)
    assert statuses(syncing)["2026-09"] == "taken"
    assert billed(acting.workspace) == Decimal("7.5")
    assert 7.0 in waits
    assert not troubles
    assert not storage


def test_a_sync_that_is_cut_between_chunks_takes_nothing_and_then_all(
    databricks: Databricks, syncing: Syncing, acting: Acting
) -> None:
    databricks.records = [record(f"r{number}", "10") for number in range(5)] + [record("q", "1", "2026-09-01")]
    answer = databricks.api.answer
    databricks.api.answer = lambda asked: Reply(b"", 500) if asked.path.endswith("/chunks/2") else answer(asked)
    assert "answered 500" in str(syncing.sync("databricks").error)
    assert acting.workspace.deliveries() == []
    databricks.api.answer = answer
    assert statuses(syncing)["2026-09"] == "taken"
    assert billed(acting.workspace) == Decimal("7.65")
    assert databricks.fetched() == ["2026-09-01", "2026-09-02", "2026-09-02"]  # what came whole is not fetched again


def test_rows_that_are_missing_are_told(databricks: Databricks, syncing: Syncing, acting: Acting) -> None:
    databricks.records = [record(f"r{number}", "10") for number in range(4)]
    databricks.storage.answer = lambda _: Reply([])
    assert "gave 0 rows of 4" in str(syncing.sync("databricks").error)
    assert acting.workspace.deliveries() == []


def test_rows_come_inline_where_links_are_not_wanted(databricks: Databricks, syncing: Syncing, acting: Acting) -> None:
    databricks.records = [record(f"r{number}", "10") for number in range(3)]
    connect(acting, databricks, inline=True)
    assert statuses(syncing)["2026-09"] == "taken"
    assert billed(acting.workspace) == Decimal("4.5")
    assert databricks.storage.asked == []


def test_a_link_to_a_strange_host_is_not_followed(
    databricks: Databricks, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    databricks.records = [record("r1", "10")]
    monkeypatch.setenv(ALLOWED, databricks.api.url)
    assert "is not the vendor's" in str(syncing.sync("databricks").error)
    assert databricks.storage.asked == []


def test_a_statement_that_fails_or_never_ends_is_told(
    databricks: Databricks, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    databricks.failing = "system.billing.list_prices"
    with pytest.raises(SourceError, match=r"could not run a query \(FAILED\): \[INSUFFICIENT_PERMISSIONS\] no SELECT"):
        syncing.sync("databricks")
    checks = syncing.check(syncing.connection("databricks"))
    assert [(one.what, one.ok) for one in checks] == [
        ("a token to ask with", True),
        ("CAN USE on the SQL warehouse", True),
        ("SELECT on system.billing.usage", True),
        ("SELECT on system.billing.list_prices", False),
    ]
    monkeypatch.setattr(statements, "LONGEST", 1.0)
    databricks.failing, databricks.state = "", lambda name: Reply({"statement_id": name, "status": {"state": "RUNNING"}})  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="A query runs for more than"):
        syncing.sync("databricks")


def test_check_says_what_is_there(databricks: Databricks, syncing: Syncing) -> None:
    databricks.records = [record("r1", "10", "2026-10-02")]
    checks = syncing.check(syncing.connection("databricks"))
    assert [one.ok for one in checks] == [True] * 5
    assert checks[-1].detail == "1 days"


def test_a_token_is_renewed_before_it_ends(databricks: Databricks, syncing: Syncing, hand: Hand) -> None:
    databricks.records = [record(f"r{number}", "10") for number in range(3)]
    answer = databricks.api.answer

    def long(asked: Asked) -> Reply:
        hand.pass_(minutes=25)
        return answer(asked)

    databricks.api.answer = long
    assert statuses(syncing)["2026-09"] == "taken"
    assert databricks.grants > 1


def test_credentials_that_do_not_hold_are_told_and_not_shown(
    databricks: Databricks, syncing: Syncing, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBX_SECRET", "a-wrong-secret")
    with pytest.raises(SourceAccessError, match="Databricks refused the client finops") as told:
        syncing.sync("databricks")
    assert "a-wrong-secret" not in str(told.value)
    monkeypatch.setenv("DBX_TOKEN", "an-expired-token")
    connect(acting, databricks, {"token": "env:DBX_TOKEN"})
    with pytest.raises(ApiError, match="answered 401: Invalid access token") as refused:
        syncing.sync("databricks")
    assert "an-expired-token" not in str(refused.value)
    state = b"".join(path.read_bytes() for path in acting.workspace.home.glob("state.db*"))
    assert b"a-wrong-secret" not in state
    assert b"an-expired-token" not in state
    monkeypatch.setenv("DBX_TOKEN", "personal")
    databricks.records = [record("r1", "10")]
    assert statuses(syncing)["2026-09"] == "taken"
    connect(acting, databricks, {"client_secret": "env:DBX_SECRET"}, client_id=None)
    with pytest.raises(SourceError, match="not told who asks"):
        syncing.sync("databricks")


def test_only_a_workspace_of_databricks_is_asked(databricks: Databricks, acting: Acting, syncing: Syncing) -> None:
    connect(acting, databricks, workspace="https://bucket.s3.amazonaws.com")
    with pytest.raises(UsageError, match=r"is not the vendor's"):
        syncing.sync("databricks")
    connect(acting, databricks, currency="usd'; --")
    with pytest.raises(UsageError, match="currency"):
        syncing.sync("databricks")
