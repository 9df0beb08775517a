"""Where AWS delivers bills: Data Exports (CUR 2.0, FOCUS) and Cost and Usage Reports in S3, overwritten or kept by version.

A delivery is whole when its manifest is there, names files that are all there, and none of them is newer than it. Layouts:
AWS, "Understanding export delivery" and "Understanding your report versions" (Data Exports user guide).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field

from finopsmetrics.integrations.aws.s3 import Bucket, client, session, told
from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.objects import Object, fetch, piece_of, reading, small, whole_delivery
from finopsmetrics.integrations.opening import collector

QUIET = timedelta(hours=1)
"""Files newer than their manifest are taken once they did not change for so long: the order of writes is not promised."""
_PERIOD = re.compile(r"BILLING_PERIOD=(\d{4}-\d{2})|/(\d{4})(\d{2})\d{2}-\d{8}/")


class Settings(SourceSettings):
    """Where the exports lie. Without secrets the machine's own credentials are used."""

    bucket: str = Field(min_length=3, max_length=255, description="The bucket that exports are delivered to.")
    prefix: str = Field(default="", max_length=900, description="Where the export lies: its S3 prefix, then its name.")
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]{2,30}$", description="The bucket's region.")
    role_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$", description="A role to take.")
    external_id: str | None = Field(default=None, max_length=1224, description="The external id that the role asks for.")
    since: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$", description="The first billing period to fetch: 2026-01.")
    endpoint: str | None = Field(default=None, description="Another address of S3 and STS; the server's keeper must allow it.")


@dataclass(frozen=True)
class Delivered:
    """A manifest with the files that it names; `version` orders several of one period by when they were made."""

    period: str
    export: str
    version: datetime
    files: tuple[Object, ...]
    names: tuple[str, ...]


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of exports in S3."""
    place = endpoint(settings.endpoint, collector("aws").hosts) if settings.endpoint else None
    made = session(secrets, settings.region, settings.role_arn, settings.external_id, place)
    return Exports(settings, made, place, outside)


class Exports:
    """Exports under one prefix; see `collecting.Source`."""

    def __init__(self, settings: Settings, made: Any, place: str | None, outside: Outside) -> None:
        self._settings, self._session, self._place, self._outside = settings, made, place, outside
        self._bucket = Bucket(client(made, "s3", place), settings.bucket)

    def check(self) -> Iterator[Checked]:
        """Who we are, whether we may list and read, and whether an export is there."""
        try:
            with told("tell who we are"):
                who = client(self._session, "sts", self._place).get_caller_identity()["Arn"]
            yield Checked("sts:GetCallerIdentity", True, who)
        except SourceError as error:
            yield Checked("sts:GetCallerIdentity", False, error.cause, error.cure)
        where = f"s3://{self._settings.bucket}/{self._settings.prefix}"
        refused = False
        for one in reading(self._bucket, where, self._settings.prefix, ("s3:ListBucket", "s3:GetObject")):
            refused = refused or not one.ok
            yield one
        if refused:
            return
        yield whole_delivery(self, "Check the prefix; AWS delivers a new export within 24 hours.")

    def offered(self) -> Iterator[Batch]:
        """The newest whole version of each billing period of each export."""
        objects = {one.key: one for one in self._bucket.objects(self._settings.prefix)}
        newest: dict[tuple[str, str], Delivered] = {}
        for key, one in objects.items():
            if not key.lower().endswith("manifest.json"):
                continue
            found = self._read(one, objects)
            if found is not None and found.period >= (self._settings.since or ""):
                place = (found.export, found.period)
                newest[place] = max(newest.get(place, found), found, key=lambda each: each.version)
        exports = sorted({export for export, _ in newest})
        if len(exports) > 1:
            cause = f"Several exports lie under {self._settings.prefix!r}: {', '.join(exports[:5])}. One would replace the other."
            raise SourceError(cause, cure="Make a connection for each, with a prefix that leads to it alone.")
        for found in sorted(newest.values(), key=lambda one: one.period):
            pieces = tuple(piece_of(file, name) for file, name in zip(found.files, found.names, strict=True))
            yield Batch(found.period, pieces, delivered_at=found.version)

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a file's bytes."""
        fetch(self._bucket, piece, part, beat)

    def _read(self, manifest: Object, objects: Mapping[str, Object]) -> Delivered | None:
        """What a manifest names; None when it is of another kind, or its files are not all there and settled."""
        where = _PERIOD.search("/" + manifest.key)
        try:
            body = json.loads(small(self._bucket, manifest))
            keys = _keys(body, self._settings.bucket)
        except (ValueError, AttributeError, TypeError) as error:
            raise SourceError(f"{manifest.key} cannot be read as a manifest.", cure="Check the connection's prefix.") from error
        period = f"{where[1] or f'{where[2]}-{where[3]}'}" if where else _told_period(body)
        if not keys or period is None or any(key not in objects for key in keys):
            return None
        files = tuple(objects[key] for key in keys)
        last = max(file.modified for file in files)
        if last > manifest.modified and self._outside.now() - last < QUIET:
            return None
        names = tuple(key.rsplit("/", 1)[-1] for key in keys)
        return Delivered(period, _export(manifest.key), max(last, manifest.modified), files, names)


def _keys(body: Mapping[str, Any], bucket: str) -> list[str]:
    """The keys that a manifest names: those of Data Exports as `s3://` addresses, those of reports as keys."""
    named = body.get("dataFiles") or body.get("reportKeys") or []
    return [str(key).removeprefix(f"s3://{bucket}/").lstrip("/") for key in named]


def _told_period(body: Mapping[str, Any]) -> str | None:
    start = str((body.get("billingPeriod") or {}).get("start", ""))
    return f"{start[:4]}-{start[4:6]}" if re.match(r"^\d{8}", start) else None


def _export(key: str) -> str:
    """The export's name: that of its manifest's file."""
    return re.sub(r"-?manifest\.json$", "", key.rsplit("/", 1)[-1], flags=re.I) or "export"
