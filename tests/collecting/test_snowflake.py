"""Snowflake: daily usage in currency fetched from a stand-in of the SQL API, judged by Snowflake's own description of it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlglot
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from finopsmetrics.integrations.collecting import SourceAccessError, SourceError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.integrations.snowflake import statements
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply

DAYS = re.compile(r"USAGE_DATE >= '([\d-]+)' AND USAGE_DATE < '([\d-]+)'")
COLUMNS = {
    "ORGANIZATION_NAME": "text",
    "CONTRACT_NUMBER": "text",
    "ACCOUNT_NAME": "text",
    "ACCOUNT_LOCATOR": "text",
    "REGION": "text",
    "SERVICE_LEVEL": "text",
    "USAGE_DATE": "date",
    "USAGE_TYPE": "text",
    "USAGE": "fixed",
    "CURRENCY": "text",
    "USAGE_IN_CURRENCY": "fixed",
    "BALANCE_SOURCE": "text",
    "BILLING_TYPE": "text",
    "RATING_TYPE": "text",
    "SERVICE_TYPE": "text",
    "IS_ADJUSTMENT": "boolean",
}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PASSPHRASE = "open-sesame"


def pem(key: Any = KEY, passphrase: str | None = None) -> str:
    lock = form.BestAvailableEncryption(passphrase.encode()) if passphrase else form.NoEncryption()
    return str(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock).decode())


def usage(amount: str, day: str = "2026-09-02", source: str = "overage", **more: str | None) -> dict[str, str | None]:
    told = ("EXAMPLE", None, "PROD", "AB12345", "AWS_EU_WEST_1", "Enterprise", day, "compute", "1.500", "USD", amount, source)
    return {**dict(zip(COLUMNS, (*told, "consumption", "compute", "WAREHOUSE_METERING", "false"), strict=True)), **more}


class Snowflake:
    """A stand-in: rows of the view, statements that run a while, answers in partitions of two rows."""

    def __init__(self) -> None:
        self.usage: list[dict[str, str | None]] = []
        self.statements: dict[str, tuple[str, dict[str, str], list[list[str | None]]]] = {}
        self.polls = 0
        self.refused = ""
        self.tokens: set[str] = set()
        contract = Contract("snowflake")
        assert contract.text["version"] == "2.0.0"
        self.api = FakeApi(self.answer, lambda asked, reply: contract.judge(asked, plain(reply)))

    def answer(self, asked: Asked) -> Reply:
        assert asked.headers["user-agent"] == "finopsmetrics/1"
        if not self.known(asked):
            return Reply({"code": "390144", "message": "JWT token is invalid."}, 401)
        if asked.method == "POST":
            body = asked.json()
            assert (body["warehouse"], body["role"]) == ("FINOPS_WH", "FINOPS")
            name = f"01b12345-0000-0000-0000-{len(self.statements):012}"
            if self.refused and self.refused in body["statement"]:
                told = f"SQL compilation error: Object '{self.refused}' does not exist or not authorized."
                return Reply({"code": "002003", "sqlState": "02000", "message": told, "statementHandle": name}, 422)
            self.statements[name] = (body["statement"], *self.run(body["statement"]))
            self.polls = 2
            return Reply({"code": "333334", "message": "in progress", "statementHandle": name}, 202)
        name = asked.path.rsplit("/", 1)[1]
        if "partition" in asked.query:
            shown = self.part(name, int(asked.query["partition"]))
            return Reply(gzip.compress(json.dumps({"data": shown}).encode()), headers={"Content-Encoding": "gzip"})
        self.polls -= 1
        return Reply({"statementHandle": name}, 202) if self.polls > 0 else self.result(name)

    def known(self, asked: Asked) -> bool:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        if asked.headers["x-snowflake-authorization-token-type"] == "PROGRAMMATIC_ACCESS_TOKEN":
            return token == "personal"
        public = KEY.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        spki = KEY.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        claims = jwt.decode(token, RSAKey.import_key(public), algorithms=["RS256"]).claims
        mark = base64.b64encode(hashlib.sha256(spki).digest()).decode()
        assert claims["sub"] == "EXAMPLE-MY_ACCOUNT.FINOPS_READER"
        assert claims["exp"] - claims["iat"] <= 3600
        self.tokens.add(token)
        return bool(claims["iss"] == f"EXAMPLE-MY_ACCOUNT.FINOPS_READER.SHA256:{mark}")

    def result(self, name: str) -> Reply:
        _, columns, rows = self.statements[name]
        parts = [{"rowCount": len(self.part(name, number)), "uncompressedSize": 9} for number in range(-(-len(rows) // 2))]
        kinds = [{"name": column, "type": kind, "nullable": True} for column, kind in columns.items()]
        about = {"format": "jsonv2", "numRows": len(rows), "rowType": kinds, "partitionInfo": parts}
        return Reply({"statementHandle": name, "resultSetMetaData": about, "data": self.part(name, 0)})

    def part(self, name: str, number: int) -> list[list[str | None]]:
        return self.statements[name][2][number * 2 : number * 2 + 2]

    def run(self, sql: str) -> tuple[dict[str, str], list[list[str | None]]]:
        sqlglot.parse_one(sql, read="snowflake")
        span = DAYS.search(sql)
        if span is None:
            return {"ONE": "text"}, [["1"]]
        found = [one for one in self.usage if span.group(1) <= str(one["USAGE_DATE"]) < span.group(2)]
        if "HASH_AGG" not in sql:
            return COLUMNS, sorted(([cell(one[name], kind) for name, kind in COLUMNS.items()] for one in found), key=str)
        days: dict[str, list[str]] = {}
        for one in found:
            days.setdefault(str(one["USAGE_DATE"]), []).append(json.dumps(one))
        kinds = {"USAGE_DATE": "date", "N": "fixed", "QUANTITY": "fixed", "AMOUNT": "fixed", "MARK": "fixed"}
        marks = [(day, str(len(those)), "1", "1", str(hash(tuple(sorted(those))))) for day, those in sorted(days.items())]
        return kinds, [[cell(day, "date"), *rest] for day, *rest in marks]

    def fetched(self) -> list[str]:
        """The days that were fetched, in order."""
        found = [DAYS.search(sql) for sql, *_ in self.statements.values() if "ORDER BY ALL" in sql]
        return [one.group(1) for one in found if one]


def plain(reply: Reply) -> Reply:
    """A reply as it is before it was compressed."""
    return Reply(gzip.decompress(reply.sent()), reply.status) if "Content-Encoding" in reply.headers else reply


def cell(value: str | None, kind: str) -> str | None:
    return str((date.fromisoformat(value) - date(1970, 1, 1)).days) if kind == "date" and value else value


@pytest.fixture
def snowflake(hand: Hand, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Snowflake]:
    hand.at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    made = Snowflake()
    monkeypatch.setenv(ALLOWED, made.api.url)
    monkeypatch.setenv("SNOW_KEY", pem(passphrase=PASSPHRASE))
    monkeypatch.setenv("SNOW_PASS", PASSPHRASE)
    connect(request.getfixturevalue("acting"), made)
    yield made
    made.api.close()


def connect(acting: Acting, made: Snowflake, secrets: dict[str, str] | None = None, **more: Any) -> None:
    context = {"warehouse": "FINOPS_WH", "role": "FINOPS", "since": "2026-08", "endpoint": made.api.url}
    settings = {"account": "example-my_account", "user": "finops_reader", **context, **more}
    given = secrets or {"private_key": "env:SNOW_KEY", "passphrase": "env:SNOW_PASS"}
    acting.specs.put("connection", "snowflake", {"integration": "snowflake", "settings": settings, "secrets": given})


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("snowflake").batches}


def test_days_are_fetched_once_and_again_when_they_changed_judged_by_the_description_2_0_0_read_in_november_2026(
    snowflake: Snowflake, syncing: Syncing, acting: Acting
) -> None:
    snowflake.usage = [usage(f"{number}.01") for number in range(5)]
    snowflake.usage += [usage("2.5", "2026-09-30"), usage("4", "2026-10-03", CONTRACT_NUMBER="78001", SERVICE_TYPE=None)]
    assert statuses(syncing) == {"2026-08": "empty", "2026-09": "taken", "2026-10": "taken"}
    assert billed(acting.workspace) == Decimal("16.55")
    assert snowflake.fetched() == ["2026-09-02", "2026-09-30", "2026-10-03"]

    asked = len(snowflake.statements)
    assert set(statuses(syncing).values()) == {"known"}
    assert len(snowflake.statements) == asked + 1  # the marks of all days

    # A closed month is restated: the day that an adjustment came to is fetched, the other is not.
    snowflake.usage += [usage("-0.41", "2026-09-30", IS_ADJUSTMENT="true")]
    assert statuses(syncing) == {"2026-08": "known", "2026-09": "taken", "2026-10": "known"}
    assert snowflake.fetched()[3:] == ["2026-09-30"]
    assert billed(acting.workspace) == Decimal("16.14")


def test_what_is_answered_in_between_is_waited_for(
    snowflake: Snowflake, syncing: Syncing, acting: Acting, waits: list[float]
) -> None:
    snowflake.usage = [usage("1.1") for _ in range(5)]
    answer = snowflake.api.answer
    troubles = [Reply({"message": "slow down"}, 429, {"Retry-After": "7"}), HTML, Reply(b"", 500)]
    snowflake.api.judge = lambda *_: None
    snowflake.api.answer = lambda asked: troubles.pop(0) if asked.query.get("partition") == "1" and troubles else answer(asked)
    assert statuses(syncing)["2026-09"] == "taken"
    assert billed(acting.workspace) == Decimal("5.5")
    assert 7.0 in waits
    assert not troubles


def test_a_sync_that_is_cut_between_partitions_takes_nothing_and_then_all(
    snowflake: Snowflake, syncing: Syncing, acting: Acting
) -> None:
    snowflake.usage = [usage("1.1") for _ in range(5)] + [usage("1", "2026-09-01")]
    answer = snowflake.api.answer
    snowflake.api.answer = lambda asked: Reply(b"", 500) if asked.query.get("partition") == "2" else answer(asked)
    assert "answered 500" in str(syncing.sync("snowflake").error)
    assert acting.workspace.deliveries() == []
    snowflake.api.answer = answer
    assert statuses(syncing)["2026-09"] == "taken"
    assert billed(acting.workspace) == Decimal("6.5")
    assert snowflake.fetched() == ["2026-09-01", "2026-09-02", "2026-09-02"]  # what came whole is not fetched again


def test_rows_that_are_missing_are_told(snowflake: Snowflake, syncing: Syncing, acting: Acting) -> None:
    snowflake.usage = [usage("1.1") for _ in range(4)]
    answer = snowflake.api.answer
    snowflake.api.answer = lambda asked: Reply({"code": "391908"}) if "partition" in asked.query else answer(asked)
    assert "gave 2 rows of 4" in str(syncing.sync("snowflake").error)
    assert acting.workspace.deliveries() == []


def test_a_statement_that_is_refused_or_never_ends_is_told(
    snowflake: Snowflake, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    snowflake.refused = "USAGE_IN_CURRENCY_DAILY"
    with pytest.raises(SourceError, match=r"could not run a query.*does not exist or not authorized"):
        syncing.sync("snowflake")
    checks = syncing.check(syncing.connection("snowflake"))
    assert [(one.what, one.ok) for one in checks] == [
        ("a token to ask with", True),
        ("USAGE on a warehouse", True),
        ("SELECT on USAGE_IN_CURRENCY_DAILY", False),
    ]
    monkeypatch.setattr(statements, "LONGEST", 1)
    snowflake.refused = ""
    snowflake.result = lambda name: Reply({"statementHandle": name}, 202)  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="A query runs for more than"):
        syncing.sync("snowflake")


def test_check_says_what_is_there(snowflake: Snowflake, syncing: Syncing) -> None:
    snowflake.usage = [usage("10", "2026-10-02")]
    checks = syncing.check(syncing.connection("snowflake"))
    assert [one.ok for one in checks] == [True] * 4
    assert checks[-1].detail == "1 days"


def test_a_token_is_signed_anew_before_it_ends(snowflake: Snowflake, syncing: Syncing, hand: Hand) -> None:
    snowflake.usage = [usage("1.1") for _ in range(3)]
    answer = snowflake.api.answer

    def long(asked: Asked) -> Reply:
        hand.pass_(minutes=20)
        return answer(asked)

    snowflake.api.answer = long
    assert statuses(syncing)["2026-09"] == "taken"
    assert len(snowflake.tokens) > 1


def test_credentials_that_do_not_hold_are_told_and_not_shown(
    snowflake: Snowflake, syncing: Syncing, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOW_TOKEN", "an-expired-token")
    connect(acting, snowflake, {"token": "env:SNOW_TOKEN"}, user=None)
    with pytest.raises(ApiError, match=r"answered 401: JWT token is invalid") as refused:
        syncing.sync("snowflake")
    assert "an-expired-token" not in str(refused.value)
    monkeypatch.setenv("SNOW_TOKEN", "personal")
    snowflake.usage = [usage("1")]
    assert statuses(syncing)["2026-09"] == "taken"
    connect(acting, snowflake)
    for text in ("no pem", pem(passphrase="another"), pem(ec.generate_private_key(ec.SECP256R1()), PASSPHRASE)):
        monkeypatch.setenv("SNOW_KEY", text)
        with pytest.raises(SourceAccessError, match=r"cannot be read|is no RSA key"):
            syncing.sync("snowflake")
    connect(acting, snowflake, user=None)
    with pytest.raises(SourceError, match="not told who asks"):
        syncing.sync("snowflake")
    state = b"".join(path.read_bytes() for path in acting.workspace.home.glob("state.db*"))
    assert not any(secret in state for secret in (b"PRIVATE KEY", b"an-expired-token", PASSPHRASE.encode()))
