"""Google Cloud: the billing export fetched from a stand-in of BigQuery, judged by the discovery document of BigQuery v2."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
import sqlglot
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.discovery import Discovery
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply
from tests.collecting.killing import parts, sync_and_kill

TABLE = "company-billing.costs.gcp_billing_export_resource_v1_01ABCD_234567_89EFGH"
PARTITIONS = ("partition_id", "STRING"), ("total_rows", "INTEGER"), ("last_modified_time", "TIMESTAMP")
FIELDS: list[Any] = [
    ("billing_account_id", "STRING"),
    ("service", [("id", "STRING"), ("description", "STRING")]),
    ("sku", [("id", "STRING"), ("description", "STRING")]),
    ("usage_start_time", "TIMESTAMP"),
    ("usage_end_time", "TIMESTAMP"),
    ("project", [("id", "STRING"), ("name", "STRING")]),
    ("labels*", [("key", "STRING"), ("value", "STRING")]),
    ("cost", "FLOAT"),
    ("currency", "STRING"),
    ("usage", [("amount", "FLOAT"), ("unit", "STRING")]),
    ("credits*", [("name", "STRING"), ("amount", "FLOAT"), ("type", "STRING")]),
    ("invoice", [("month", "STRING")]),
    ("cost_type", "STRING"),
]


def micros(text: str) -> str:
    return str(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000))


def charge(cost: str, month: str = "202609", day: str = "2026-09-02", credit: str | None = None) -> dict[str, Any]:
    return {
        "billing_account_id": "01ABCD-234567-89EFGH",
        "service": {"id": "6F81", "description": "Compute Engine"},
        "sku": {"id": "2E27", "description": "N1 Predefined Instance Core"},
        "usage_start_time": micros(f"{day}T07:00:00"),
        "usage_end_time": micros(f"{day}T08:00:00"),
        "project": {"id": "shop", "name": "Shop"},
        "labels": [{"key": "team", "value": "core"}],
        "cost": cost,
        "currency": "EUR",
        "usage": {"amount": "3600", "unit": "seconds"},
        "credits": [{"name": "CUD", "amount": credit, "type": "COMMITTED_USAGE_DISCOUNT"}] if credit else [],
        "invoice": {"month": month},
        "cost_type": "regular",
    }


def schema(fields: Any) -> list[dict[str, Any]]:
    made = []
    for name, kind in fields:
        nested = isinstance(kind, list)
        mode = "REPEATED" if name.endswith("*") else "NULLABLE"
        field = {"name": name.rstrip("*"), "type": "RECORD" if nested else kind, "mode": mode}
        made.append({**field, "fields": schema(kind)} if nested else field)
    return made


def cells(fields: list[dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    return {"f": [{"v": cell(field, row[field["name"]])} for field in fields]}


def cell(field: dict[str, Any], value: Any) -> Any:
    if field["mode"] == "REPEATED":
        return [{"v": cell({**field, "mode": "NULLABLE"}, entry)} for entry in value]
    return cells(field["fields"], value) if field["type"] == "RECORD" else value


class BigQuery:
    """A stand-in: partitions of one export, queries that run a while, answers in pages of two rows."""

    def __init__(self) -> None:
        self.partitions: dict[str, list[dict[str, Any]]] = {}
        self.modified: dict[str, str] = {}
        self.jobs: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
        self.slow = True
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.grants = 0
        discovery = Discovery("bigquery.v2")
        assert discovery.revision.startswith("202610")
        self.api = FakeApi(self.answer, lambda asked, reply: None if asked.path == "/token" else discovery.judge(asked, reply))

    def load(self, day: str, *rows: dict[str, Any], at: str) -> None:
        self.partitions[day], self.modified[day] = list(rows), micros(at)

    def account(self) -> str:
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        told = {"client_email": "finops@company.iam.gserviceaccount.com", "private_key": pem, "private_key_id": "k1"}
        return json.dumps({**told, "type": "service_account", "token_uri": f"{self.api.url}/token"})

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return self.token(asked)
        if asked.headers.get("authorization") != "Bearer granted":
            return Reply({"error": {"message": "Invalid Credentials"}}, 401)
        if asked.method == "POST":
            fields, rows = self.run(asked.json())
            job = f"job{len(self.jobs)}"
            self.jobs[job] = (fields, rows)
            if self.slow:
                return Reply(
                    {"jobComplete": False, "jobReference": {"projectId": "company-billing", "jobId": job, "location": "EU"}}
                )
            return self.page(job, 0)
        return self.page(asked.path.rsplit("/", 1)[1], int(asked.query.get("pageToken", "0")))

    def token(self, asked: Asked) -> Reply:
        form = parse_qs(asked.body.decode())
        claims = jwt.decode(form["assertion"][0], RSAKey.import_key(self.public()), algorithms=["RS256"]).claims
        assert claims["scope"] == "https://www.googleapis.com/auth/bigquery.readonly"
        assert claims["aud"] == f"{self.api.url}/token"
        self.grants += 1
        return Reply({"access_token": "granted", "expires_in": 3599, "token_type": "Bearer"})

    def public(self) -> bytes:
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def run(self, body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        sql = body["query"]
        sqlglot.parse_one(sql, read="bigquery")
        if "INFORMATION_SCHEMA.PARTITIONS" in sql:
            assert body["queryParameters"][0]["parameterValue"]["value"] == TABLE.rsplit(".", 1)[1]
            rows = [
                {"partition_id": day, "total_rows": str(len(found)), "last_modified_time": self.modified[day]}
                for day, found in sorted(self.partitions.items())
            ]
            return schema(PARTITIONS), [
                *rows,
                {"partition_id": "__UNPARTITIONED__", "total_rows": "9", "last_modified_time": "1"},
            ]
        if "SELECT 1" in sql:
            return schema([("one", "INTEGER")]), [{"one": "1"}]
        assert f"FROM `{TABLE}`" in sql
        day = re.search(r"TIMESTAMP\('(\d{4})-(\d{2})-(\d{2})'\)", sql)
        return schema(FIELDS), list(self.partitions.get("".join(day.groups()) if day else "", ()))

    def page(self, job: str, start: int) -> Reply:
        fields, rows = self.jobs[job]
        more = {"pageToken": str(start + 2)} if start + 2 < len(rows) else {}
        shown = [cells(fields, row) for row in rows[start : start + 2]]
        told = {"jobComplete": True, "totalRows": str(len(rows)), "schema": {"fields": fields}, "rows": shown, **more}
        return Reply({**told, "jobReference": {"projectId": "company-billing", "jobId": job, "location": "EU"}})


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, acting: Acting) -> Iterator[BigQuery]:
    made = BigQuery()
    monkeypatch.setenv(ALLOWED, made.api.url)
    monkeypatch.setenv("GCP_KEY", made.account())
    body = {"integration": "gcp", "settings": {"table": TABLE, "endpoint": made.api.url}, "secrets": {"key": "env:GCP_KEY"}}
    acting.specs.put("connection", "gcp", body)
    yield made
    made.api.close()


def billed(workspace: Workspace, **more: Any) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all", **more).rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("gcp").batches}


def test_partitions_add_up_by_the_discovery_document_of_bigquery_v2_of_october_2026(
    google: BigQuery, syncing: Syncing, acting: Acting
) -> None:
    google.load("20260902", *[charge("0.1")] * 5, at="2026-09-02T20:00:00")
    google.load("20260903", charge("1.5", credit="-0.5"), at="2026-09-03T20:00:00")
    google.load("20260904", at="2026-09-04T20:00:00")
    assert statuses(syncing) == {"2026-09-02": "taken", "2026-09-03": "taken"}
    assert billed(acting.workspace) == Decimal("1.5")
    asked = len(google.api.asked)
    assert statuses(syncing) == {"2026-09-02": "known", "2026-09-03": "known"}
    assert len(google.api.asked) <= asked + 4  # a token, and the list of partitions

    google.load("20260903", charge("1.5", credit="-0.5"), charge("2"), at="2026-09-03T23:00:00")
    google.load("20261005", charge("-0.1", month="202609"), at="2026-10-05T20:00:00")  # a correction of the month before
    assert statuses(syncing) == {"2026-09-02": "known", "2026-09-03": "taken", "2026-10-05": "taken"}
    assert billed(acting.workspace) == Decimal("3.4")
    before = acting.workspace.costs.get_costs(time_range="all", as_of=datetime(2026, 9, 3, 22))
    assert sum(row["cost"] for row in before.rows) == Decimal("1.5")


def test_what_google_answers_in_between_is_waited_for(
    google: BigQuery, syncing: Syncing, acting: Acting, waits: list[float]
) -> None:
    google.load("20260902", *[charge("0.1")] * 5, at="2026-09-02T20:00:00")
    google.api.faults = [Reply({"error": {"message": "backend"}}, 503), HTML]
    answer, times = google.answer, 0

    def throttling(asked: Asked) -> Reply:
        nonlocal times
        if "pageToken" in asked.query and times == 0:
            times += 1
            return Reply({"error": {"message": "rateLimitExceeded"}}, 429, {"Retry-After": "4"})
        return answer(asked)

    google.api.answer = throttling
    assert statuses(syncing) == {"2026-09-02": "taken"}
    assert billed(acting.workspace) == Decimal("0.5")
    assert 4.0 in waits


def test_a_sync_that_is_cut_between_pages_takes_nothing_and_then_all(google: BigQuery, syncing: Syncing, acting: Acting) -> None:
    google.load("20260902", *[charge("0.1")] * 5, at="2026-09-02T20:00:00")
    answer = google.answer
    google.api.answer = lambda asked: Reply(b"", 500) if asked.query.get("pageToken") == "2" else answer(asked)
    assert "answered 500" in str(syncing.sync("gcp").error)
    assert acting.workspace.deliveries() == []
    google.api.answer = answer
    assert statuses(syncing) == {"2026-09-02": "taken"}
    assert billed(acting.workspace) == Decimal("0.5")


def test_a_sync_that_is_killed_in_mid_transfer_loses_and_doubles_nothing(
    google: BigQuery, syncing: Syncing, acting: Acting
) -> None:
    google.load("20260902", *[charge("0.1")] * 5, at="2026-09-02T20:00:00")
    google.load("20260903", *[charge("0.2")] * 5, at="2026-09-03T20:00:00")
    answer, held = google.answer, threading.Event()

    def holding(asked: Asked) -> Reply:
        """The second page of the second partition does not come while this process lives."""
        if asked.query.get("pageToken") == "2" and len(acting.workspace.deliveries()) == 1:
            held.wait(60)
        return answer(asked)

    google.api.answer = holding
    sync_and_kill(
        acting.workspace.home, "gcp", when=lambda: len(acting.workspace.deliveries()) == 1 and bool(parts(acting.workspace.home))
    )
    held.set()
    assert statuses(syncing) == {"2026-09-02": "known", "2026-09-03": "taken"}
    assert billed(acting.workspace) == Decimal("1.5")


def test_a_partition_that_changes_while_it_is_fetched_is_left_for_next_time(google: BigQuery, syncing: Syncing) -> None:
    google.load("20260902", charge("0.1"), at="2026-09-02T20:00:00")
    run = google.run

    def growing(body: dict[str, Any]) -> Any:
        found = run(body)
        google.load("20260902", charge("0.1"), charge("0.2"), at="2026-09-02T21:00:00")
        return found

    google.run = growing  # type: ignore[method-assign]
    assert "changed while it was fetched" in str(syncing.sync("gcp").error)
    google.run = run  # type: ignore[method-assign]
    assert statuses(syncing) == {"2026-09-02": "taken"}


def test_a_token_is_renewed_before_it_ends(google: BigQuery, syncing: Syncing, hand: Hand) -> None:
    google.load("20260902", charge("0.1"), at="2026-09-02T20:00:00")
    answer = google.answer

    def long(asked: Asked) -> Reply:
        hand.pass_(minutes=30)
        return answer(asked)

    google.api.answer = long
    assert statuses(syncing) == {"2026-09-02": "taken"}
    assert google.grants > 1


def test_credentials_that_do_not_hold_are_told_and_not_shown(
    google: BigQuery, syncing: Syncing, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = google.answer
    google.api.answer = lambda asked: (
        Reply({"error": {"message": "Access Denied: bigquery.jobs.create"}}, 403) if asked.path != "/token" else answer(asked)
    )
    with pytest.raises(ApiError, match=r"Access Denied: bigquery\.jobs\.create"):
        syncing.sync("gcp")
    checks = syncing.check(syncing.connection("gcp"))
    assert [(one.what, one.ok) for one in checks] == [("a token for the service account", True), ("bigquery.jobs.create", False)]
    google.api.answer = lambda asked: Reply({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
    with pytest.raises(FinOpsError, match="Google refused the service account finops@company"):
        syncing.sync("gcp")
    for text in ("no json", "{}", json.dumps({"client_email": "x", "private_key": "y", "token_uri": google.api.url + "/token"})):
        monkeypatch.setenv("GCP_KEY", text)
        with pytest.raises(FinOpsError, match=r"no JSON key|private key .* cannot be read"):
            syncing.sync("gcp")
    state = b"".join(path.read_bytes() for path in acting.workspace.home.glob("state.db*"))
    assert b"PRIVATE KEY" not in state


def test_check_says_what_is_there(google: BigQuery, syncing: Syncing) -> None:
    google.load("20260902", charge("0.1"), at="2026-09-02T20:00:00")
    google.slow = False
    assert [one.ok for one in syncing.check(syncing.connection("gcp"))] == [True] * 4
