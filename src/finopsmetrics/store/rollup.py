"""The daily rollup: charges per account, service, region, category, tag keys in use and day, with exact sums.

A charge that spans days is split over them by `prorate`, so an answer from the rollup equals the answer from the charges.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from finopsmetrics.focus.columns import COST_COLUMNS
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.prorate import with_parts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROLLUP_TABLE = "cost_daily"
DIMENSIONS = (
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BillingCurrency",
    "InvoiceIssuerName",
    "ServiceProviderName",
    "HostProviderName",
    "BillingAccountId",
    "BillingAccountName",
    "SubAccountId",
    "SubAccountName",
    "ServiceCategory",
    "ServiceName",
    "RegionId",
    "RegionName",
    "ChargeCategory",
    "ChargeClass",
)
# Tag keys with few values are kept in the rollup; keys that tell every resource apart would make it as long as the charges.
MOST_KEYS = 4
MOST_VALUES = 64
SAMPLE_ROWS = 200_000
SMALL_PERIOD = 5_000


def tag_keys(connection: DuckDBPyConnection, charges: str) -> tuple[str, ...]:
    """The tag keys of a period that are in use and have few values: most used first, at most four."""
    query = (
        f"WITH t AS (SELECT Tags, count(*) AS n FROM (SELECT Tags FROM {charges} LIMIT {SAMPLE_ROWS}) "
        f"WHERE Tags IS NOT NULL GROUP BY Tags), "
        f"k AS (SELECT unnest(json_keys(Tags)) AS key, Tags, n FROM t) "
        f"SELECT key FROM k GROUP BY key HAVING count(DISTINCT Tags ->> ('$.' || {_quoted_key('key')})) <= {MOST_VALUES} "
        f"ORDER BY sum(n) DESC, key LIMIT {MOST_KEYS}"
    )
    return tuple(str(row[0]) for row in connection.execute(query).fetchall())


def _quoted_key(column: str) -> str:
    return f"'\"' || {column} || '\"'"


def tag_value(key: str, tags: str = "Tags") -> str:
    """SQL for one tag's value as text."""
    return f"json_extract_string({tags}, {literal(tag_path(key))})"


def tag_path(key: str) -> str:
    """The JSON path of a tag key; a plain key needs no quotes, which every engine reads alike."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f"$.{key}"
    return '$."' + key.replace('"', '\\"') + '"'


def rollup_query(charges: str, stamp: tuple[str, str], period: str, keys: tuple[str, ...]) -> str:
    """The rollup of one period's charges (a FROM item) as a SELECT."""
    source, delivery = (literal(text) for text in stamp)
    dims = ", ".join(quote(name) for name in DIMENSIONS)
    tags = "CAST(NULL AS VARCHAR)"
    if keys:
        pairs = ", ".join(f"{literal(key)}: {tag_value(key)}" for key in keys)
        tags = f"CASE WHEN Tags IS NULL THEN NULL ELSE CAST(to_json({{{pairs}}}) AS VARCHAR) END"
    costs = ", ".join(f"CAST(sum({quote(name)}) AS DECIMAL(38,18)) AS {quote(name)}" for name in COST_COLUMNS)
    return (
        f"SELECT {source} AS x_fm_source, {literal(period)} AS x_fm_period, {delivery} AS x_fm_delivery, {dims}, "
        f"{tags} AS Tags, ChargeDay, {costs}, CAST(sum(Charges) AS BIGINT) AS Charges "
        f"FROM ({_days(charges)}) GROUP BY ALL"
    )


def _days(charges: str) -> str:
    """Each charge on its day; a charge of several days as one row a day and cost, its costs split."""
    names = [quote(name) for name in (*DIMENSIONS, "Tags")]
    day = "date_trunc('day', ChargePeriodStart)"
    several = f"ChargePeriodEnd > {day} + INTERVAL 1 DAY"
    every = f"unnest(generate_series({day}, ChargePeriodEnd - INTERVAL 1 MICROSECOND, INTERVAL 1 DAY)) AS d"
    # One row a cost, so that one share is planned instead of four.
    costs = ", ".join(quote(name) for name in COST_COLUMNS)
    numbers = ", ".join(str(number) for number in range(len(COST_COLUMNS)))
    long = f"SELECT *, unnest([{numbers}]) AS metric, unnest([{costs}]) AS cost FROM {charges} WHERE {several}"
    wanted = ", ".join([*names, "metric", "cost", "ChargePeriodStart", "ChargePeriodEnd", f"{day} AS began", every])
    spread = f"(SELECT {wanted} FROM ({long}) AS long)"
    split = with_parts(spread, [*names, "metric", "d", "began"], {"day": ("d", "d + INTERVAL 1 DAY")}, ["cost"])
    parts = ", ".join(
        f"CASE WHEN metric = {number} THEN day_cost END AS {quote(name)}" for number, name in enumerate(COST_COLUMNS)
    )
    dims = ", ".join(names)
    counted = "CASE WHEN d = began AND metric = 0 THEN 1 ELSE 0 END AS Charges"
    return (
        f"SELECT {dims}, CAST({day} AS TIMESTAMP) AS ChargeDay, {costs}, 1 AS Charges FROM {charges} "
        f"WHERE NOT ({several}) "
        f"UNION ALL SELECT {dims}, d AS ChargeDay, {parts}, {counted} FROM ({split})"
    )
