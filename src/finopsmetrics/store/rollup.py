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
    "BillingCurrency",
    "InvoiceIssuerName",
    "ServiceProviderName",
    "BillingAccountId",
    "SubAccountId",
    "SubAccountName",
    "ServiceCategory",
    "ServiceName",
    "RegionId",
    "ChargeCategory",
)
# Tag keys with few values are kept in the rollup; keys that tell every resource apart would make it as long as the charges.
MOST_KEYS = 4
MOST_VALUES = 64
SAMPLE_ROWS = 200_000
SMALL_PERIOD = 5_000
MOST_GROWTH = 3.0


def tag_keys(connection: DuckDBPyConnection, charges: str) -> tuple[str, ...]:
    """The tag keys of a period that the rollup keeps: in use, with few values, and without making it much longer."""
    query = (
        f"WITH t AS (SELECT Tags, count(*) AS n FROM (SELECT Tags FROM {charges} LIMIT {SAMPLE_ROWS}) "
        f"WHERE Tags IS NOT NULL GROUP BY Tags), "
        f"k AS (SELECT unnest(json_keys(Tags)) AS key, Tags, n FROM t) "
        f"SELECT key FROM k GROUP BY key HAVING count(DISTINCT json_extract_string(Tags, {_pointer('key')})) <= {MOST_VALUES} "
        f"ORDER BY sum(n) DESC, key LIMIT {MOST_KEYS}"
    )
    keys = tuple(str(row[0]) for row in connection.execute(query).fetchall())
    while keys and _growth(connection, charges, keys) > MOST_GROWTH:
        keys = keys[:-1]
    return keys


def _growth(connection: DuckDBPyConnection, charges: str, keys: tuple[str, ...]) -> float:
    """How many times as many groups a sample of the charges has with these keys than without."""
    dims = ", ".join([*(quote(name) for name in DIMENSIONS), "date_trunc('day', ChargePeriodStart)"])
    tags = ", ".join(tag_value(key) for key in keys)
    counts = f"count(DISTINCT hash({dims})), count(DISTINCT hash({dims}, {tags})), count(*)"
    row = connection.execute(f"SELECT {counts} FROM (SELECT * FROM {charges} LIMIT {SAMPLE_ROWS})").fetchone()
    if row is None or row[2] < SMALL_PERIOD:
        return 1.0
    return float(row[1]) / max(1, int(row[0]))


def _pointer(column: str) -> str:
    """SQL for the JSON pointer of a key that a column holds; unlike a path it can name any key."""
    return f"'/' || replace(replace({column}, '~', '~0'), '/', '~1')"


def tag_value(key: str, tags: str = "Tags") -> str:
    """SQL for one tag's value as text."""
    return f"json_extract_string({tags}, {literal(tag_path(key))})"


def tag_path(key: str) -> str:
    """The JSON path of a tag key: bare where it can be, which every engine reads alike; a pointer for keys no path can name."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f"$.{key}"
    if key and not set(key) & set('"*\\'):
        return f'$."{key}"'
    return "/" + key.replace("~", "~0").replace("/", "~1")


def rollup_query(charges: str, stamp: tuple[str, str], period: str, keys: tuple[str, ...], *, daily: bool = False) -> str:
    """The rollup of one period's charges (a FROM item) as a SELECT; `daily` says that no charge spans days.

    Groups are made of the tags' values; the JSON of the kept keys is built once a group, not once a charge.
    """
    source, delivery = (literal(text) for text in stamp)
    dims = ", ".join(quote(name) for name in DIMENSIONS)
    # Not a struct: names of its fields may not differ in case alone, tag keys may.
    pairs = ", ".join(f"{literal(key)}, tag_{number}" for number, key in enumerate(keys))
    tags = f"CASE WHEN tagged THEN CAST(json_object({pairs}) AS VARCHAR) END" if keys else "CAST(NULL AS VARCHAR)"
    costs = ", ".join(f"CAST(sum({quote(name)}) AS DECIMAL(38,18)) AS {quote(name)}" for name in COST_COLUMNS)
    values = ", ".join(["tagged", *(f"tag_{number}" for number in range(len(keys)))]) if keys else "false AS tagged"
    grouped = f"SELECT {dims}, {values}, ChargeDay, {costs}, CAST(sum(Charges) AS BIGINT) AS Charges"
    return (
        f"SELECT {source} AS x_fm_source, {literal(period)} AS x_fm_period, {delivery} AS x_fm_delivery, {dims}, "
        f"{tags} AS Tags, ChargeDay, {', '.join(quote(name) for name in COST_COLUMNS)}, Charges "
        f"FROM ({grouped} FROM ({_days(charges, keys, daily=daily)}) GROUP BY ALL)"
    )


def _days(charges: str, keys: tuple[str, ...], *, daily: bool) -> str:
    """Each charge on its day; a charge of several days as one row a day and cost, its costs split."""
    tags = [f"{tag_value(key)} AS tag_{number}" for number, key in enumerate(keys)]
    tags += ["Tags IS NOT NULL AS tagged"] if keys else []
    dims = [quote(name) for name in DIMENSIONS]
    names = [*dims, *(tag.rsplit(" AS ", 1)[1] for tag in tags)]
    day = "date_trunc('day', ChargePeriodStart)"
    several = f"ChargePeriodEnd > {day} + INTERVAL 1 DAY"
    every = f"unnest(generate_series({day}, ChargePeriodEnd - INTERVAL 1 MICROSECOND, INTERVAL 1 DAY)) AS d"
    costs = ", ".join(quote(name) for name in COST_COLUMNS)
    whole = f"SELECT {', '.join([*dims, *tags])}, CAST({day} AS TIMESTAMP) AS ChargeDay, {costs}, 1 AS Charges FROM {charges}"
    if daily:
        return whole
    # One row a cost, so that one share is planned instead of four.
    numbers = ", ".join(str(number) for number in range(len(COST_COLUMNS)))
    long = f"SELECT *, unnest([{numbers}]) AS metric, unnest([{costs}]) AS cost FROM {charges} WHERE {several}"
    wanted = ", ".join([*dims, *tags, "metric", "cost", "ChargePeriodStart", "ChargePeriodEnd", f"{day} AS began", every])
    spread = f"(SELECT {wanted} FROM ({long}) AS long)"
    split = with_parts(spread, [*names, "metric", "d", "began"], {"day": ("d", "d + INTERVAL 1 DAY")}, ["cost"])
    parts = ", ".join(
        f"CASE WHEN metric = {number} THEN day_cost END AS {quote(name)}" for number, name in enumerate(COST_COLUMNS)
    )
    counted = "CASE WHEN d = began AND metric = 0 THEN 1 ELSE 0 END AS Charges"
    return f"{whole} WHERE NOT ({several}) UNION ALL SELECT {', '.join(names)}, d AS ChargeDay, {parts}, {counted} FROM ({split})"
