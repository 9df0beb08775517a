"""Where Snowflake keeps what an organization is billed: USAGE_IN_CURRENCY_DAILY, read by its SQL API, day by day.

Until a month is closed its days may change, and adjustments come later. So each sync asks for a mark of every day, which is a
hash over all of its rows, and fetches the days whose mark is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import Field

from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceError, SourceSettings
from finopsmetrics.integrations.daily import DailySource, recent
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH
from finopsmetrics.integrations.opening import collector
from finopsmetrics.integrations.snowflake.keys import KeyPair
from finopsmetrics.integrations.snowflake.statements import Asking, Row
from finopsmetrics.plugins.client import ApiClient

VIEW = "SNOWFLAKE.ORGANIZATION_USAGE.USAGE_IN_CURRENCY_DAILY"
AGENT = "finopsmetrics/1"  # the API refuses requests that do not name a program
_NAME = r"^[A-Za-z_][A-Za-z0-9_$]{0,254}$"


class Settings(SourceSettings):
    """Which account is asked, and who asks."""

    account: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,120}(\.[a-z0-9-]+){0,2}$",
        description="The account: ORGANIZATION-ACCOUNT, or its locator with its region, such as ab12345.eu-west-1.",
    )
    user: str | None = Field(
        default=None, pattern=r"^[^\s'\"]{1,255}$", description="The user whose key signs; absent for a token."
    )
    warehouse: str | None = Field(
        default=None, pattern=_NAME, description="The warehouse that runs queries; the user's unless given."
    )
    role: str | None = Field(default=None, pattern=_NAME, description="The role to ask with; the user's unless given.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month whose days are looked at: 2026-01.")
    endpoint: str | None = Field(default=None, description="Another address; the server's keeper must allow it.")


@dataclass(frozen=True)
class Usage:
    """An organization's daily usage in currency."""

    asking: Asking

    def marks(self, first: date, end: date) -> Iterator[tuple[str, str]]:
        """Each day that has rows with a hash over all of them."""
        sql = (
            "SELECT USAGE_DATE, COUNT(*) AS N, SUM(USAGE) AS QUANTITY, SUM(USAGE_IN_CURRENCY) AS AMOUNT, HASH_AGG(*) AS MARK "
            f"FROM {VIEW} {_within(first, end)} GROUP BY USAGE_DATE ORDER BY USAGE_DATE"
        )
        for row in self.asking.rows(sql):
            yield str(row["USAGE_DATE"]), " ".join(str(row[name]) for name in ("N", "QUANTITY", "AMOUNT", "MARK"))

    def rows(self, day: str, beat: Beat) -> Iterator[Row]:
        """A day's rows, every column as text."""
        self.asking.client.beat = beat
        first = date.fromisoformat(day)
        yield from self.asking.rows(f"SELECT * FROM {VIEW} {_within(first, first + timedelta(days=1))} ORDER BY ALL")


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of an organization's daily usage in currency."""
    host = settings.account.lower().replace("_", "-")
    base = endpoint(settings.endpoint or f"https://{host}.snowflakecomputing.com", collector("snowflake").hosts)
    headers = _headers(settings, secrets, outside)
    client = ApiClient(base, sleep=outside.sleep, headers=lambda: {**headers(), "User-Agent": AGENT}, timeout=120.0)
    context = {"warehouse": settings.warehouse, "role": settings.role}
    asking = Asking(client, outside, {name: value for name, value in context.items() if value})
    usage = Usage(asking)

    def one(sql: str) -> str:
        return " ".join(str(value) for row in asking.rows(sql) for value in row.values())

    probes = (
        ("a token to ask with", lambda: headers()["X-Snowflake-Authorization-Token-Type"]),
        ("USAGE on a warehouse", lambda: one("SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE()")),
        ("SELECT on USAGE_IN_CURRENCY_DAILY", lambda: one(f"SELECT MAX(USAGE_DATE) AS NEWEST FROM {VIEW}")),
        ("days of this month", lambda: f"{sum(1 for _ in usage.marks(*recent(outside)))} days"),
    )
    return DailySource(usage.marks, usage.rows, probes, outside, settings.since)


def _within(first: date, end: date) -> str:
    return f"WHERE USAGE_DATE >= '{first}' AND USAGE_DATE < '{end}'"


def _headers(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Callable[[], Mapping[str, str]]:
    """What proves who asks: a programmatic access token, else what the user's key signs."""
    if "token" in secrets:
        kind = {"X-Snowflake-Authorization-Token-Type": "PROGRAMMATIC_ACCESS_TOKEN"}
        return lambda: {"Authorization": f"Bearer {secrets['token']}", **kind}
    if "private_key" not in secrets or settings.user is None:
        cure = "Give the setting `user` with the secret `private_key`, or the secret `token`."
        raise SourceError("Snowflake is not told who asks.", cure=cure)
    return KeyPair(settings.account, settings.user, secrets["private_key"], secrets.get("passphrase"), outside).headers
