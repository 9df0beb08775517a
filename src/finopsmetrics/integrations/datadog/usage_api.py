"""Where Datadog gives its costs: the usage API, a month at a time, for all organizations of an account.

`historical_cost` has what a closed month came to, by the 16th of the next one; until it does, `estimated_cost` has what the
month is thought to come to. Both give an organization's month with its charges, which become one row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, MonthlySource, listed, months
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

PLACE = "/api/v2/usage"
SETTLES = timedelta(days=45)
"""Later than a month may be estimated, so that an estimate is never the last that is fetched of it."""
KEYS = ("product_name", "charge_type", "cost")


class Settings(SourceSettings):
    """Which site, and what the answers do not tell."""

    site: str = Field(default="datadoghq.com", pattern=r"^[a-z0-9.-]{4,60}$", description="The Datadog site: datadoghq.eu.")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="The currency that the account is billed in; the API names none.")
    view: Literal["sub-org", "summary"] = Field(default="sub-org", description="Costs of each organization, or their sum alone.")
    connected: bool = Field(default=False, description="Also the accounts that are connected to this one.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month to fetch: 2026-01.")
    endpoint: str | None = Field(default=None, description="Another address; the server's keeper must allow it.")


@dataclass(frozen=True)
class Costs:
    """The monthly costs of an account's organizations."""

    client: ApiClient
    settings: Settings
    outside: Outside

    def rows(self, month: str, beat: Beat) -> Iterator[dict[str, Any]]:
        """A month's charges, each with its organization's month and the currency beside it."""
        self.client.beat = beat
        before, current = months(None, self.outside.now())[-2:]
        found = self._asked("historical_cost", month) if month < current else []
        if not found and month >= before:
            found = self._asked("estimated_cost", month)
        rows = [row for one in found for row in self._charges(one["attributes"])]
        yield from sorted(rows, key=lambda row: tuple(str(row.get(name)) for name in ("public_id", "region", "date", *KEYS)))

    def historical(self, month: str) -> int:
        """How many organizations have costs in a closed month. Raises ApiError."""
        return len(self._asked("historical_cost", month))

    def _asked(self, kind: str, month: str) -> list[Mapping[str, Any]]:
        asked = {"start_month": month, "end_month": month, "view": self.settings.view}
        more = {"include_connected_accounts": "true"} if self.settings.connected else {}
        return listed(self.client.get(f"{PLACE}/{kind}", {**asked, **more}), "data", "Datadog")

    def _charges(self, attributes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        beside = {name: value for name, value in attributes.items() if name != "charges"}
        for charge in attributes.get("charges") or ():
            yield {**beside, **charge, "currency": self.settings.currency}


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of Datadog's monthly costs."""
    base = endpoint(settings.endpoint or f"https://api.{settings.site}", collector("datadog").hosts)
    keys = {"DD-API-KEY": secrets["api_key"], "DD-APPLICATION-KEY": secrets["application_key"]}
    costs = Costs(ApiClient(base, sleep=outside.sleep, headers=lambda: keys), settings, outside)

    def closed() -> str:
        month = months(None, outside.now())[-3]
        return f"{costs.historical(month)} organizations have costs in {month}"

    probes = (("usage_read and billing_read in the parent organization", closed),)
    return MonthlySource(costs.rows, probes, outside, SETTLES, settings.since)
