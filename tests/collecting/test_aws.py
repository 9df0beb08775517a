"""AWS: exports fetched from S3 (moto), judged by botocore's own models; restated, cut, out of order, incomplete, refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.aws import exports
from finopsmetrics.integrations.collecting import SourceError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.killing import parts, sync_and_kill
from tests.collecting.slow import SlowLine
from tests.integrations.cur import line
from tests.integrations.reading import write_native

BUCKET, ROOT = "company-exports", "cur/main"


class Delivering:
    """AWS, as it delivers a CUR 2.0 export: data first, then its manifest."""

    def __init__(self, s3: Any, room: Path) -> None:
        self.s3, self.room = s3, room
        s3.create_bucket(Bucket=BUCKET)

    def file(self, name: str, *rows: dict[str, str]) -> bytes:
        return write_native(self.room / name, rows).read_bytes()

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"{ROOT}/{key}", Body=body)

    def export(self, period: str, files: dict[str, bytes], execution: str = "", manifest: bool = True) -> None:
        place = f"BILLING_PERIOD={period}/{execution + '/' if execution else ''}"
        for name, body in files.items():
            self.put(f"data/{place}{name}", body)
        if manifest:
            named = [f"s3://{BUCKET}/{ROOT}/data/{place}{name}" for name in files]
            self.put(f"metadata/{place}main-Manifest.json", json.dumps({"dataFiles": named}).encode())


@pytest.fixture
def aws(s3: Any, tmp_path: Path) -> Delivering:
    return Delivering(s3, tmp_path / "delivered")


@pytest.fixture
def connection(acting: Acting, s3_server: str) -> str:
    settings = {"bucket": BUCKET, "prefix": ROOT, "region": "us-east-1", "endpoint": s3_server}
    secrets = {"access_key_id": "env:KEY", "secret_access_key": "env:KEY"}
    acting.specs.put("connection", "aws", {"integration": "aws", "settings": settings, "secrets": secrets})
    return "aws"


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(row["cost"] for row in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing, name: str) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync(name).batches}


def test_an_export_is_fetched_once_and_again_by_botocores_model_of_s3_2006_03_01(
    aws: Delivering, connection: str, syncing: Syncing, workspace: Workspace, hand: Hand
) -> None:
    aws.export(
        "2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25")), "main-2.csv": aws.file("b.csv", line(cost="2.50"))}
    )
    [first] = syncing.sync(connection).batches
    assert (first.key, first.status, first.fetched, first.rows) == ("2026-09", "taken", 2, 2)
    assert billed(workspace) == Decimal("3.75")
    assert statuses(syncing, connection) == {"2026-09": "known"}

    hand.pass_(days=1)
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1.25")), "main-2.csv": aws.file("b.csv", line(cost="9"))})
    [second] = syncing.sync(connection).batches
    assert (second.status, second.fetched, second.reused) == ("taken", 1, 1)
    assert billed(workspace) == Decimal("10.25")


def test_of_versions_that_are_kept_the_newest_counts(
    aws: Delivering, connection: str, syncing: Syncing, workspace: Workspace
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1"))}, execution="2026-09-02T00:00:00Z-1111")
    assert statuses(syncing, connection) == {"2026-09": "taken"}
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="2"))}, execution="2026-09-03T00:00:00Z-2222")
    newer(aws, "2026-09-03T00:00:00Z-2222")
    assert statuses(syncing, connection) == {"2026-09": "taken"}
    assert billed(workspace) == Decimal(2)


def newer(aws: Delivering, execution: str) -> None:
    """Objects on loopback may be of the same second: let one version be a second later."""
    import time

    time.sleep(1.1)
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page["Contents"]:
            if execution in entry["Key"]:
                body = aws.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                aws.s3.put_object(Bucket=BUCKET, Key=entry["Key"], Body=body)


def test_what_has_no_manifest_yet_or_lacks_a_file_is_invisible(aws: Delivering, connection: str, syncing: Syncing) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line())}, manifest=False)
    assert statuses(syncing, connection) == {}
    named = [f"s3://{BUCKET}/{ROOT}/data/BILLING_PERIOD=2026-09/main-{number}.csv" for number in (1, 2)]
    aws.put("metadata/BILLING_PERIOD=2026-09/main-Manifest.json", json.dumps({"dataFiles": named}).encode())
    assert statuses(syncing, connection) == {}
    aws.put("data/BILLING_PERIOD=2026-09/main-2.csv", aws.file("b.csv", line()))
    aws.put("metadata/BILLING_PERIOD=2026-09/main-Manifest.json", json.dumps({"dataFiles": named}).encode())
    assert statuses(syncing, connection) == {"2026-09": "taken"}


def test_files_newer_than_their_manifest_wait_until_they_rest(
    aws: Delivering, connection: str, syncing: Syncing, hand: Hand
) -> None:
    import time

    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1"))})
    time.sleep(1.1)
    aws.put("data/BILLING_PERIOD=2026-09/main-1.csv", aws.file("a.csv", line(cost="2")))
    assert statuses(syncing, connection) == {}
    hand.pass_(hours=2)
    assert statuses(syncing, connection) == {"2026-09": "taken"}


def test_a_legacy_report_is_fetched_by_its_report_keys(aws: Delivering, connection: str, syncing: Syncing) -> None:
    key = f"{ROOT}/20260901-20261001/aaaa-bbbb/main-1.csv"
    aws.put("20260901-20261001/aaaa-bbbb/main-1.csv", aws.file("a.csv", line(cost="4")))
    body = {"reportKeys": [key], "billingPeriod": {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"}}
    for place in ("20260901-20261001/", "20260901-20261001/aaaa-bbbb/"):
        aws.put(f"{place}main-Manifest.json", json.dumps(body).encode())
    aws.put("20260901-20261001/aaaa-bbbb/main-RedshiftManifest.json", b'{"entries": []}')
    assert statuses(syncing, connection) == {"2026-09": "taken"}


def test_two_exports_under_one_prefix_are_refused(aws: Delivering, connection: str, syncing: Syncing) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line())})
    aws.put("other/data/x.csv", aws.file("x.csv", line()))
    named = json.dumps({"dataFiles": [f"s3://{BUCKET}/{ROOT}/other/data/x.csv"]}).encode()
    aws.put("other/metadata/BILLING_PERIOD=2026-09/other-Manifest.json", named)
    with pytest.raises(SourceError, match="Several exports lie under 'cur/main': main, other"):
        syncing.sync(connection)


def test_a_transfer_that_is_cut_goes_on_where_it_was_cut(
    aws: Delivering, connection: str, syncing: Syncing, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", *many())})
    blocks, asked = exports.Bucket.blocks, list[int]()

    def cut(bucket: Any, key: str, tag: str, start: int = 0) -> Any:
        if key.endswith("csv"):
            asked.append(start)
        for number, block in enumerate(blocks(bucket, key, tag, start)):
            if number == 1 and len(asked) == 1:
                raise ConnectionResetError("cut")
            yield block

    monkeypatch.setattr(exports.Bucket, "blocks", cut)
    assert "ConnectionResetError" in str(syncing.sync(connection).error)
    assert workspace.deliveries() == []
    assert statuses(syncing, connection) == {"2026-09": "taken"}
    assert asked == [0, 1 << 20]
    assert billed(workspace) == Decimal(90)


def test_a_sync_that_is_killed_in_mid_transfer_loses_and_doubles_nothing(
    aws: Delivering, connection: str, acting: Acting, syncing: Syncing, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", *many()), "main-2.csv": aws.file("b.csv", line(cost="1"))})
    slow = SlowLine(s3_server, free=1_500_000)
    monkeypatch.setenv(ALLOWED, f"{slow.url},{s3_server}")
    kept = acting.specs.get("connection", connection)
    acting.specs.put("connection", connection, {**kept.body, "settings": {**kept.body["settings"], "endpoint": slow.url}})
    sync_and_kill(acting.workspace.home, connection, after=1 << 20)
    [part] = parts(acting.workspace.home)
    held = part.stat().st_size
    slow.pause = 0
    [took] = syncing.sync(connection).batches
    assert (took.status, took.rows) == ("taken", 9_001)
    assert any(f"Range: bytes={held}-" in head for head in slow.heads)
    assert billed(acting.workspace) == Decimal(91)
    assert parts(acting.workspace.home) == []
    slow.close()


def many() -> list[dict[str, str]]:
    """Lines of 90 USD in some megabytes."""
    return [line(cost="0.01", line_item_resource_id=f"i-{number:032}") for number in range(9_000)]


def test_a_file_replaced_while_it_is_fetched_is_not_taken(
    aws: Delivering, connection: str, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="1"))})
    offered = exports.Exports.offered

    def replaced(source: Any) -> Any:
        for batch in offered(source):
            aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="7"))})
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(exports.Exports, "offered", replaced)
        done = syncing.sync(connection)
    assert "it was replaced meanwhile" in str(done.error)
    assert statuses(syncing, connection) == {"2026-09": "taken"}


@pytest.mark.parametrize("change", [{"bucket": "nobody-has-this"}, {"region": "US EAST"}, {"buckets": "x"}])
def test_wrong_settings_are_told(
    acting: Acting, aws: Delivering, connection: str, syncing: Syncing, change: dict[str, str]
) -> None:
    kept = acting.specs.get("connection", connection)
    acting.specs.put("connection", connection, {**kept.body, "settings": {**kept.body["settings"], **change}})
    with pytest.raises((SourceError, UsageError)) as told:
        syncing.sync(connection)
    assert next(iter(change)) in str(told.value)


def test_another_endpoint_is_not_handed_the_keys(acting: Acting, aws: Delivering, connection: str, syncing: Syncing) -> None:
    kept = acting.specs.get("connection", connection)
    acting.specs.put(
        "connection", connection, {**kept.body, "settings": {**kept.body["settings"], "endpoint": "https://evil.example"}}
    )
    with pytest.raises(UsageError, match="is not the vendor's"):
        syncing.sync(connection)


def test_a_bill_that_was_delivered_by_hand_is_not_counted_twice(
    aws: Delivering, connection: str, acting: Acting, syncing: Syncing, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.ingest([write_native(tmp_path / "by-hand.csv", [line(cost="5")])], source="by-hand")
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line(cost="6"))})
    done = syncing.sync(connection)
    assert "by-hand has delivered the bill of these accounts" in str(done.error)
    kept = acting.specs.get("connection", connection)
    acting.specs.put("connection", connection, {**kept.body, "settings": {**kept.body["settings"], "source": "by-hand"}})
    assert statuses(syncing, connection) == {"2026-09": "taken"}
    assert billed(workspace) == Decimal(6)


def test_check_says_what_is_missing(aws: Delivering, connection: str, syncing: Syncing) -> None:
    found = syncing.check(syncing.connection(connection))
    assert [(one.what.split()[0], one.ok) for one in found] == [
        ("sts:GetCallerIdentity", True),
        ("s3:ListBucket", True),
        ("a", False),
    ]
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line())})
    found = syncing.check(syncing.connection(connection))
    assert [one.ok for one in found] == [True, True, True, True]


def test_a_role_is_taken(aws: Delivering, acting: Acting, connection: str, syncing: Syncing) -> None:
    kept = acting.specs.get("connection", connection)
    role = {"role_arn": "arn:aws:iam::123456789012:role/finops", "external_id": "x-1"}
    acting.specs.put("connection", connection, {**kept.body, "settings": {**kept.body["settings"], **role}})
    aws.export("2026-09", {"main-1.csv": aws.file("a.csv", line())})
    assert "assumed-role/finops" in syncing.check(syncing.connection(connection))[0].detail
    assert statuses(syncing, connection) == {"2026-09": "taken"}
