"""Where GitHub gives its billing usage: the REST API, a month at a time, for an organization, an enterprise or a user.

An enterprise's usage comes in parts: what belongs to no cost center, and that of each cost center. Requests: GitHub REST API,
"Billing usage" and "Cost centers", version 2022-11-28; read only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import Field, model_validator

from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceSettings
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH, MonthlySource, listed
from finopsmetrics.integrations.opening import collector
from finopsmetrics.plugins.client import ApiClient

API_VERSION = "2022-11-28"
SETTLES = timedelta(days=5)
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"


class Settings(SourceSettings):
    """Whose usage is fetched: one of organization, enterprise and user."""

    organization: str | None = Field(default=None, pattern=_NAME, description="The organization that pays.")
    enterprise: str | None = Field(default=None, pattern=_NAME, description="The enterprise that pays, by its slug.")
    user: str | None = Field(default=None, pattern=_NAME, description="The user who pays.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month to fetch: 2026-01.")
    endpoint: str = Field(default="https://api.github.com", description="Another address: https://api.SUBDOMAIN.ghe.com.")

    @model_validator(mode="after")
    def _one_payer(self) -> Settings:
        if sum(one is not None for one in (self.organization, self.enterprise, self.user)) != 1:
            raise ValueError("name one of organization, enterprise and user")
        return self


@dataclass(frozen=True)
class Usage:
    """The usage that one account is billed for."""

    client: ApiClient
    kind: str  # as paths write it: organizations, enterprises, users
    account: str

    def rows(self, month: str, beat: Beat) -> Iterator[dict[str, Any]]:
        """A month's items, with the account that pays beside each, and its cost center where it has one."""
        self.client.beat = beat
        yield from self._items(month, {}, {"account": self.account})
        for center in self.centers():
            beside = {"account": self.account, "cost_center_name": center["name"]}
            yield from self._items(month, {"cost_center_id": center["id"]}, beside)

    def centers(self) -> list[Mapping[str, Any]]:
        """The cost centers of an enterprise, deleted ones too; others have none."""
        if self.kind != "enterprises":
            return []
        found = listed(self.client.get(f"{self._place}/cost-centers"), "costCenters", "GitHub")
        return sorted(found, key=lambda center: str(center["id"]))

    def _items(self, month: str, which: Mapping[str, str], beside: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        asked = {"year": int(month[:4]), "month": int(month[5:]), **which}
        for item in listed(self.client.get(f"{self._place}/usage", asked), "usageItems", "GitHub"):
            yield {**item, **beside}

    @property
    def _place(self) -> str:
        return f"/{self.kind}/{self.account}/settings/billing"


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of GitHub's billing usage."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {secrets['token']}",
        "X-GitHub-Api-Version": API_VERSION,
    }
    client = ApiClient(endpoint(settings.endpoint, collector("github").hosts), sleep=outside.sleep, headers=lambda: headers)
    payers = {"organizations": settings.organization, "enterprises": settings.enterprise, "users": settings.user}
    kind, account = next((kind, name) for kind, name in payers.items() if name is not None)
    usage = Usage(client, kind, account)

    def usage_of_this_month() -> str:
        rows = sum(1 for _ in usage.rows(f"{outside.now():%Y-%m}", lambda: None))
        return f"{rows} items of this month"

    probes = ((f"billing usage of {account}", usage_of_this_month),)
    return MonthlySource(usage.rows, probes, outside, SETTLES, settings.since)
