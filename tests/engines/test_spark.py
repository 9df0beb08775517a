"""SparkEngine on Sail with two workers answers as DuckDB does, from the same Iceberg table, to the last digit."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from finopsmetrics.core.errors import MoneyError, QueryError, StoreError
from finopsmetrics.store.engines.base import TableSource, normalise
from finopsmetrics.store.engines.spark import SparkEngine
from tests.engines.lakehouse import COLUMNS, Lake
from tests.services.sail import free_port, running_sail

Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def engine(sail_server: str) -> Iterator[SparkEngine]:
    spark = SparkEngine(sail_server)
    yield spark
    spark.close()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Read only; a test that delivers makes its own."""
    made = Lake(tmp_path_factory.mktemp("lake"))
    for seed, source in enumerate(("aws", "azure")):
        for period in ("2026-01", "2026-02"):
            made.deliver(source, period, seed)
    return made


def on_duckdb(sql: str, source: TableSource) -> pa.Table:
    connection = duckdb.connect()
    late = "CAST(NULL AS VARCHAR) AS x_fm_late"
    connection.execute(f"CREATE VIEW charges AS SELECT *, {late} FROM read_parquet({list(source.files)})")
    return normalise(connection.sql(sql).to_arrow_table())


def rows(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


SAME = {
    "sums": "SELECT x_fm_source, x_fm_period, COUNT(*) AS n, SUM(BilledCost) AS s FROM charges GROUP BY 1, 2 ORDER BY 1, 2",
    "filter": "SELECT SUM(BilledCost) FILTER (WHERE ServiceName = 'service-1') AS a, COUNT(*) FILTER (WHERE Tags IS NULL) AS b, "
    "SUM(BilledCost) FILTER (WHERE FALSE) AS c FROM charges",
    "extremes": "SELECT MIN(BilledCost) AS a, MAX(BilledCost) AS b, MIN(ChargePeriodStart) AS c FROM charges",
    "days": "SELECT DATE_TRUNC('day', ChargePeriodStart) AS d, SUM(BilledCost) AS s FROM charges GROUP BY 1 ORDER BY 1",
    "week and quarter": "SELECT DATE_TRUNC('week', ChargePeriodStart) AS a, DATE_TRUNC('quarter', ChargePeriodEnd) AS b, "
    "COUNT(*) AS n FROM charges GROUP BY 1, 2 ORDER BY 1, 2",
    "window of time": "SELECT SUM(BilledCost) AS s FROM charges WHERE ChargePeriodStart >= TIMESTAMP '2026-01-10 00:00:00' "
    "AND ChargePeriodEnd < TIMESTAMP '2026-02-27 06:00:00'",
    "clamped": "SELECT MAX(GREATEST(ChargePeriodStart, TIMESTAMP '2026-01-31 00:00:00')) AS a, "
    "MIN(LEAST(ChargePeriodEnd, TIMESTAMP '2026-01-31 00:00:00')) AS b FROM charges",
    "distinct": "SELECT COUNT(DISTINCT ServiceName) AS a, COUNT(DISTINCT Tags) AS b FROM charges",
    "null safe": 'SELECT COUNT(*) AS n FROM charges WHERE Tags IS DISTINCT FROM \'{"team":"web"}\'',
    "nulls last": "SELECT Tags, SUM(BilledCost) AS s FROM charges GROUP BY 1 ORDER BY 1 NULLS LAST",
    "a column no file has": "SELECT x_fm_late, COUNT(*) AS n FROM charges GROUP BY 1",
    "top": "SELECT x_fm_period, ServiceName, s FROM (SELECT x_fm_period, ServiceName, SUM(BilledCost) AS s, ROW_NUMBER() OVER "
    "(PARTITION BY x_fm_period ORDER BY SUM(BilledCost) DESC, ServiceName) AS place FROM charges GROUP BY 1, 2) AS t "
    "WHERE place <= 3 ORDER BY 1, 3 DESC",
    "running": "SELECT m, SUM(s) OVER (ORDER BY m) AS t, s - LAG(s) OVER (ORDER BY m) AS d FROM "
    "(SELECT x_fm_period AS m, SUM(BilledCost) AS s FROM charges GROUP BY 1) AS t ORDER BY m",
    "with": "WITH big AS (SELECT * FROM charges WHERE BilledCost > 1000) SELECT COUNT(*) AS n, SUM(BilledCost) AS s FROM big",
    "joined": "SELECT a.ServiceName, a.s, b.s AS before FROM (SELECT ServiceName, SUM(BilledCost) AS s FROM charges WHERE "
    "x_fm_period = '2026-02' GROUP BY 1) AS a FULL JOIN (SELECT ServiceName, SUM(BilledCost) AS s FROM charges WHERE "
    "x_fm_period = '2026-01' GROUP BY 1) AS b ON a.ServiceName IS NOT DISTINCT FROM b.ServiceName ORDER BY 1",
    "rounded": "SELECT ROUND(SUM(BilledCost), 2) AS a, CAST(SUM(BilledCost) AS DECIMAL(38, 2)) AS b FROM charges",
    "product": "SELECT SUM(CAST(CAST(BilledCost AS DECIMAL(27, 18)) * CAST(7 AS DECIMAL(10, 0)) AS DECIMAL(38, 18))) AS p "
    "FROM charges",
    "every row": "SELECT * FROM charges ORDER BY BilledCost, ChargePeriodStart, ServiceName LIMIT 500",
}


@pytest.mark.parametrize("sql", SAME.values(), ids=SAME.keys())
def test_same_answer_and_types(engine: SparkEngine, lake: Lake, sql: str) -> None:
    source = lake.source()
    spark, duck = engine.query(sql, [source]), on_duckdb(sql, source)
    assert rows(spark) == rows(duck)
    assert [str(kind) for kind in spark.schema.types] == [str(kind) for kind in duck.schema.types]
    assert spark.num_rows > 0


DIALECTS = {
    "tag": ("Tags->>'$.team'", "get_json_object(Tags, '$.team')"),
    "dotted tag": ("json_extract_string(Tags, '/a.b~1c')", "get_json_object(Tags, '$[\\'a.b/c\\']')"),
    "whole seconds": (
        "date_diff('second', ChargePeriodStart, ChargePeriodEnd)",
        "unix_timestamp(ChargePeriodEnd) - unix_timestamp(ChargePeriodStart)",
    ),
    "month as text": ("strftime(ChargePeriodStart, '%Y-%m')", "date_format(ChargePeriodStart, 'yyyy-MM')"),
    "integer division": (
        "epoch_us(ChargePeriodStart) // -7 % 5",
        "unix_micros(CAST(ChargePeriodStart AS TIMESTAMP_LTZ)) DIV -7 % 5",
    ),
}


@pytest.mark.parametrize(("duck", "spark"), DIALECTS.values(), ids=DIALECTS.keys())
def test_same_value_in_two_dialects(engine: SparkEngine, lake: Lake, duck: str, spark: str) -> None:
    source = lake.source()
    sql = "SELECT v, COUNT(*) AS n, SUM(BilledCost) AS s FROM (SELECT {} AS v, BilledCost FROM charges) AS t GROUP BY 1"
    ordered = sql + " ORDER BY 1 NULLS LAST"
    assert rows(engine.query(ordered.format(spark), [source])) == rows(on_duckdb(ordered.format(duck), source))


def test_two_workers_took_part(engine: SparkEngine, lake: Lake) -> None:
    engine.query(SAME["sums"], [lake.source()])
    own = engine._connected().session_id
    found = engine.query(
        "SELECT status, COUNT(DISTINCT CAST(worker_id AS BIGINT)) AS n FROM system.cluster.workers "
        f"WHERE session_id = '{own}' GROUP BY 1",
        [],
    )
    assert rows(found) == [("RUNNING", 2)]


@pytest.mark.parametrize("by_path", [False, True], ids=["by metadata", "by path"])
def test_a_replaced_period_shows_its_new_rows_only(engine: SparkEngine, tmp_path: Path, by_path: bool) -> None:
    lake = Lake(tmp_path)
    lake.deliver("aws", "2026-01", 1, rows=300)
    lake.deliver("aws", "2026-02", 2, rows=200)
    before = lake.source(by_path=by_path)
    old = engine.query(SAME["sums"], [before])
    assert rows(old) == rows(on_duckdb(SAME["sums"], before))
    lake.deliver("aws", "2026-01", 3, rows=100)
    after = lake.source(by_path=by_path)
    new = engine.query(SAME["sums"], [after])
    assert rows(new) == rows(on_duckdb(SAME["sums"], after))
    assert [row[2] for row in rows(new)] == [100, 200]
    assert rows(engine.query(SAME["sums"], [before])) == rows(old), "the older snapshot can still be read"


def test_a_newer_metadata_file_that_was_never_committed_is_not_read(engine: SparkEngine, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.deliver("aws", "2026-01", 1, rows=300)
    committed = lake.source()
    lake.deliver("aws", "2026-01", 2, rows=10)  # the catalog does not know this one, as far as `committed` goes
    assert rows(engine.query("SELECT COUNT(BilledCost) AS n FROM charges", [committed])) == [(300,)]


def test_two_snapshots_at_once(engine: SparkEngine, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    sources = []
    for count in (10, 20, 30, 40):
        lake.deliver("aws", "2026-01", count, rows=count)
        sources.append(lake.source())
    seen: dict[int, list[object]] = {}

    def ask(index: int) -> None:
        sql = "SELECT COUNT(BilledCost) AS n FROM charges"
        seen[index] = [rows(engine.query(sql, [sources[index]]))[0][0] for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {0: [10] * 5, 1: [20] * 5, 2: [30] * 5, 3: [40] * 5}


def test_a_view_is_made_once_per_snapshot(engine: SparkEngine, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    source = lake.source()
    engine.query(SAME["sums"], [source])
    monkeypatch.setattr("finopsmetrics.store.engines.spark.create_view", lambda *_, **__: pytest.fail("made again"))
    engine.query(SAME["filter"], [source])


def test_an_empty_table_has_columns_and_no_rows(engine: SparkEngine) -> None:
    empty = TableSource("charges", (), None, COLUMNS)
    table = engine.query("SELECT * FROM charges", [empty])
    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))
    assert str(table.schema.field("BilledCost").type) == "decimal128(38, 18)"
    assert rows(engine.query("SELECT COUNT(*) AS n, SUM(BilledCost) AS s FROM charges", [empty])) == [(0, None)]


def test_an_idle_session_is_opened_again(lake: Lake) -> None:
    with running_sail(session_seconds=1) as url:
        spark = SparkEngine(url)
        first = rows(spark.query(SAME["sums"], [lake.source()]))
        threading.Event().wait(2.5)
        assert rows(spark.query(SAME["sums"], [lake.source()])) == first
        zone = spark.query("SELECT CAST(TIMESTAMP '2026-01-01 00:00:00' AS STRING) AS t", [])
        assert rows(zone) == [("2026-01-01 00:00:00",)]
        spark.close()
        spark.close()


@pytest.mark.parametrize(
    "sql",
    ["SELEC 1", "SELECT nope FROM charges", "SELECT * FROM nowhere", "SELECT 1 DIV 0 AS x", "SELECT CAST('x' AS INT) AS x"],
)
def test_a_wrong_question_is_a_query_error(engine: SparkEngine, lake: Lake, sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        engine.query(sql, [lake.source()])
    assert caught.value.cure


def test_a_number_with_too_many_digits_is_refused_not_rounded(engine: SparkEngine) -> None:
    with pytest.raises(MoneyError, match="CAST"):
        engine.query("SELECT CAST('0.1234567890123456789' AS DECIMAL(38, 19)) AS x", [])


@pytest.mark.parametrize("by_path", [False, True], ids=["by metadata", "by path"])
def test_a_missing_data_file_is_a_store_error_not_fewer_rows(engine: SparkEngine, tmp_path: Path, by_path: bool) -> None:
    lake = Lake(tmp_path)
    lake.deliver("aws", "2026-01", 1, rows=10)
    Path(lake.deliver("aws", "2026-02", 2, rows=10)).unlink()
    with pytest.raises(StoreError):
        engine.query("SELECT SUM(BilledCost) AS s FROM charges", [lake.source(by_path=by_path)])


def test_missing_metadata_is_a_store_error(engine: SparkEngine, lake: Lake) -> None:
    gone = dataclasses.replace(lake.source(), metadata_location=f"file://{lake.root}/lake/fm/charges/metadata/0.metadata.json")
    with pytest.raises(StoreError):
        engine.query("SELECT COUNT(*) AS n FROM charges", [gone])


def test_remote_files_need_metadata(engine: SparkEngine) -> None:
    with pytest.raises(StoreError, match="metadata location"):
        engine.query("SELECT 1 AS n FROM charges", [TableSource("charges", ("s3://bucket/a.parquet",), None, COLUMNS)])


def test_nobody_there_is_told_at_once() -> None:
    with pytest.raises(StoreError, match="sail spark server") as caught:
        SparkEngine(f"sc://127.0.0.1:{free_port()}").query("SELECT 1 AS n", [])
    assert caught.value.retryable


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:1", "sc://"])
def test_an_address_is_a_spark_connect_address(url: str) -> None:
    with pytest.raises(StoreError, match="sc://host"):
        SparkEngine(url)


def test_without_the_extra_the_cure_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.session", None)
    with pytest.raises(StoreError, match=r"pip install finopsmetrics\[spark\]"):
        SparkEngine("sc://127.0.0.1:1").query("SELECT 1 AS n", [])


def test_a_program_without_a_file_can_use_it(sail_server: str) -> None:
    """pyspark mistakes `python -c` and the workers of a test run for its own doctests, and ends the process."""
    script = f"""
from finopsmetrics.store.engines.spark import SparkEngine
engine = SparkEngine({sail_server!r})
print(engine.query("SELECT 1 + 1 AS n", []).to_pylist())
engine.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[{'n': 2}]"), done.stderr


@pytest.mark.parametrize("name", ["", "a b", "1a", "a`; DROP VIEW x", "é", "a" * 65])
def test_a_table_has_a_plain_name(name: str) -> None:
    with pytest.raises(StoreError, match="name of a table"):
        TableSource(name, (), None)


def test_normalise_agrees_on_types() -> None:
    table = pa.table(
        {
            "hugeint": pa.array([Decimal(7)], pa.decimal128(38, 0)),
            "short": pa.array([7], pa.int16()),
            "cents": pa.array([Decimal("1.25")], pa.decimal128(12, 2)),
            "float": pa.array([1.5], pa.float32()),
            "zoned": pa.array([0], pa.timestamp("ms", tz="Asia/Tokyo")),
            "text": pa.array(["x"], pa.large_string()),
            "codes": pa.array(["x"]).dictionary_encode(),
            "list": pa.array([["x"]], pa.list_(pa.large_string())),
        }
    )
    kinds = [str(kind) for kind in normalise(table).schema.types]
    wanted = ["int64", "int64", "decimal128(38, 18)", "double", "timestamp[us]", "string", "string", "list<item: string>"]
    assert kinds == wanted
