"""Every way out of the tables that we could think of is refused, with a cause and a cure."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from finopsmetrics import Workspace
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.observability.sql import run_sql
from tests.sql.conftest import SECRET

frame_of_the_caller = [1, 2, 3]

# {file} is a data file of the lake, {folder} its folder, {home} the home.
STATEMENTS = {
    "two statements": "SELECT 1; SELECT 2",
    "a second after a comment": "SELECT 1 -- ;\n; DROP VIEW cost_and_usage",
    "nothing": "",
    "only a comment": "-- SELECT 1",
    "insert": "INSERT INTO cost_and_usage VALUES (1)",
    "update": "UPDATE cost_and_usage SET BilledCost = 0",
    "delete": "DELETE FROM cost_and_usage",
    "merge": "MERGE INTO cost_and_usage USING cost_daily ON true WHEN MATCHED THEN DELETE",
    "truncate": "TRUNCATE cost_and_usage",
    "create table": "CREATE TABLE t AS SELECT * FROM cost_and_usage",
    "create macro": "CREATE MACRO f() AS 1",
    "create secret": "CREATE SECRET s (TYPE s3)",
    "drop": "DROP VIEW cost_and_usage",
    "alter": "ALTER VIEW cost_and_usage RENAME TO x",
    "copy to": "COPY cost_and_usage TO '{home}/stolen.csv'",
    "copy query to": "COPY (SELECT 1) TO '{home}/stolen.csv'",
    "copy from": "COPY cost_and_usage FROM '/etc/passwd'",
    "export database": "EXPORT DATABASE '{home}/stolen'",
    "import database": "IMPORT DATABASE '{home}/stolen'",
    "attach": "ATTACH '{home}/state.db' AS s (TYPE sqlite)",
    "attach duckdb": "ATTACH '{home}/x.db'",
    "detach": "DETACH memory",
    "use": "USE memory.main",
    "install": "INSTALL httpfs",
    "force install": "FORCE INSTALL httpfs FROM 'http://127.0.0.1:1'",
    "load": "LOAD httpfs",
    "pragma": "PRAGMA database_list",
    "pragma with a value": "PRAGMA enable_profiling = 'json'",
    "set": "SET enable_external_access = true",
    "set variable": "SET VARIABLE x = 1",
    "reset": "RESET lock_configuration",
    "call": "CALL duckdb_settings()",
    "call pragma": "CALL pragma_version()",
    "explain": "EXPLAIN SELECT * FROM cost_and_usage",
    "explain analyze": "EXPLAIN ANALYZE SELECT * FROM cost_and_usage",
    "describe": "DESCRIBE cost_and_usage",
    "summarize": "SUMMARIZE cost_and_usage",
    "show": "SHOW TABLES",
    "show in from": "SELECT * FROM (SHOW ALL TABLES)",
    "describe in from": "SELECT * FROM (DESCRIBE cost_and_usage)",
    "summarize in from": "SELECT min FROM (SUMMARIZE cost_and_usage)",
    "prepare": "PREPARE p AS SELECT 1",
    "execute": "EXECUTE p",
    "deallocate": "DEALLOCATE p",
    "begin": "BEGIN TRANSACTION",
    "checkpoint": "CHECKPOINT",
    "vacuum": "VACUUM",
    "pivot statement": "PIVOT cost_and_usage ON ServiceName USING sum(BilledCost)",
    "insert in with": "WITH t AS (INSERT INTO cost_daily VALUES (1) RETURNING *) SELECT * FROM t",
    "delete in with": "WITH t AS (DELETE FROM cost_daily RETURNING *) SELECT * FROM t",
    "into": "SELECT 1 INTO t",
}
FILES = {
    "read_parquet": "SELECT * FROM read_parquet('{file}')",
    "parquet_scan": "SELECT * FROM parquet_scan('{file}')",
    "read_parquet quoted": "SELECT * FROM \"read_parquet\"('{file}')",
    "read_parquet in capitals": "SELECT * FROM READ_PARQUET('{file}')",
    "read_parquet with schema": "SELECT * FROM system.main.read_parquet('{file}')",
    "read_parquet in a join": "SELECT 1 FROM cost_and_usage JOIN read_parquet('{file}') b ON true",
    "read_parquet in a subquery": "SELECT (SELECT count(*) FROM read_parquet('{file}'))",
    "read_parquet in with": "WITH t AS (SELECT * FROM read_parquet('{file}')) SELECT * FROM t",
    "read_parquet lateral": "SELECT * FROM cost_and_usage c, LATERAL (SELECT * FROM read_parquet('{file}')) t",
    "read_csv": "SELECT * FROM read_csv('/etc/passwd')",
    "read_csv_auto": "SELECT * FROM read_csv_auto('/etc/passwd')",
    "sniff_csv": "SELECT * FROM sniff_csv('/etc/passwd')",
    "read_json": "SELECT * FROM read_json('/etc/passwd')",
    "read_ndjson": "SELECT * FROM read_ndjson_objects('/etc/passwd')",
    "read_text": "SELECT * FROM read_text('/etc/passwd')",
    "read_blob": "SELECT * FROM read_blob('/etc/passwd')",
    "read_duckdb": "SELECT * FROM read_duckdb('{home}/x.db')",
    "glob": "SELECT * FROM glob('{folder}/*')",
    "parquet_metadata": "SELECT * FROM parquet_metadata('{file}')",
    "parquet_schema": "SELECT * FROM parquet_schema('{file}')",
    "parquet_kv_metadata": "SELECT * FROM parquet_kv_metadata('{file}')",
    "parquet_file_metadata": "SELECT * FROM parquet_file_metadata('{file}')",
    "parquet_bloom_probe": "SELECT * FROM parquet_bloom_probe('{file}', 'ServiceName', 'x')",
    "file as table": "SELECT * FROM '{file}'",
    "file as quoted table": 'SELECT * FROM "{file}"',
    "glob as table": "SELECT * FROM '{folder}/*.parquet'",
    "address as table": "SELECT * FROM 'http://127.0.0.1:1/x.parquet'",
    "file in with": "WITH t AS (FROM '{file}') SELECT * FROM t",
    "file named in with": "WITH \"{file}\" AS (SELECT 1) SELECT * FROM '{file}'",
    "file named in another with": "SELECT (WITH \"{file}\" AS (SELECT 1) SELECT 1) FROM '{file}'",
    "file after union": "SELECT 1 UNION ALL SELECT count(*) FROM '{file}'",
    "file in exists": "SELECT 1 WHERE EXISTS (FROM '{file}')",
    "query": "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "query_table": "SELECT * FROM query_table('{file}')",
    "json_execute_serialized_sql": "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "python variable": "SELECT * FROM frame_of_the_caller",
    "python scan": "SELECT * FROM python_arrow_scan(1)",
    "arrow scan": "SELECT * FROM arrow_scan(1::UBIGINT, 2::UBIGINT, 3::UBIGINT)",
    "getenv": "SELECT getenv('HOME')",
    "getenv in where": "SELECT 1 FROM cost_and_usage WHERE getenv('HOME') = 'x'",
    "getenv in order": "SELECT 1 FROM cost_and_usage ORDER BY getenv('HOME')",
    "getenv in a window": "SELECT sum(1) OVER (ORDER BY getenv('HOME')) FROM cost_and_usage",
    "getenv in filter": "SELECT sum(1) FILTER (WHERE getenv('HOME') = 'x') FROM cost_and_usage",
    "getenv in a list": "SELECT [x FOR x IN [1] IF getenv('HOME') = 'x']",
    "getenv in limit": "SELECT 1 FROM cost_and_usage LIMIT (SELECT length(getenv('HOME')))",
    "getenv in values": "SELECT * FROM (VALUES (getenv('HOME')))",
    "getenv in a table function": "SELECT * FROM range(length(getenv('HOME')))",
    "getenv with schema": "SELECT system.main.getenv('HOME')",
    "getenv as a method": "SELECT 'HOME'.getenv()",
    "getenv quoted": "SELECT \"getenv\"('HOME')",
}
INSIDE = {
    "catalog": "SELECT * FROM information_schema.tables",
    "columns of the catalog": "SELECT * FROM information_schema.columns",
    "pg_catalog": "SELECT * FROM pg_catalog.pg_class",
    "duckdb_settings": "SELECT * FROM duckdb_settings()",
    "duckdb_views": "SELECT sql FROM duckdb_views()",
    "duckdb_secrets": "SELECT * FROM duckdb_secrets()",
    "duckdb_logs": "SELECT * FROM duckdb_logs",
    "duckdb_tables as a table": "SELECT * FROM duckdb_tables",
    "sqlite_master": "SELECT * FROM sqlite_master",
    "pragma function": "SELECT * FROM pragma_table_info('cost_and_usage')",
    "storage info": "SELECT * FROM pragma_storage_info('cost_and_usage')",
    "temporary files": "SELECT * FROM duckdb_temporary_files()",
    "external file cache": "SELECT * FROM duckdb_external_file_cache()",
    "prepared statements": "SELECT * FROM duckdb_prepared_statements()",
    "enable logging": "SELECT * FROM enable_logging()",
    "which_secret": "SELECT * FROM which_secret('x', 's3')",
    "seq_scan": "SELECT * FROM seq_scan('cost_and_usage')",
    "summary": "SELECT * FROM summary((SELECT 1))",
    "histogram of a table": "SELECT * FROM histogram(cost_and_usage, ServiceName)",
    "current_setting": "SELECT current_setting('allowed_paths')",
    "getvariable": "SELECT getvariable('x')",
    "write_log": "SELECT write_log('x')",
    "sleep": "SELECT sleep_ms(1)",
    "pg_sleep": "SELECT pg_sleep(1)",
    "nextval": "SELECT nextval('s')",
    "setval": "SELECT setval('s', 1)",
    "plan": "SELECT json_serialize_plan('SELECT * FROM cost_and_usage')",
    "view definition": "SELECT pg_get_viewdef(1)",
    "catalog name": "SELECT * FROM temp.main.cost_and_usage",
    "schema name": "SELECT * FROM main.cost_and_usage",
    "time travel": "SELECT * FROM cost_and_usage AT (VERSION => 1)",
    "unknown table": "SELECT * FROM charges",
    "unknown function": "SELECT no_such_function(1)",
    "repeat as a table": "SELECT * FROM repeat(1, 10)",
    "json_tree": "SELECT * FROM json_tree('{{}}')",
    "test_all_types": "SELECT * FROM test_all_types()",
}
ATTACKS = STATEMENTS | FILES | INSIDE
SCOPE = Condition.parse('SubAccountId == "mine"')
# Refused with a scope, whatever is allowed without one: each would tell of a hidden row.
OUT_OF_SCOPE = {
    "statistics": "SELECT stats(ServiceName) FROM cost_and_usage LIMIT 1",
    "statistics of a cast": "SELECT stats(upper(ServiceName)) FROM focus_data_table LIMIT 1",
    "other dataset": "SELECT * FROM invoice_detail",
    "rejected rows": "SELECT * FROM quarantine",
    "commitments": "SELECT * FROM contract_commitment",
    "periods": "SELECT * FROM billing_period",
}


@pytest.mark.parametrize("sql", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("scope", [None, SCOPE], ids=["open", "scoped"])
def test_it_is_refused(workspace: Workspace, lake_file: Path, sql: str, scope: Condition | None) -> None:
    before = sorted(workspace.home.rglob("*"))
    text = sql.format(file=lake_file, folder=lake_file.parent, home=workspace.home)
    with pytest.raises(QueryError) as caught:
        run_sql(workspace.opened, text, scope=scope)
    assert caught.value.cause
    assert caught.value.cure
    assert sorted(workspace.home.rglob("*")) == before, "nothing was written"


@pytest.mark.parametrize("sql", OUT_OF_SCOPE.values(), ids=OUT_OF_SCOPE.keys())
def test_it_is_out_of_scope(workspace: Workspace, sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_sql(workspace.opened, sql, scope=SCOPE)
    assert SECRET not in _all_that_was_said(caught.value)


# A predicate of the statement must not be evaluated on hidden rows: its error would tell their values.
TELLTALES = {
    "cast": "SELECT count(*) FROM cost_and_usage WHERE ServiceName NOT IN ('Compute', 'Storage', 'Database') "
    "AND CAST(ServiceName AS INT) = 1",
    "cast in a case": "SELECT CASE WHEN ServiceName LIKE 'project%' THEN CAST(ServiceName AS INT) END AS n FROM cost_and_usage",
    "cast of a tag": "SELECT sum(CAST(Tags->>'n' AS INT)) AS n FROM focus_data_table WHERE CAST(Tags->>'n' AS INT) % 3 = 0 "
    "AND strptime(ServiceName, '%Y') IS NULL AND ServiceName LIKE 'proj%'",
    "time of a text": "SELECT count(*) FROM cost_and_usage WHERE x_Project NOT LIKE 'p_' "
    "AND strptime(x_Project, '%Y') > '2020-01-01'",
    "json of a text": "SELECT count(*) FROM cost_and_usage WHERE ResourceId NOT LIKE 'r-%' "
    "AND json_extract(ResourceId, '$.a') = 1",
    "join": "SELECT count(*) FROM cost_and_usage a JOIN (SELECT 1 AS n) b ON a.ServiceName NOT IN "
    "('Compute', 'Storage', 'Database') AND CAST(a.ServiceName AS INT) = b.n",
    "having": "SELECT ServiceName FROM cost_and_usage GROUP BY 1 "
    "HAVING ServiceName LIKE 'proj%' AND CAST(ServiceName AS INT) = 1",
    "overflow": "SELECT count(*) FROM cost_and_usage WHERE ServiceName LIKE 'proj%' AND BilledCost * 1000000000000000 > 0",
    "regular expression": "SELECT count(*) FROM cost_and_usage WHERE ServiceName LIKE 'proj%' "
    "AND regexp_matches('x', ServiceName || '(')",
    "order": "SELECT ServiceName FROM cost_and_usage WHERE ServiceName LIKE 'proj%' ORDER BY CAST(ServiceName AS INT) LIMIT 1",
}


@pytest.mark.parametrize("sql", TELLTALES.values(), ids=TELLTALES.keys())
def test_hidden_rows_do_not_speak_through_errors(workspace: Workspace, sql: str) -> None:
    """Without the scope the statement meets the hidden rows and fails on them; with it there are none to meet."""
    with pytest.raises(QueryError):
        run_sql(workspace.opened, sql.replace("COUNT", "count"))
    answer = run_sql(workspace.opened, sql, scope=SCOPE)
    assert SECRET not in str(answer.to_pylist())
    assert all(not value for row in answer.to_pylist() for value in row.values())


@pytest.mark.parametrize(
    "value", [object(), [1], {"a": 1}, b"x", open, Path("/etc/passwd")], ids=["object", "list", "dict", "bytes", "call", "path"]
)
def test_a_parameter_is_a_plain_value(workspace: Workspace, value: object) -> None:
    with pytest.raises(QueryError, match="parameter"):
        run_sql(workspace.opened, "SELECT ?", params=[value])


def test_a_parameter_is_no_sql(workspace: Workspace) -> None:
    stolen = "x'; SELECT * FROM read_text('/etc/passwd') --"
    answer = run_sql(
        workspace.opened, "SELECT ? AS t, count(*) AS n FROM cost_and_usage WHERE ServiceName = ?", params=[stolen] * 2
    )
    assert answer.to_pylist() == [{"t": stolen, "n": 0}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT " + "+".join(["1"] * 40_000),
        "SELECT " + "-" * 1 + "[" * 3_000 + "]" * 3_000,
        "SELECT * FROM " + "(SELECT * FROM " * 500 + "cost_and_usage" + ") t" * 500,
        "SELECT '" + "x" * 200_000 + "'",
        "SELECT 1\0; DROP VIEW cost_and_usage",
        "SELECT 'a",
        'SELECT "a',
        "SELECT /* 1",
        "\ud800",
    ],
    ids=[
        "brackets",
        "terms",
        "lists",
        "subqueries",
        "long",
        "zero byte",
        "open text",
        "open name",
        "open comment",
        "half a letter",
    ],
)
def test_broken_text_is_a_query_error(workspace: Workspace, sql: str) -> None:
    with pytest.raises(QueryError):
        run_sql(workspace.opened, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000000000) a, range(1000000) b",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    ],
    ids=["cross join", "recursion"],
)
def test_a_statement_that_never_ends_is_stopped(workspace: Workspace, sql: str) -> None:
    with pytest.raises(QueryError, match=r"longer than|memory"):
        run_sql(workspace.opened, sql, seconds=0.5)
    assert run_sql(workspace.opened, "SELECT 1 AS n").to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(i) FROM range(200000000) t(i)",
        "SELECT string_agg(i::TEXT, '') FROM range(200000000) t(i)",
        "SELECT repeat('x', 20000000000)",
        "SELECT repeat('x', i) FROM range(3) t(i)",
        "SELECT ServiceName.repeat(20000) FROM cost_and_usage",
        "SELECT lpad('x', 2000000000, 'y')",
        "SELECT rpad('x', (SELECT 2000000000), 'y')",
        "SELECT printf('%2000000000d', 1)",
        "SELECT printf('%*d', 2000000000, 1)",
        "SELECT format('{:>2000000000}', 'a')",
        "SELECT format('{:{}}', 1, 2000000000)",
        "SELECT format(ServiceName, 1) FROM cost_and_usage",
        "SELECT range(2000000000)",
        "SELECT unnest(generate_series(1, 2000000000))",
        "SELECT list_resize([1], 2000000000)",
        "SELECT bitstring('1', 2000000000)",
        "SELECT list_reduce(['x'], lambda x, y: x || x)",
    ],
)
def test_memory_is_bounded(workspace: Workspace, sql: str) -> None:
    with pytest.raises(QueryError):
        run_sql(workspace.opened, sql, seconds=20)


def test_an_answer_is_bounded(workspace: Workspace) -> None:
    with pytest.raises(QueryError, match="larger than 512 MB"):
        run_sql(workspace.opened, "SELECT repeat('x', 1000) AS t FROM range(100000000) a(i)")


def _all_that_was_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
