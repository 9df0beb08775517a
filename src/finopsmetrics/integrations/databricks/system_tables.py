"""Where Databricks keeps billable usage: the system tables of an account, read by a SQL warehouse, day by day.

The table of usage is only added to, but late records, retractions and restatements are of days long ago. So each sync asks for
a mark of every day, and fetches the days whose mark is another one. A day is that of the use's start, in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from finopsmetrics.integrations.collecting import Beat, Outside, Source, SourceError, SourceSettings
from finopsmetrics.integrations.daily import DailySource, recent
from finopsmetrics.integrations.databricks.statements import Warehouse
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.integrations.monthly import MONTH
from finopsmetrics.integrations.opening import collector
from finopsmetrics.integrations.tokens import ClientCredentials
from finopsmetrics.plugins.client import ApiClient

DAY = "date_from_unix_date(CAST(unix_seconds(u.usage_start_time) DIV 86400 AS INT))"
MARGIN = timedelta(days=2)  # by which `usage_date`, by which the table is laid out, may differ from the day of the start
# Texts and times do not depend on the warehouse's time zone, and a field that is NULL is there.
AS_JSON = "map('ignoreNullFields', 'false', 'timeZone', 'UTC', 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSSXXX')"


class Settings(SourceSettings):
    """Which workspace is asked, by which warehouse, and who asks."""

    workspace: str = Field(max_length=300, description="The workspace's address: https://dbc-a1b2c3d4-e5f6.cloud.databricks.com.")
    warehouse_id: str = Field(pattern=r"^[A-Za-z0-9]{4,64}$", description="The SQL warehouse that runs the queries.")
    client_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9-]{1,100}$", description="The service principal's application id; absent for a token."
    )
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="The currency of the list prices.")
    inline: bool = Field(default=False, description="Take rows with the answers and not from storage; a day of 25 MiB at most.")
    since: str | None = Field(default=None, pattern=MONTH, description="The first month whose days are looked at: 2026-01.")


@dataclass(frozen=True)
class Usage:
    """The billable usage of an account, each record with its list price."""

    warehouse: Warehouse
    currency: str
    links: bool

    def marks(self, first: date, end: date) -> Iterator[tuple[str, str]]:
        """Each day that has records with what changes when they or their prices do."""
        sql = (
            f"SELECT {DAY} AS usage_day, count(*), count(p.list_price), sum(u.usage_quantity), max(u.ingestion_date), "
            "sum(CAST(xxhash64(u.record_id, u.record_type, u.usage_quantity, p.list_price) AS DECIMAL(38, 0))) "
            f"{self._source(first, end)} GROUP BY 1 ORDER BY 1"
        )
        for day, *told in self.warehouse.rows(sql):
            yield str(day)[:10], " ".join(str(value) for value in told)

    def rows(self, day: str, beat: Beat) -> Iterator[dict[str, Any]]:
        """A day's records, every column as text; records in them are JSON text."""
        self.warehouse.client.beat = beat
        first = date.fromisoformat(day)
        record = f"to_json(struct(u.*, p.list_price, p.currency_code), {AS_JSON})"
        sql = f"SELECT {record} AS record {self._source(first, first + timedelta(days=1))} ORDER BY 1"
        for (text,) in self.warehouse.rows(sql, links=self.links):
            yield {name: _text(value) for name, value in json.loads(text or "{}", parse_float=str).items()}

    def _source(self, first: date, end: date) -> str:
        """The records whose use began in these days, each with the price that was in effect when it ended."""
        return (
            "FROM system.billing.usage u LEFT JOIN (SELECT sku_name, cloud, usage_unit, currency_code, price_start_time, "
            "price_end_time, coalesce(pricing.effective_list.default, pricing.default) AS list_price "
            f"FROM system.billing.list_prices WHERE currency_code = '{self.currency}') p "
            "ON p.sku_name = u.sku_name AND p.cloud = u.cloud AND p.usage_unit = u.usage_unit "
            "AND u.usage_end_time >= p.price_start_time AND (p.price_end_time IS NULL OR u.usage_end_time < p.price_end_time) "
            f"WHERE u.usage_date >= DATE'{first - MARGIN}' AND u.usage_date < DATE'{end + MARGIN}' "
            f"AND u.usage_start_time >= TIMESTAMP'{first}T00:00:00Z' AND u.usage_start_time < TIMESTAMP'{end}T00:00:00Z'"
        )


def open_source(settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of an account's billable usage."""
    hosts = collector("databricks").hosts
    base = endpoint(settings.workspace, hosts)
    headers = _headers(base, settings, secrets, outside)
    warehouse = Warehouse(ApiClient(base, sleep=outside.sleep, headers=headers), settings.warehouse_id, outside, hosts)
    usage = Usage(warehouse, settings.currency, links=not settings.inline)

    def one(sql: str) -> str:
        return " ".join(str(value) for row in warehouse.rows(sql) for value in row)

    probes = (
        ("a token to ask with", lambda: headers()["Authorization"].split()[0]),
        ("CAN USE on the SQL warehouse", lambda: one("SELECT current_user()")),
        ("SELECT on system.billing.usage", lambda: one("SELECT max(usage_date) FROM system.billing.usage")),
        ("SELECT on system.billing.list_prices", lambda: one("SELECT count(*) FROM system.billing.list_prices") + " prices"),
        ("days of this month", lambda: f"{sum(1 for _ in usage.marks(*recent(outside)))} days"),
    )
    return DailySource(usage.marks, usage.rows, probes, outside, settings.since)


def _headers(base: str, settings: Settings, secrets: Mapping[str, str], outside: Outside) -> Callable[[], Mapping[str, str]]:
    """What proves who asks: a personal access token, else a token that the service principal is given."""
    if "token" in secrets:
        return lambda: {"Authorization": f"Bearer {secrets['token']}"}
    if "client_secret" not in secrets or settings.client_id is None:
        cure = "Give the setting `client_id` with the secret `client_secret`, or the secret `token`."
        raise SourceError("Databricks is not told who asks.", cure=cure)
    secret = secrets["client_secret"]
    return ClientCredentials("Databricks", base, "/oidc/v1/token", settings.client_id, secret, outside, "all-apis").headers


def _text(value: Any) -> str | None:
    """A value as text, so that all days have the same columns and kinds."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
