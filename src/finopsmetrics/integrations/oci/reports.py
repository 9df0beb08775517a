"""Where Oracle Cloud delivers bills: cost reports and FOCUS reports in a bucket of Oracle's own, a few files a day.

Files are written once. Late use and corrections of any month come as rows of later files, so each day's files are a delivery
that adds to the others (Oracle, "Cost and Usage Reports"). Requests: Object Storage API, read only.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.integrations.collecting import (
    Batch,
    Beat,
    Checked,
    Outside,
    Piece,
    Source,
    SourceChangedError,
    SourceSettings,
)
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH
from finopsmetrics.integrations.objects import Object, fetch, piece_of
from finopsmetrics.integrations.oci.signing import ApiKey
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient, ApiError

NAMESPACE = "bling"
PREFIXES = {"cost": "reports/cost-csv/", "focus": "FOCUS Reports/"}
_OCID = r"^ocid1\.{}\.[a-z0-9]+\.[a-z0-9-]*\.[a-z0-9.]+$"


class Settings(SourceSettings):
    """Whose reports, and which."""

    tenancy: str = Field(pattern=_OCID.format("tenancy"), description="The OCID of the tenancy; the bucket has its name.")
    user: str = Field(pattern=_OCID.format("user"), description="The OCID of the user whose API key signs.")
    fingerprint: str = Field(pattern=r"^([0-9a-f]{2}:){15}[0-9a-f]{2}$", description="The fingerprint of the API key.")
    region: str = Field(pattern=r"^[a-z0-9-]{2,40}$", description="The tenancy's home region, such as eu-frankfurt-1.")
    report: Literal["cost", "focus"] = Field(
        default="cost", description="Which reports: cost (Oracle's columns) or focus; never both."
    )
    since: str | None = Field(default=None, pattern=MONTH, description="The first month whose files are fetched: 2026-01.")
    endpoint: str | None = Field(default=None, description="Another address; the server's keeper must allow it.")


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of reports in Oracle's bucket."""
    key = ApiKey(settings.tenancy, settings.user, settings.fingerprint, secrets["private_key"], secrets.get("passphrase"))
    base = endpoint(settings.endpoint or f"https://objectstorage.{settings.region}.oraclecloud.com", collector("oci").hosts)

    def sign(method: str, target: str, host: str) -> dict[str, str]:
        return key.headers(method, target, host, outside.now())

    return Reports(settings, ReportBucket(ApiClient(base, sleep=outside.sleep, sign=sign), settings.tenancy))


class ReportBucket:
    """The bucket in which Oracle puts a tenancy's reports; see `objects.Store`."""

    def __init__(self, client: ApiClient, tenancy: str) -> None:
        self.client = client
        self._place = f"/n/{NAMESPACE}/b/{tenancy}/o"

    def objects(self, prefix: str) -> Iterator[Object]:
        """Every object under a prefix."""
        asked: dict[str, Any] = {"prefix": prefix, "fields": "name,size,etag,md5,timeCreated", "limit": 1000}
        while True:
            answer = self.client.get(self._place, asked)
            for one in answer["objects"]:
                moment = datetime.fromisoformat(one["timeCreated"]).astimezone(UTC).replace(tzinfo=None)
                digest = base64.b64decode(one["md5"]).hex() if one.get("md5") else None
                yield Object(one["name"], str(one["etag"]), int(one["size"]), moment, digest)
            if not answer.get("nextStartWith"):
                return
            asked["start"] = answer["nextStartWith"]

    def blocks(self, key: str, tag: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start` on."""
        headers = {"if-match": tag, "accept": "*/*", **({"range": f"bytes={start}-"} if start else {})}
        try:
            yield from self.client.blocks(f"{self._place}/{quote(key, safe='')}", headers=headers)
        except ApiError as error:
            if error.status == 412:
                raise SourceChangedError(f"{key} was replaced while it was fetched.") from error
            raise


class Reports:
    """A tenancy's reports; see `collecting.Source`."""

    def __init__(self, settings: Settings, bucket: ReportBucket) -> None:
        self._settings, self._bucket = settings, bucket
        self._prefix = PREFIXES[settings.report]

    def check(self) -> Iterator[Checked]:
        """Whether we may list the reports and read one."""
        where = f"{NAMESPACE}/{self._settings.tenancy}"
        cure = "Let an administrator endorse the user's group to read objects in Oracle's tenancy: docs/integrations/oci.md."
        try:
            first = next(self._bucket.objects(self._prefix), None)
            found = first.key if first else f"nothing lies under {self._prefix!r} yet"
            yield Checked(f"list objects in {where}", True, found)
            if first is not None:
                next(self._bucket.blocks(first.key, first.tag), b"")
                yield Checked(f"read objects in {where}", True)
        except FinOpsError as error:
            yield Checked(f"read objects in {where}", False, error.cause, cure)

    def offered(self) -> Iterator[Batch]:
        """The files of each day on which Oracle wrote some, oldest first."""
        files = [one for one in self._bucket.objects(self._prefix) if one.key.lower().endswith((".csv.gz", ".csv")) and one.size]
        files = [one for one in files if f"{one.modified:%Y-%m}" >= (self._settings.since or "")]
        for day, those in groupby(
            sorted(files, key=lambda one: (one.modified, one.key)), key=lambda one: f"{one.modified:%Y-%m-%d}"
        ):
            found = list(those)
            pieces = tuple(piece_of(one, one.key.removeprefix(self._prefix)) for one in found)
            yield Batch(day, pieces, mode="append", delivered_at=max(one.modified for one in found))

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a file's bytes."""
        self._bucket.client.beat = beat
        fetch(self._bucket, piece, part, beat)
