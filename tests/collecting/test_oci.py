"""Oracle Cloud: reports from a stand-in of its bucket that checks every signature; signed as Oracle's SDK of 2026-11 signs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.integrations.oci.signing import ApiKey
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply
from tests.integrations.reading import write_native

GOLDEN = json.loads((Path(__file__).parents[1] / "fixtures" / "signatures" / "oci.json").read_text())
TENANCY, USER = "ocid1.tenancy.oc1..aaaatest", "ocid1.user.oc1..aaaatest"
FINGERPRINT = ":".join(["ab"] * 16)
BASE = {
    "lineItem/referenceNo": "r1",
    "lineItem/tenantId": TENANCY,
    "lineItem/intervalUsageStart": "2026-09-02T05:00Z",
    "lineItem/intervalUsageEnd": "2026-09-02T06:00Z",
    "product/service": "COMPUTE",
    "product/resourceId": "ocid1.instance.oc1..1",
    "usage/billedQuantity": "1",
    "cost/productSku": "B88514",
    "cost/unitPrice": "0.01",
    "cost/myCost": "0",
    "cost/currencyCode": "EUR",
    "lineItem/isCorrection": "false",
}


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def row(cost: object, start: str = "2026-09-02T05:00Z", **tags: str) -> dict[str, str]:
    end = f"{start[:11]}{int(start[11:13]) + 1:02}:00Z"
    told = {"cost/myCost": str(cost), "lineItem/intervalUsageStart": start, "lineItem/intervalUsageEnd": end}
    return {**BASE, **told, **{f"tags/{name}": value for name, value in tags.items()}}


class Oracle:
    """A stand-in of the Object Storage API: lists in pages of two, checks each request's signature."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.files: dict[str, tuple[bytes, str]] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.api = FakeApi(self.answer)

    def put(self, name: str, *rows: dict[str, str], at: str) -> None:
        self.files[f"reports/cost-csv/{name}"] = (
            gzip.compress(write_native(self.room / "x.csv", rows).read_bytes(), mtime=0),
            at,
        )

    def answer(self, asked: Asked) -> Reply:
        if not self.is_signed(asked):
            return Reply(
                {"code": "NotAuthenticated", "message": "The required information to complete authentication was not provided."},
                401,
            )
        place = f"/n/bling/b/{TENANCY}/o"
        if asked.path == place:
            return self.list(asked)
        data, _ = self.files[asked.path.removeprefix(place + "/").replace("%2F", "/").replace("%20", " ")]
        if asked.headers.get("if-match") != hashlib.sha1(data).hexdigest():
            return Reply({"code": "IfMatchFailed", "message": "The If-Match header was set."}, 412)
        start = int((re.match(r"bytes=(\d+)-", asked.headers.get("range", "")) or ["", "0"])[1])
        return Reply(data[start:], 206 if start else 200, {"Content-Type": "application/octet-stream"})

    def list(self, asked: Asked) -> Reply:
        assert set(asked.query) <= {"prefix", "fields", "limit", "start"}
        names = [
            name for name in sorted(self.files) if name.startswith(asked.query["prefix"]) and name >= asked.query.get("start", "")
        ]
        shown = []
        for name in names[:2]:
            data, at = self.files[name]
            digest = base64.b64encode(hashlib.md5(data).digest()).decode()
            shown.append(
                {"name": name, "size": len(data), "etag": hashlib.sha1(data).hexdigest(), "md5": digest, "timeCreated": at}
            )
        return Reply({"objects": shown, **({"nextStartWith": names[2]} if len(names) > 2 else {})})

    def is_signed(self, asked: Asked) -> bool:
        told = dict(re.findall(r'(\w+)="([^"]*)"', asked.headers.get("authorization", "")))
        query = next((one for one in self.api.targets if one.startswith(asked.path)), asked.path)
        text = f"date: {asked.headers['date']}\n(request-target): get {query}\nhost: {asked.headers['host']}"
        try:
            self.key.public_key().verify(base64.b64decode(told["signature"]), text.encode(), PKCS1v15(), SHA256())
        except Exception:
            return False
        return (
            told["keyId"] == f"{TENANCY}/{USER}/{FINGERPRINT}"
            and abs(
                (
                    datetime.strptime(asked.headers["date"], "%a, %d %b %Y %H:%M:%S GMT") - datetime.now(UTC).replace(tzinfo=None)
                ).total_seconds()
            )
            < 300
        )


