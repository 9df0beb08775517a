"""What read-only SQL gives: exact amounts, plain types, parameters, limits, and errors that tell the cure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from finopsmetrics import CostEntry, Workspace
from finopsmetrics.core.errors import QueryError
from finopsmetrics.observability.sql import run_sql, table_columns
from finopsmetrics.observability.sql_functions import FUNCTIONS
from tests.sql.conftest import SECRET

Rows = list[dict[str, str]]
ALLOWED = {
    "rollup": "SELECT ServiceName, grouping(ServiceName) AS g, sum(BilledCost) AS s FROM focus_data_table "
    "GROUP BY ROLLUP (ServiceName)",
    "values": "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(x, y)",
    "series": "SELECT * FROM generate_series(1, 3)",
    "range": "SELECT * FROM range(3) t(i)",
    "unnest": "SELECT * FROM unnest([1, 2, 3]) t(i)",
    "json_each": "SELECT k.key, count(*) AS n FROM focus_data_table, json_each(Tags) k GROUP BY 1",
    "json": "SELECT Tags->>'team', Tags->>'$.team', json_keys(Tags) FROM focus_data_table",
    "recursive": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "window": "SELECT row_number() OVER (PARTITION BY ServiceName ORDER BY BilledCost) AS r FROM focus_data_table QUALIFY r = 1",
    "named window": "SELECT sum(BilledCost) OVER w FROM focus_data_table WINDOW w AS (PARTITION BY RegionId)",
    "sets": "SELECT ServiceName FROM focus_data_table UNION SELECT ServiceName FROM cost_daily EXCEPT SELECT 'x' ORDER BY 1",
    "lambda": "SELECT list_transform([1, 2], lambda x: x + 1), [x * 2 FOR x IN [1, 2]]",
    "quantile": "SELECT strftime(ChargePeriodStart, '%Y-%m'), median(BilledCost) FROM focus_data_table GROUP BY 1",
    "columns": "SELECT COLUMNS('Billed.*') FROM focus_data_table",
    "star": "SELECT * EXCLUDE (Tags) REPLACE (upper(ServiceName) AS ServiceName) FROM focus_data_table",
    "correlated": "SELECT (SELECT max(c.BilledCost) FROM cost_and_usage c WHERE c.ServiceName = a.ServiceName) "
    "FROM focus_data_table a",
    "asof": "SELECT count(*) FROM focus_data_table a ASOF JOIN cost_daily b ON a.ChargePeriodStart >= b.ChargeDay",
    "sample": "SELECT count(*) FROM focus_data_table TABLESAMPLE 10 PERCENT (bernoulli, 42)",
    "collate": "SELECT ServiceName FROM focus_data_table ORDER BY ServiceName COLLATE NOCASE",
    "times": "SELECT current_date, now() > TIMESTAMP '2020-01-01', extract(year FROM ChargePeriodStart) FROM focus_data_table",
    "casts": "SELECT CASE WHEN BilledCost > 0 THEN 1 END, BilledCost::DOUBLE, TRY_CAST(ServiceName AS INT) FROM focus_data_table",
    "pivot": "SELECT * FROM (PIVOT focus_data_table ON ServiceName IN ('Compute') USING sum(BilledCost) GROUP BY SubAccountId)",
    "distinct on": "SELECT DISTINCT ON (ServiceName) ServiceName, BilledCost FROM focus_data_table ORDER BY ALL",
    "exists": "SELECT 1 FROM focus_data_table WHERE EXISTS (SELECT 1 FROM cost_daily)",
    "from first": "FROM focus_data_table SELECT count(*)",
    "methods": "SELECT ServiceName.lower().upper() FROM focus_data_table",
    "materialized": "WITH a AS MATERIALIZED (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b -- a; b",
    "semicolon": "SELECT sum(BilledCost) FROM cost_daily;",
    "shadow": "WITH cost_daily AS (SELECT 1 AS x) SELECT x FROM cost_daily",
    "capitals": "SELECT servicename FROM FOCUS_DATA_TABLE",
}  # fmt: skip


@pytest.mark.parametrize("sql", ALLOWED.values(), ids=ALLOWED.keys())
def test_ordinary_sql_works(workspace: Workspace, sql: str) -> None:
    assert run_sql(workspace.opened, sql).num_rows > 0


def test_sums_are_exact(workspace: Workspace, rows: Rows) -> None:
    answer = run_sql(
        workspace.opened, "SELECT sum(BilledCost) AS s, sum(BilledCost) - sum(EffectiveCost) AS d FROM focus_data_table"
    )
    assert answer.to_pylist() == [{"s": sum(Decimal(row["BilledCost"]) for row in rows), "d": Decimal(0)}]
    assert str(answer.schema.field("s").type) == "decimal128(38, 18)"


def test_times_compare_with_text(workspace: Workspace, rows: Rows) -> None:
    wanted = sum("2026-05-02" <= row["ChargePeriodStart"][:10] < "2026-05-04" for row in rows)
    sql = "SELECT count(*) AS n FROM focus_data_table WHERE ChargePeriodStart >= {} AND ChargePeriodEnd < {}"
    assert run_sql(workspace.opened, sql.format("'2026-05-02'", "'2026-05-04T00:00:00Z'")).to_pylist() == [{"n": wanted}]
    values = (
        ["2026-05-02", "2026-05-04T00:00:00Z"],
        [date(2026, 5, 2), datetime(2026, 5, 4)],
        [datetime(2026, 5, 2), "2026-05-04"],
    )
    for params in values:
        assert run_sql(workspace.opened, sql.format("?", "?"), params=params).to_pylist() == [{"n": wanted}]


def test_parameters_by_name(workspace: Workspace, rows: Rows) -> None:
    wanted = sum(Decimal(row["BilledCost"]) for row in rows if row["ServiceName"] == "Compute" and Decimal(row["BilledCost"]) > 5)
    sql = "SELECT sum(BilledCost) AS s FROM focus_data_table WHERE ServiceName = $service AND BilledCost > $least"
    assert run_sql(workspace.opened, sql, params={"service": "Compute", "least": Decimal(5)}).to_pylist() == [{"s": wanted}]


@pytest.mark.parametrize("params", [None, [], [1], [1, 2, 3], {"a": 1}], ids=str)
def test_a_missing_parameter_is_told(workspace: Workspace, params: list[int] | None) -> None:
    with pytest.raises(QueryError, match="arameter"):
        run_sql(workspace.opened, "SELECT ? + ? AS n", params=params)


def test_parameters_are_a_list(workspace: Workspace) -> None:
    with pytest.raises(QueryError, match="one text"):
        run_sql(workspace.opened, "SELECT ?", params="x")


def test_the_first_rows_in_their_order(workspace: Workspace) -> None:
    sql = "SELECT BilledCost FROM focus_data_table ORDER BY BilledCost DESC"
    every = run_sql(workspace.opened, sql)
    for limit in (0, 1, 7, 10_000):
        assert run_sql(workspace.opened, sql, limit=limit).to_pylist() == every.to_pylist()[:limit]
    with pytest.raises(QueryError, match="limit"):
        run_sql(workspace.opened, sql, limit=-1)


def test_types_that_every_engine_has(workspace: Workspace) -> None:
    sql = "SELECT count(*) AS n, sum(1) AS big, 1.5 AS d, 1.5::FLOAT AS f, DATE '2026-01-01' AS day, "
    sql += "TIMESTAMPTZ '2026-01-01T00:00:00+02' AS t"
    answer = run_sql(workspace.opened, sql)
    assert [str(kind) for kind in answer.schema.types] == [
        "int64",
        "int64",
        "decimal128(38, 18)",
        "double",
        "date32[day]",
        "timestamp[us]",
    ]
    assert answer.to_pylist()[0]["t"] == datetime(2025, 12, 31, 22)


def test_an_empty_table_has_its_columns(workspace: Workspace) -> None:
    answer = run_sql(workspace.opened, "SELECT * FROM contract_commitment")
    assert answer.num_rows == 0
    assert "ContractCommitmentId" in answer.column_names


def test_charges_show_focus_first_and_ours_last(workspace: Workspace) -> None:
    names = run_sql(workspace.opened, "SELECT * FROM cost_and_usage LIMIT 1").column_names
    assert names[0] == "AllocatedMethodDetails"
    assert names[-4:] == ["x_Project", "x_fm_source", "x_fm_period", "x_fm_delivery"]


def test_rejected_rows_can_be_asked_for(workspace: Workspace) -> None:
    answer = run_sql(workspace.opened, 'SELECT line, "column", reason FROM quarantine')
    assert answer.to_pylist() == [{"line": 402, "column": "BilledCost", "reason": "not a number"}]


def test_an_added_entry_is_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Workspace(tmp_path_factory.mktemp("entries")) as workspace:
        workspace.costs.add_cost_entry(CostEntry("e-1", datetime(2026, 5, 1, tzinfo=UTC), "1.25", "GPU"))
        answer = run_sql(workspace.opened, "SELECT ServiceName, BilledCost FROM cost_and_usage")
        assert answer.to_pylist() == [{"ServiceName": "GPU", "BilledCost": Decimal("1.25")}]


def test_the_sql_of_a_question_gives_its_answer(workspace: Workspace) -> None:
    sql = workspace.costs.get_sql_export(
        group_by=["ServiceName"], filters='account == "mine"', time_range="2026-05-03..2026-05-09"
    )
    asked = workspace.costs.get_costs(group_by="ServiceName", filters='account == "mine"', time_range="2026-05-03..2026-05-09")
    assert run_sql(workspace.opened, sql).to_pylist() == asked.rows


def test_the_tables_are_told(workspace: Workspace) -> None:
    tables = table_columns(workspace.opened)
    assert list(tables) == [
        "focus_data_table",
        "cost_and_usage",
        "contract_commitment",
        "invoice_detail",
        "billing_period",
        "cost_daily",
        "quarantine",
        "samples",
    ]
    assert tables["focus_data_table"]["BilledCost"] == "DECIMAL(38,18)"
    assert tables["focus_data_table"]["x_Project"] == "VARCHAR"
    with pytest.raises(QueryError) as caught:
        run_sql(workspace.opened, "SELECT * FROM charge")
    assert all(name in caught.value.cure for name in tables)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT NoSuch FROM focus_data_table", "NoSuch"),
        ("SELEC 1", "SELEC"),
        ("SELECT sum(ServiceName) FROM focus_data_table", "sum"),
        ("SELECT CAST(ServiceName AS INT) FROM focus_data_table", "INT32"),
        ("SELECT ServiceName FROM focus_data_table GROUP BY 2", "GROUP BY"),
    ],
)
def test_a_wrong_question_tells_why(workspace: Workspace, sql: str, told: str) -> None:
    with pytest.raises(QueryError, match=told) as caught:
        run_sql(workspace.opened, sql)
    assert caught.value.cure


def test_the_functions_are_known_ones() -> None:
    """A name that DuckDB no longer has is taken off the list; one that it gained is refused until it is written there."""
    there = {
        row[0].lower() for row in duckdb.connect().execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    }
    assert FUNCTIONS - there <= {"date", "grouping", "grouping_id"}
    closed = {
        "stats",
        "current_setting",
        "getvariable",
        "write_log",
        "sleep_ms",
        "pg_sleep",
        "nextval",
        "setval",
        "json_serialize_plan",
    }
    assert not closed & FUNCTIONS
    assert closed <= there, "the names are still those of DuckDB"


def test_the_secret_is_there_without_a_scope(workspace: Workspace) -> None:
    """The tests of the scope would pass on an empty lake."""
    assert SECRET in str(run_sql(workspace.opened, "SELECT DISTINCT ServiceName FROM focus_data_table").to_pylist())
