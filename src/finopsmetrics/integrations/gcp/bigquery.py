"""Where Google Cloud delivers bills: the billing export in BigQuery, fetched partition by partition.

The export's tables have a partition for each day on which rows were loaded. A partition only grows on its day; corrections and
late use of any month come as rows of a later one. So each partition is a delivery that adds to the others, fetched again when
it was modified. Requests: BigQuery REST API v2 (`jobs.query`, `jobs.getQueryResults`), read only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

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
    SourceError,
    SourceSettings,
)
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.gcp.accounts import ServiceAccount
from finopsmetrics.integrations.monthly import MONTH, write_lines
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

PAGE = 10_000
WAIT = 10_000  # milliseconds that BigQuery may take before it answers that the query still runs
_TABLE = r"^[a-z][a-z0-9:.-]{4,60}\.\w{1,200}\.gcp_billing_export_[A-Za-z0-9_]{1,200}$"


class Settings(SourceSettings):
    """Which table the export is written to, and which project pays for reading it."""

    table: str = Field(
        pattern=_TABLE, description="PROJECT.DATASET.gcp_billing_export_resource_v1_ACCOUNT, or the standard table."
    )
    project: str | None = Field(
        default=None, pattern=r"^[a-z][a-z0-9:.-]{4,60}$", description="The project in which queries run; the table's."
    )
    location: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{2,30}$", description="Where the dataset lies, such as EU.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month whose partitions are fetched: 2026-01.")
    endpoint: str = Field(
        default="https://bigquery.googleapis.com", description="Another address; the server's keeper must allow it."
    )


@dataclass(frozen=True)
class Asking:
    """Runs queries and pages through their answers."""

    client: ApiClient
    project: str
    location: str | None

    def rows(self, sql: str, parameters: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """The rows of a query, in as many pages as it takes, all of one snapshot. Raises ApiError or SourceError."""
        body = {
            "query": sql,
            "useLegacySql": False,
            "maxResults": PAGE,
            "timeoutMs": WAIT,
            "formatOptions": {"useInt64Timestamp": True},
            **({"location": self.location} if self.location else {}),
            **({"parameterMode": "NAMED", "queryParameters": _parameters(parameters)} if parameters else {}),
        }
        place = f"/bigquery/v2/projects/{self.project}/queries"
        answer = self.client.post(place, body)
        job = answer.get("jobReference") or {}
        where = {"maxResults": PAGE, "timeoutMs": WAIT, "formatOptions.useInt64Timestamp": "true"}
        where |= {"location": job["location"]} if job.get("location") else {}
        got, fields = 0, None
        while True:
            if answer.get("errors") and not answer.get("jobComplete"):
                raise SourceError(
                    f"BigQuery could not run the query: {answer['errors'][0].get('message', '')}.", cure="Sync again."
                )
            if answer.get("jobComplete"):
                fields = fields or answer["schema"]["fields"]
                for row in answer.get("rows", ()):
                    got += 1
                    yield _record(fields, row["f"])
                if not answer.get("pageToken"):
                    break
                where["pageToken"] = answer["pageToken"]
            answer = self.client.get(f"{place}/{job['jobId']}", where)
        if got != int(answer.get("totalRows", got)):
            raise SourceError(f"BigQuery gave {got} of {answer['totalRows']} rows.", cure="Sync again.", retryable=True)


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of a billing export in BigQuery."""
    hosts = collector("gcp").hosts
    account = ServiceAccount.read(secrets["key"], hosts, outside)
    client = ApiClient(endpoint(settings.endpoint, hosts), sleep=outside.sleep, headers=account.headers)
    return Export(settings, Asking(client, settings.project or settings.table.split(".")[0], settings.location), account)


class Export:
    """A billing export; see `collecting.Source`."""

    def __init__(self, settings: Settings, asking: Asking, account: ServiceAccount) -> None:
        self._settings, self._asking, self._account = settings, asking, account

    def check(self) -> Iterator[Checked]:
        """Whether Google knows us, we may run a query, and the table can be read."""
        tried: tuple[tuple[str, Callable[[], str]], ...] = (
            ("a token for the service account", lambda: self._account.email if self._account.headers() else ""),
            ("bigquery.jobs.create", lambda: str(next(self._asking.rows("SELECT 1 AS one"))["one"]) and self._asking.project),
            ("bigquery.tables.get on the dataset", lambda: f"{sum(1 for _ in self.offered())} partitions"),
            ("bigquery.tables.getData on the table", lambda: f"{sum(1 for _ in self._asking.rows(self._sample()))} rows tried"),
        )
        for what, probe in tried:
            try:
                yield Checked(what, True, probe())
            except FinOpsError as error:
                yield Checked(what, False, error.cause, error.cure)
                return

    def offered(self) -> Iterator[Batch]:
        """Each day's partition, oldest first; rows that are still being loaded are in none."""
        dataset, table = self._settings.table.rsplit(".", 1)
        sql = (
            "SELECT partition_id, total_rows, last_modified_time "
            f"FROM `{dataset}.INFORMATION_SCHEMA.PARTITIONS` WHERE table_name = @table ORDER BY partition_id"
        )
        since = (self._settings.since or "").replace("-", "")
        for row in self._asking.rows(sql, {"table": table}):
            name, rows = str(row["partition_id"]), int(row["total_rows"] or 0)
            if not re.fullmatch(r"\d{8}", name) or name < since or not rows:
                continue
            written = datetime.fromisoformat(row["last_modified_time"].removesuffix("Z"))
            day = f"{name[:4]}-{name[4:6]}-{name[6:]}"
            piece = Piece(f"{name}.jsonl", f"{written.isoformat()}-{rows}", place={"day": day, "rows": rows})
            yield Batch(day, (piece,), mode="append", delivered_at=written)

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a partition's rows as JSON lines."""
        self._asking.client.beat = beat
        sql = f"SELECT * FROM `{self._settings.table}` WHERE _PARTITIONTIME = TIMESTAMP('{piece.place['day']}')"
        got = 0

        def counted() -> Iterator[dict[str, Any]]:
            nonlocal got
            for row in self._asking.rows(sql):
                got += 1
                yield row

        write_lines(counted(), part)
        if got != piece.place["rows"]:
            part.unlink()
            raise SourceChangedError(f"The partition {piece.place['day']} changed while it was fetched.")

    def _sample(self) -> str:
        return f"SELECT * FROM `{self._settings.table}` WHERE _PARTITIONTIME >= TIMESTAMP('9999-01-01') LIMIT 1"


def _parameters(given: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "parameterType": {"type": "STRING"}, "parameterValue": {"value": value}} for name, value in given.items()
    ]


def _record(fields: list[dict[str, Any]], cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {field["name"]: _cell(field, cell["v"]) for field, cell in zip(fields, cells, strict=True)}


def _cell(field: Mapping[str, Any], value: Any) -> Any:
    """A cell as JSON: records as objects, times as ISO 8601; numbers stay the text that BigQuery sends."""
    if value is None:
        return None
    if field.get("mode") == "REPEATED":
        return [_cell({**field, "mode": "NULLABLE"}, entry["v"]) for entry in value]
    if field["type"] in {"RECORD", "STRUCT"}:
        return _record(field["fields"], value["f"])
    if field["type"] == "TIMESTAMP":
        return _moment(value).isoformat() + "Z"
    return value


def _moment(micros: Any) -> datetime:
    """A time from microseconds since 1970, UTC without zone."""
    return datetime(1970, 1, 1) + timedelta(microseconds=int(micros))
