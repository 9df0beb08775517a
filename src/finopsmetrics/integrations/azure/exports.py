"""Where Azure delivers bills: exports of Cost Management in Blob storage, overwritten or a folder a run.

A run is whole when its manifest.json is there and each blob that it names is there in the size that it names. Actual and
amortised costs are two exports: named together, a month is whole when both have it. Layout and manifest: Microsoft, "Create
and manage Cost Management exports".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from finopsmetrics.integrations.azure.blobs import Container, container, credential
from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH
from finopsmetrics.integrations.objects import Object, fetch, piece_of, reading, small, whole_delivery
from finopsmetrics.integrations.opening import collector

VIEWS = {"actualcost": "actual", "amortizedcost": "amortized", "focuscost": "focus", "usage": "usage"}
_MONTH = re.compile(r"/(\d{4})(\d{2})\d{2}-\d{8}/")


class Settings(SourceSettings):
    """Where the exports lie. Without secrets what the machine itself is given is used (managed identity, variables)."""

    account_url: str = Field(description="The storage account: https://NAME.blob.core.windows.net.")
    container: str = Field(min_length=3, max_length=63, description="The container that exports are delivered to.")
    prefixes: tuple[str, ...] = Field(
        min_length=1,
        max_length=4,
        description="Where each export lies: its directory and name. Name actual and amortised together.",
    )
    tenant_id: str | None = Field(default=None, max_length=100, description="The tenant of a service principal.")
    client_id: str | None = Field(default=None, max_length=100, description="A service principal, or a managed identity.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month to fetch: 2026-01.")

    @field_validator("prefixes", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


@dataclass(frozen=True)
class Delivered:
    """A run of an export: which month, which export and view, when it was written, and its blobs."""

    month: str
    export: str
    view: str
    written: datetime
    blobs: tuple[Object, ...]


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:  # noqa: ARG001
    """A source of exports in Blob storage."""
    url = endpoint(settings.account_url, collector("azure").hosts)
    return Exports(settings, container(url, settings.container, credential(secrets, settings.tenant_id, settings.client_id)))


class Exports:
    """Exports under their prefixes; see `collecting.Source`."""

    def __init__(self, settings: Settings, store: Container) -> None:
        self._settings, self._store = settings, store

    def check(self) -> Iterator[Checked]:
        """Whether we may list and read under each prefix, and whether a month is whole."""
        for prefix in self._settings.prefixes:
            for one in reading(self._store, f"{self._store.name}/{prefix}", prefix, ("list blobs", "read blobs")):
                yield one
                if not one.ok:
                    return
        yield whole_delivery(self, "Check the prefixes; run the export once, also for past months.")

    def offered(self) -> Iterator[Batch]:
        """Each month that all of the exports have, of each its newest run."""
        runs = [self._newest(prefix) for prefix in self._settings.prefixes]
        views = [one.view for found in runs for one in list(found.values())[:1]]
        if len(set(views)) < len(views):
            raise SourceError(
                "Two of the prefixes lead to exports of the same view.", cure="Name an actual and an amortised one."
            )
        for month in sorted(set.intersection(*(set(found) for found in runs))):
            chosen = [found[month] for found in runs]
            pieces = [piece_of(blob, f"{one.view}/{blob.key.rsplit('/', 1)[-1]}") for one in chosen for blob in one.blobs]
            if month >= (self._settings.since or ""):
                yield Batch(month, tuple(pieces), delivered_at=max(one.written for one in chosen))

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a blob's bytes."""
        fetch(self._store, piece, part, beat)

    def _newest(self, prefix: str) -> dict[str, Delivered]:
        """The newest whole run of each month under a prefix."""
        blobs = {one.key: one for one in self._store.objects(prefix)}
        manifests = [one for key, one in blobs.items() if key.rsplit("/", 1)[-1].lower() == "manifest.json"]
        runs = [run for run in (self._read(one, blobs) for one in manifests) if run is not None]
        exports = sorted({run.export for run in runs})
        if len(exports) > 1:
            cause = f"Several exports lie under {prefix!r}: {', '.join(exports[:5])}. One would replace the other."
            raise SourceError(cause, cure="Name a prefix that leads to one alone, or make a connection for each.")
        return {run.month: run for run in sorted(runs, key=lambda each: each.written)}

    def _read(self, manifest: Object, blobs: Mapping[str, Object]) -> Delivered | None:
        """What a manifest names; None when its blobs are not all there and whole."""
        try:
            body = json.loads(small(self._store, manifest))
            named = [(str(entry["blobName"]).lstrip("/"), entry.get("byteCount")) for entry in body["blobs"]]
            config, run = body.get("exportConfig") or {}, body.get("runInfo") or {}
            view = VIEWS.get(str(config.get("type", "")).lower(), "usage")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(f"{manifest.key} cannot be read as a manifest.", cure="Check the connection's prefixes.") from error
        where = _MONTH.search("/" + manifest.key)
        month = f"{where[1]}-{where[2]}" if where else str(run.get("startDate", ""))[:7]
        if not named or not re.match(MONTH, month):
            return None
        if any(key not in blobs or (size is not None and blobs[key].size != size) for key, size in named):
            return None
        export = str(config.get("exportName") or manifest.key.rsplit("/", 3)[0])
        return Delivered(month, export, view, manifest.modified, tuple(blobs[key] for key, _ in named))
