"""How fast conditions are: evaluations a second in Python, rows a second in DuckDB beside hand-written SQL.

Run: `python -m benchmarks.conditions`
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any

import duckdb
from sqlglot import exp

from finopsmetrics.core.conditions import Column, ColumnType, Condition, Path

ROWS = 2_000_000
RECORD = {
    "resource": {"type": "ec2_instance", "instance_family": "p5", "environment": "dev", "cpu_avg_7d": 0.03, "idle_hours": 50},
    "team": {"spend_current_month": Decimal("81.25"), "budget_monthly": Decimal(100)},
    "requester": {"role": "engineer"},
}
IN_PYTHON = {
    "two text tests": 'resource.type == "ec2_instance" AND resource.instance_family IN ["p4", "p5"]',
    "three text tests": 'resource.type == "ec2_instance" AND resource.instance_family IN ["p5"] AND requester.role != "cto"',
    "numbers and percent": 'resource.environment == "dev" AND resource.cpu_avg_7d < 5% AND resource.idle_hours > 48',
    "exact arithmetic": "team.spend_current_month > team.budget_monthly * 0.8",
    "regular expression": 'resource.type MATCHES "^ec2.*"',
}
COLUMNS: dict[str, tuple[ColumnType, str]] = {
    "type": ("text", "CASE WHEN i % 3 = 0 THEN 'ec2_instance' ELSE 's3_bucket' END"),
    "family": ("text", "CASE WHEN i % 50 = 0 THEN NULL ELSE 'p' || (i % 7) END"),
    "spend": ("number", "((hash(i) % 1000000) / 100)::DECIMAL(38,18)"),
    "budget": ("number", "((hash(i + 1) % 1000000) / 100)::DECIMAL(38,18)"),
    "cpu": ("double", "(hash(i + 2) % 1000) / 1000"),
    "moment": ("time", "TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL 1 MINUTE * (i % 200000)"),
}
IN_SQL = {
    "two text tests": ('type == "ec2_instance" AND family IN ["p4", "p5"]', "type = 'ec2_instance' AND family IN ('p4', 'p5')"),
    "numbers and percent": ("cpu < 5% AND spend > 100", "cpu < 0.05 AND spend > 100"),
    "exact arithmetic": ("spend > budget * 0.8", "spend > budget * 0.8"),
    "product of fields": ("spend * budget > 1000000", "spend::DECIMAL(19,9) * budget::DECIMAL(19,9) > 1000000"),
    "division": ("spend / budget > 0.8", "spend / nullif(budget, 0) > 0.8"),
    "sum": ("spend + budget > 15000", "spend + budget > 15000"),
    "time": (
        'moment >= "2026-02-01" AND moment < "2026-03-01"',
        "moment >= '2026-02-01 00:00+00' AND moment < '2026-03-01 00:00+00'",
    ),
    "regular expression": ('family MATCHES "^p[45]"', "regexp_matches(family, '^p[45]')"),
}


def seconds(action: Callable[[], Any], times: int = 3) -> float:
    """The median time of an action."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return median(taken)


def python_rate(text: str, evaluations: int = 200_000) -> float:
    """Evaluations a second."""
    matches = Condition.parse(text).matches
    assert matches(RECORD)
    return evaluations / seconds(lambda: [matches(RECORD) for _ in range(evaluations)], 3)


def resolve(path: Path) -> Column:
    return Column(exp.column(path[0], quoted=True), COLUMNS[path[0]][0])


def main() -> None:
    for name, written in IN_PYTHON.items():
        print(f"python  {name:22} {python_rate(written):12,.0f} conditions/s")
    text = IN_PYTHON["three text tests"]
    rate = 200 / seconds(lambda: [Condition.parse(text) for _ in range(200)])
    print(f"python  {'parse and compile':22} {rate:12,.0f} texts/s")
    base = duckdb.connect()
    columns = ", ".join(f"{formula} AS {name}" for name, (_, formula) in COLUMNS.items())
    base.execute(f"CREATE TABLE t AS SELECT {columns} FROM range({ROWS}) AS r(i)")
    for name, (text, by_hand) in IN_SQL.items():
        ours = Condition.parse(text).to_sql(resolve).sql(dialect="duckdb")
        counts, times = [], []
        for where in (ours, by_hand):
            query = f"SELECT count(*) FROM t WHERE {where}"
            counts.append(base.execute(query).fetchone())
            times.append(seconds(lambda query=query: base.execute(query).fetchall()))
        assert counts[0] == counts[1], (name, counts)
        rate, ratio = ROWS / times[0], times[0] / times[1]
        print(f"duckdb  {name:22} {rate:12,.0f} rows/s, {ratio:.2f}x the time of hand-written SQL")


if __name__ == "__main__":
    main()
