"""Where Alibaba Cloud gives its bills: `DescribeInstanceBill` of BssOpenApi (2017-12-14), by cycles; read only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field

from finopsmetrics.integrations.alibaba.signing import signed
from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceAccessError, SourceError, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, MonthlySource, bounds
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient, ApiError

PAGE = 300
SETTLES = timedelta(days=10)
ACTION, API_VERSION = "DescribeInstanceBill", "2017-12-14"
PERMISSION = "bssapi:DescribeInstanceBill"
CHINA = timedelta(hours=8)
AGAIN = ("Throttling", "ServiceUnavailable", "InternalError")
_CURE = f"Give an access key that exists and is not disabled, of a RAM user who may {PERMISSION}."


class Settings(SourceSettings):
    """Which bill is fetched, and how finely; the access key tells whose."""

    granularity: Literal["monthly", "daily"] = Field(default="monthly", description="monthly, or daily: a request for each day.")
    billing_items: bool = Field(default=True, description="Bills of billable items, with usage and prices; false: of instances.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first billing cycle to fetch: 2026-01.")
    endpoint: str = Field(
        default="https://business.aliyuncs.com",
        description="The international site's: https://business.ap-southeast-1.aliyuncs.com.",
    )


@dataclass(frozen=True)
class Bill:
    """The bill of one account."""

    client: ApiClient
    settings: Settings
    key_id: str
    key_secret: str = field(repr=False)
    outside: Outside

    def rows(self, month: str, beat: Beat) -> Iterator[dict[str, Any]]:
        """A billing cycle's items, its name and the account beside each."""
        self.client.beat = beat
        if self.settings.granularity == "monthly":
            yield from self._paged({"BillingCycle": month, "Granularity": "MONTHLY"})
            return
        start, after = bounds(month)
        days = (min(after, self.outside.now() + CHINA) - start) / timedelta(days=1)
        for number in range(int(days) + (days % 1 > 0)):
            day = f"{start + timedelta(days=number):%Y-%m-%d}"
            yield from self._paged({"BillingCycle": month, "Granularity": "DAILY", "BillingDate": day})

    def first(self, month: str) -> str:
        """How many items a cycle has by now."""
        return f"{self._page({'BillingCycle': month, 'MaxResults': '1'}).get('TotalCount', 0)} items of this month"

    def _paged(self, which: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        asked = {**which, "IsBillingItem": str(self.settings.billing_items).lower(), "MaxResults": str(PAGE)}
        got = 0
        while True:
            data = self._page(asked)
            beside = {name: data[name] for name in ("BillingCycle", "AccountID", "AccountName") if data.get(name)}
            for item in data.get("Items") or ():
                got += 1
                yield {**item, **beside}
            if not data.get("NextToken"):
                break
            asked["NextToken"] = str(data["NextToken"])
        if got != data.get("TotalCount"):
            when = which.get("BillingDate", which["BillingCycle"])
            cause = f"Alibaba Cloud gave {got} of {data.get('TotalCount')} items of {when}."
            raise SourceError(cause, cure="Sync again.", retryable=True)

    def _page(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        def parameters() -> dict[str, str]:
            what = {"Action": ACTION, "Version": API_VERSION, **asked}
            now = self.outside.now()
            return signed(what, method="POST", key_id=self.key_id, key_secret=self.key_secret, now=now, nonce=uuid4().hex)

        try:
            answer, _ = self.client.ask("POST", "/", params=parameters)
        except ApiError as error:
            if error.retryable:
                raise
            raise SourceAccessError(f"Alibaba Cloud refused: {error.cause}", cure=_CURE) from error
        told: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        data = told.get("Data")
        if not told.get("Success") or not isinstance(data, dict):
            said = f"{told.get('Code', 'no code')}: {told.get('Message', 'no message')}"
            raise SourceError(f"Alibaba Cloud answered {said}.", cure=_CURE)
        return data


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of Alibaba Cloud's bills."""
    client = ApiClient(endpoint(settings.endpoint, collector("alibaba").hosts), sleep=outside.sleep, passing=passing)
    bill = Bill(client, settings, secrets["access_key_id"], secrets["access_key_secret"], outside)
    probes = ((PERMISSION, lambda: bill.first(f"{outside.now():%Y-%m}")),)
    return MonthlySource(bill.rows, probes, outside, SETTLES, settings.since)


def passing(content: bytes) -> bool:
    """Whether an answer's code says that it may pass: throttling comes with the status 400, 503 or even 200."""
    try:
        code = json.loads(content).get("Code")
    except (ValueError, AttributeError):
        return False
    return str(code).split(".")[0] in AGAIN
