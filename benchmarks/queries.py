"""Ten query shapes against hand-written DuckDB SQL over the same Parquet files, in CPU seconds of the same process."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import show, timed
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.plan import plan
from finopsmetrics.observability.query import build
from finopsmetrics.store.opened import open_home

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAY = "ChargePeriodStart >= TIMESTAMP '2026-05-10' AND ChargePeriodEnd <= TIMESTAMP '2026-05-20'"
SUM = "sum(BilledCost) AS cost"
SHAPES: list[tuple[str, dict[str, Any], str]] = [
    ("total", {}, f"SELECT BillingCurrency, {SUM} FROM t GROUP BY ALL"),
    (
        "by service",
        {"group_by": ["ServiceName"]},
        f"SELECT ServiceName, BillingCurrency, {SUM} FROM t GROUP BY ALL ORDER BY cost DESC",
    ),
    (
        "by account and service, daily",
        {"group_by": ["SubAccountId", "ServiceName"], "grain": "day"},
        f"SELECT date_trunc('day', ChargePeriodStart) d, SubAccountId, ServiceName, BillingCurrency, {SUM} FROM t GROUP BY ALL ORDER BY d",
    ),
    (
        "by team tag",
        {"group_by": ["tags.team"]},
        f"SELECT json_extract_string(Tags, '$.team') k, BillingCurrency, {SUM} FROM t GROUP BY ALL ORDER BY cost DESC",
    ),
    (
        "window of ten days by region",
        {"group_by": ["RegionId"], "time_range": "2026-05-10..2026-05-19"},
        f"SELECT RegionId, BillingCurrency, {SUM} FROM t WHERE {MAY} GROUP BY ALL ORDER BY cost DESC",
    ),
    (
        "by SKU, effective",
        {"group_by": ["SkuId"], "metric": "effective"},
        "SELECT SkuId, BillingCurrency, sum(EffectiveCost) AS cost FROM t GROUP BY ALL ORDER BY cost DESC",
    ),
    (
        "top 20 resources and the rest",
        {"group_by": ["ResourceId"], "top": 20},
        f"""WITH g AS (SELECT ResourceId, BillingCurrency, {SUM} FROM t GROUP BY ALL),
        r AS (SELECT *, row_number() OVER (PARTITION BY BillingCurrency ORDER BY cost DESC) n FROM g)
        SELECT CASE WHEN n <= 20 THEN ResourceId ELSE 'other' END k, BillingCurrency, sum(cost) FROM r GROUP BY ALL""",
    ),
    (
        "filter on resource type and SKU",
        {"group_by": ["ServiceName"], "filters": 'ResourceType == "Instance" AND SkuId IN ["SKU-1", "SKU-2", "SKU-3"]'},
        f"SELECT ServiceName, BillingCurrency, {SUM} FROM t WHERE ResourceType = 'Instance' AND SkuId IN ('SKU-1','SKU-2','SKU-3') GROUP BY ALL",
    ),
    (
        "ten days of SKUs by hour of a service",
        {"group_by": ["SkuMeter"], "grain": "hour", "time_range": "2026-05-10..2026-05-19", "filters": {"service": "Queue"}},
        f"SELECT date_trunc('hour', ChargePeriodStart) h, SkuMeter, BillingCurrency, {SUM} FROM t WHERE ServiceName = 'Queue' AND {MAY} GROUP BY ALL ORDER BY h",
    ),
    (
        "cash by category",
        {"group_by": ["ChargeCategory"], "basis": "cash", "grain": "month"},
        f"SELECT date_trunc('month', BillingPeriodStart) m, ChargeCategory, BillingCurrency, {SUM} FROM t GROUP BY ALL ORDER BY m",
    ),
]


def main(home: Path) -> None:
    """Measure and print."""
    opened = open_home(home)
    snapshot = opened.lake.snapshot()
    listed = ", ".join(f"'{home / file.path}'" for file in snapshot.files["cost_and_usage"])
    raw = duckdb.connect(config={"memory_limit": "256MB", "temp_directory": str(home / "staging" / "bench")})
    raw.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet([{listed}])")
    rows = []
    for name, asked, sql in SHAPES:
        window = Window.parse(asked.get("time_range", "all"), now=NOW)
        query = build(window=window, **{key: value for key, value in asked.items() if key != "time_range"})

        def ours(rollup: bool, query: Any = query) -> Any:
            planned = plan(query, snapshot, allow_rollup=rollup)
            return opened.engine.query(planned.sql, [planned.source])

        served = plan(query, snapshot).rollup
        by_hand, _ = timed(lambda sql=sql: raw.sql(sql).to_arrow_table(), 3)
        charges, _ = timed(lambda: ours(rollup=False), 3)
        row = {"shape": name, "hand-written CPU s": by_hand, "from charges": charges, "ratio": charges / by_hand}
        rollup, _ = timed(lambda: ours(rollup=True), 3) if served else (None, None)
        rows.append(
            {**row, "from rollup": rollup if served else "—", "rollup ratio": rollup / by_hand if served and rollup else "—"}
        )
    show("Ten query shapes against hand-written SQL over the same files", rows)
    opened.close()
