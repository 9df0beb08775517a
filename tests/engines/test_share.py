"""The share of a cost: one formula, the same decimal from Python, DuckDB and Sail, and nothing gained or lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.store.engines.base import TableSource
from finopsmetrics.store.engines.share import seconds_between, with_share
from finopsmetrics.store.engines.spark import SparkEngine

UNIT = Decimal("1e-18")
LARGEST = Decimal("9223372036854775806.999999999999999999")
WIDE = Context(prec=80)
Case = tuple[Decimal, int, int]


def exact(cost: Decimal, part: int, whole: int) -> Decimal:
    """What paper and pencil give."""
    scaled = WIDE.divide(WIDE.multiply(cost, Decimal(part)), Decimal(whole))
    return scaled.quantize(UNIT, ROUND_HALF_EVEN, context=WIDE)


def shares(connection: duckdb.DuckDBPyConnection, cases: list[Case]) -> list[Decimal]:
    connection.register("cases", as_table(cases))
    sql = with_share("cases", cost="cost", part="part", whole="whole", name="share", dialect="duckdb")
    return connection.sql(f"SELECT share FROM ({sql}) ORDER BY id").to_arrow_table().column(0).to_pylist()


def as_table(cases: list[Case]) -> pa.Table:
    costs, parts, wholes = zip(*cases, strict=True)
    return pa.table(
        {
            "id": pa.array(range(len(cases)), pa.int64()),
            "cost": pa.array(costs, pa.decimal128(38, 18)),
            "part": pa.array(parts, pa.int64()),
            "whole": pa.array(wholes, pa.int64()),
        }
    )


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


costs = st.decimals(-LARGEST, LARGEST, allow_nan=False, places=18) | st.decimals(-1000, 1000, allow_nan=False, places=18)
wholes = st.integers(1, 999_999_999) | st.sampled_from([3600, 86_400, 2_678_400, 31_536_000])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(costs, st.integers(-10, 1_100_000_000), wholes), min_size=1, max_size=40))
def test_duckdb_gives_the_exact_share(connection: duckdb.DuckDBPyConnection, cases: list[Case]) -> None:
    wanted = [exact(cost, min(max(part, 0), whole), whole) for cost, part, whole in cases]
    assert shares(connection, cases) == wanted


@settings(max_examples=100, deadline=None)
@given(costs, wholes, st.lists(st.integers(0, 999_999_999), min_size=1, max_size=10))
def test_the_parts_of_a_cost_sum_to_it(connection: duckdb.DuckDBPyConnection, cost: Decimal, whole: int, cuts: list[int]) -> None:
    bounds = sorted({0, whole, *(cut % whole for cut in cuts)})
    before = shares(connection, [(cost, bound, whole) for bound in bounds])
    assert before[0] == 0
    assert before[-1] == cost
    parts = [WIDE.subtract(later, earlier) for earlier, later in pairwise(before)]
    total = Decimal(0)
    for part in parts:
        total = WIDE.add(total, part)
    assert total == cost
    assert all(part * (1 if cost >= 0 else -1) >= 0 for part in parts), "no part has the wrong sign"


def random_cases(count: int) -> list[Case]:
    dice = random.Random(20260101)
    edges = [LARGEST, -LARGEST, UNIT, -3 * UNIT, Decimal(0), Decimal(1)]
    cases: list[Case] = []
    for number in range(count):
        units = dice.randrange(10 ** dice.choice([3, 18, 19, 23, 27, 36]))
        cost = dice.choice(edges) if number % 50 == 0 else WIDE.multiply(Decimal(units * dice.choice([1, 1, 1, -1])), UNIT)
        whole = dice.choice([2, 3600, 86_400, 2_678_400, 31_536_000, 999_999_999, dice.randrange(1, 999_999_999)])
        cases.append((cost, dice.choice([0, 1, whole - 1, whole, *[dice.randrange(whole + 1) for _ in range(4)]]), whole))
    return cases


def test_sail_gives_the_same_decimal_for_every_row(
    sail_server: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cases = random_cases(20_000)
    path = tmp_path / "cases.parquet"
    pq.write_table(as_table(cases), path, row_group_size=5_000)
    columns = {"id": "long", "cost": "decimal(38, 18)", "part": "long", "whole": "long"}
    sql = with_share("cases", cost="cost", part="part", whole="whole", name="share", dialect="spark")
    engine = SparkEngine(sail_server)
    try:
        answer = engine.query(f"SELECT share FROM ({sql}) AS t ORDER BY id", [TableSource("cases", (str(path),), None, columns)])
    finally:
        engine.close()
    spark = answer.column(0).to_pylist()
    assert spark == shares(connection, cases)
    assert spark == [exact(*case) for case in cases]


def test_seconds_of_times_with_fractions_are_the_same(
    sail_server: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    dice = random.Random(7)
    times = [datetime(1969, 12, 31) + timedelta(microseconds=dice.randrange(2 * 10**15)) for _ in range(4_000)]
    path = tmp_path / "times.parquet"
    pq.write_table(
        pa.table({"a": pa.array(times[::2], pa.timestamp("us")), "b": pa.array(times[1::2], pa.timestamp("us"))}), path
    )
    sql = "SELECT a, b, {} AS n FROM {} ORDER BY a, b"
    duck = connection.execute(sql.format(seconds_between("a", "b", "duckdb"), f"'{path}'")).fetchall()
    engine = SparkEngine(sail_server)
    source = TableSource("times", (str(path),), None, {"a": "timestamp", "b": "timestamp"})
    try:
        spark = engine.query(sql.format(seconds_between("a", "b", "spark"), "times"), [source])
    finally:
        engine.close()
    assert [tuple(row.values()) for row in spark.to_pylist()] == duck


@pytest.mark.parametrize("whole", [0, -5])
def test_no_time_at_all_divides_nothing(connection: duckdb.DuckDBPyConnection, whole: int) -> None:
    """Parts of nothing: 0 before it, everything after it, and never a division by zero."""
    assert shares(connection, [(Decimal(5), 0, whole), (Decimal(5), 3, whole)]) == [0, 5]


def test_missing_costs_stay_missing(connection: duckdb.DuckDBPyConnection) -> None:
    sql = with_share("one", cost="cost", part="part", whole="whole", name="share", dialect="duckdb")
    connection.execute("CREATE OR REPLACE VIEW one AS SELECT CAST(NULL AS DECIMAL(38, 18)) AS cost, 1 AS part, 2 AS whole")
    assert connection.execute(f"SELECT share FROM ({sql})").fetchall() == [(None,)]
