"""Where Redis Cloud gives its costs: a report that is asked for, made in the background, and downloaded; a month at a time.

Asking for a report makes a file at Redis and changes nothing else. Requests: Redis Cloud API v1, "Generate cost report".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field

from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, bounds, months, probed
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

SETTLES = timedelta(days=10)
OVER = timedelta(days=2)
"""A report's end is after its start, so a month is asked for once it has two days that are over."""
PAUSE, PAUSES = 5.0, 120
"""A report may take ten minutes, looked after every few seconds."""
DONE, FAILED = "processing-completed", "processing-error"


class Settings(SourceSettings):
    """Which reports are fetched; the keys tell whose."""

    since: str | None = Field(default=None, pattern=MONTH, description="The first month to fetch: 2026-01.")
    endpoint: str = Field(
        default="https://api.redislabs.com/v1", description="Another address; the server's keeper must allow it."
    )


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of Redis Cloud's cost reports."""
    headers = {"x-api-key": secrets["account_key"], "x-api-secret-key": secrets["secret_key"]}
    base = endpoint(settings.endpoint, collector("redis_cloud").hosts)
    return Reports(ApiClient(base, sleep=outside.sleep, headers=lambda: headers), outside, settings.since)


class Reports:
    """The cost reports of one account; see `collecting.Source`."""

    def __init__(self, client: ApiClient, outside: Outside, since: str | None) -> None:
        self._client, self._outside, self._since = client, outside, since

    def check(self) -> Iterator[Checked]:
        """Whether a report is made for us, and can be downloaded."""
        return probed((("cost reports of the account", self._tried),))

    def offered(self) -> Iterator[Batch]:
        """Every month from `since`, or a year ago, to the current one."""
        for month in months(self._since, self._outside.now() - OVER):
            yield Batch(month, (Piece(f"{month}.csv", place={"month": month}),), settled=bounds(month)[1] + SETTLES)

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a month's report; nothing where it has a header alone."""
        self._client.beat = beat
        first, last = _days(piece.place["month"], self._outside.now())
        report = self._report(first, last)
        part.write_bytes(report if len(report.strip().splitlines()) > 1 else b"")

    def _report(self, first: date, last: date) -> bytes:
        """The report of some days, both ends in it. Raises SourceError when Redis does not make it."""
        asked = {"startDate": f"{first}", "endDate": f"{last}", "format": "csv"}
        task = _told(self._client.post("/cost-report", asked))
        for _ in range(PAUSES):
            if task.get("status") in {DONE, FAILED}:
                break
            self._outside.sleep(PAUSE)
            task = _told(self._client.get(f"/tasks/{quote(_named(task.get('taskId'), 'taskId'), safe='')}"))
        response = _told(task.get("response") or {})
        if task.get("status") != DONE:
            error = response.get("error") or {}
            why = error.get("description") or error.get("type") if isinstance(error, dict) else error
            raise SourceError(
                f"Redis Cloud made no cost report of {first} to {last}: {why or task.get('status')}.",
                cure="The keys need the role Owner or Viewer, and Redis must have enabled cost reports for the account.",
                retryable=task.get("status") != FAILED,
            )
        name = _named(_told(response.get("resource") or {}).get("costReportId"), "costReportId")
        return self._client.download(f"/cost-report/{quote(name, safe='')}", headers={"Accept": "*/*"})

    def _tried(self) -> str:
        first, last = _days(f"{self._outside.now() - OVER:%Y-%m}", self._outside.now())
        lines = self._report(first, last).strip().splitlines()
        return f"{max(0, len(lines) - 1)} lines of {first} to {last}"


def _days(month: str, now: datetime) -> tuple[date, date]:
    """A month's first day and its last, or yesterday where that is earlier."""
    start, after = bounds(month)
    return start.date(), min(after, datetime(now.year, now.month, now.day)).date() - timedelta(days=1)


def _told(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise SourceError("The answer of Redis Cloud is no task.", cure="Sync again; if it stays so, report it.")
    return answer


def _named(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise SourceError(f"The task of Redis Cloud has no {name}.", cure="Sync again; if it stays so, report it.")
    return value
