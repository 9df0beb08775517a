"""Where IBM Cloud gives its usage of resource instances: the Usage Reports API (v4), a month at a time; read only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.ibm.iam import ApiKey
from finopsmetrics.integrations.monthly import MONTH, MonthlySource, listed
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

PAGE = 200
SETTLES = timedelta(days=10)


class Settings(SourceSettings):
    """Which account's usage is fetched."""

    account_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="The account, by its id of 32 hexadecimal digits.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month to fetch: 2026-01.")
    endpoint: str = Field(
        default="https://billing.cloud.ibm.com", description="Another address; the server's keeper must allow it."
    )
    token_endpoint: str = Field(default="https://iam.cloud.ibm.com", description="Another address that gives tokens; likewise.")


@dataclass(frozen=True)
class Usage:
    """The usage of one account."""

    client: ApiClient
    account_id: str

    def rows(self, month: str, beat: Beat) -> Iterator[dict[str, Any]]:
        """A month's metrics, one a row, with what is told of their instance."""
        self.client.beat = beat
        asked: dict[str, Any] = {"_limit": PAGE, "_names": "true", "_tags": "true"}
        passed: set[str] = set()
        while True:
            answer = self.client.get(f"/v4/accounts/{self.account_id}/resource_instances/usage/{month}", asked)
            for instance in listed(answer, "resources", "IBM Cloud"):
                yield from _metrics(instance)
            start = _next(answer.get("next") or {})
            if start is None:
                return
            if start in passed:
                raise SourceError(f"IBM Cloud gives the same page of {month} again.", cure="Sync again.", retryable=True)
            passed.add(start)
            asked["_start"] = start

    def first(self, month: str) -> str:
        """How many instances the first page of a month has."""
        answer = self.client.get(f"/v4/accounts/{self.account_id}/resource_instances/usage/{month}", {"_limit": 1})
        return "usage of this month" if listed(answer, "resources", "IBM Cloud") else "no usage in this month yet"


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of IBM Cloud's usage reports."""
    hosts = collector("ibm").hosts
    key = ApiKey(secrets["api_key"], endpoint(settings.token_endpoint, hosts), outside)
    usage = Usage(ApiClient(endpoint(settings.endpoint, hosts), sleep=outside.sleep, headers=key.headers), settings.account_id)
    probes = (
        ("a token for the API key", key.tried),
        ("usage reports of the account", lambda: usage.first(f"{outside.now():%Y-%m}")),
    )
    return MonthlySource(usage.rows, probes, outside, SETTLES, settings.since)


def _metrics(instance: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    told = {name: value for name, value in instance.items() if name != "usage"}
    for metric in listed(instance, "usage", "IBM Cloud"):
        yield {**told, **metric}


def _next(page: Mapping[str, Any]) -> str | None:
    """Where the next page begins: its offset, else what its address says; the address itself is not followed."""
    start = page.get("offset") or next(iter(parse_qs(urlsplit(str(page.get("href", ""))).query).get("_start", ())), None)
    return str(start) if start else None