@pytest.fixture
def oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acting: Acting) -> Iterator[Oracle]:
    made = Oracle(tmp_path / "delivered")
    monkeypatch.setenv(ALLOWED, made.api.url)
    monkeypatch.setenv("OCI_KEY", pem(made.key))
    settings = {
        "tenancy": TENANCY,
        "user": USER,
        "fingerprint": FINGERPRINT,
        "region": "eu-frankfurt-1",
        "endpoint": made.api.url,
    }
    acting.specs.put("connection", "oci", {"integration": "oci", "settings": settings, "secrets": {"private_key": "env:OCI_KEY"}})
    yield made
    made.api.close()


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("oci").batches}


@pytest.mark.parametrize("signed", GOLDEN["signed"], ids=["list", "read"])
def test_requests_are_signed_as_oracles_sdk_2_189_signs_them(signed: dict[str, str]) -> None:
    numbers = {name: int(value) for name, value in GOLDEN["key"].items()}
    public = rsa.RSAPublicNumbers(numbers.pop("e"), numbers.pop("n"))
    key = rsa.RSAPrivateNumbers(public_numbers=public, **numbers).private_key()
    own = ApiKey(GOLDEN["tenancy"], GOLDEN["user"], GOLDEN["fingerprint"], pem(key))
    made = own.headers(signed["method"], signed["target"], signed["host"], datetime.fromisoformat(signed["date"]))
    assert parts(made["authorization"]) == parts(signed["authorization"])


def parts(authorization: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', authorization))


def test_files_add_up_and_late_rows_of_any_month_count(oracle: Oracle, syncing: Syncing, acting: Acting) -> None:
    oracle.put("0001.csv.gz", row("1.5", **{"Team.Name": "core"}), at="2026-09-03T01:00:00.000Z")
    oracle.put("0002.csv.gz", row("0.25"), at="2026-09-03T07:00:00.000Z")
    oracle.put("0003.csv.gz", row("2", "2026-09-03T05:00Z"), at="2026-09-04T01:00:00.000Z")
    assert statuses(syncing) == {"2026-09-03": "taken", "2026-09-04": "taken"}
    assert billed(acting.workspace) == Decimal("3.75")
    oracle.put("0004.csv.gz", row("-1", "2026-08-31T05:00Z"), row("4", "2026-09-03T06:00Z"), at="2026-09-04T07:00:00.000Z")
    [known, took] = syncing.sync("oci").batches
    assert (known.status, took.status, took.fetched, took.reused) == ("known", "taken", 1, 1)
    assert billed(acting.workspace) == Decimal("6.75")
    assert took.periods == ("2026-08", "2026-09")


def test_faults_are_waited_for_and_a_cut_file_goes_on(
    oracle: Oracle, syncing: Syncing, acting: Acting, waits: list[float]
) -> None:
    oracle.put("0001.csv.gz", row("1.5"), at="2026-09-03T01:00:00.000Z")
    oracle.api.faults = [Reply({"code": "TooManyRequests", "message": "slow"}, 429, {"Retry-After": "2"}), HTML, Reply(b"", 500)]
    assert statuses(syncing) == {"2026-09-03": "taken"}
    assert billed(acting.workspace) == Decimal("1.5")
    assert waits[0] == 2.0


def test_a_user_without_the_policy_is_told(oracle: Oracle, syncing: Syncing, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle.put("0001.csv.gz", row("1.5"), at="2026-09-03T01:00:00.000Z")
    assert [one.ok for one in syncing.check(syncing.connection("oci"))] == [True, True]
    monkeypatch.setenv("OCI_KEY", other := pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    with pytest.raises(ApiError, match="answered 401") as told:
        syncing.sync("oci")
    assert other[40:80] not in str(told.value)
    [check] = syncing.check(syncing.connection("oci"))
    assert not check.ok
    assert "endorse" in check.cure
    monkeypatch.setenv("OCI_KEY", "no key")
    with pytest.raises(FinOpsError, match="cannot be read"):
        syncing.sync("oci")
