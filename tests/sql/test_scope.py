"""Under a scope, whatever is asked equals the same question asked of the matching rows alone."""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics import Workspace
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.observability.sql import run_sql
from tests.sql.conftest import FIELDS, SECRET, SERVICES

Rows = list[dict[str, str]]
AMOUNTS = {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"}

texts = st.sampled_from([*SERVICES, SECRET, "mine", "hidden", "web", "p0", "p1", "p2", "no such"])
fields = st.sampled_from(["SubAccountId", "ServiceName", "tags.team", "x_Project", "service", "account", "resource.SubAccountId"])
comparisons = st.builds(lambda field, sign, text: f'{field} {sign} "{text}"', fields, st.sampled_from(["==", "!="]), texts)
lists = st.builds(
    lambda field, some, sign: f"{field} {sign} {json.dumps(some)}",
    fields,
    st.lists(texts, min_size=1, max_size=3),
    st.sampled_from(["IN", "NOT IN"]),
)
amounts = st.builds(lambda sign, n: f"BilledCost {sign} {n}", st.sampled_from(["<", ">="]), st.integers(0, 10**9))
single = comparisons | lists | amounts
scopes = st.recursive(
    single,
    lambda inner: st.builds(lambda a, b, word: f"({a}) {word} ({b})", inner, inner, st.sampled_from(["AND", "OR"])),
    max_leaves=4,
)

COLUMNS = st.sampled_from(["ServiceName", "SubAccountId", "Tags", "x_Project", "ResourceId", "ChargePeriodStart"])
AGGREGATES = st.sampled_from(
    [
        "sum(BilledCost)",
        "count(*)",
        "count(DISTINCT {c})",
        "min({c})",
        "max({c})",
        "min(BilledCost)",
        "max(BilledCost)",
        "list_sort(list(DISTINCT {c}))",
        "sum(BilledCost) FILTER (WHERE {c} IS NULL)",
        "(SELECT count(*) FROM focus_data_table)",
        "(SELECT max(ServiceName) FROM cost_and_usage)",
        "sum((SELECT sum(b.BilledCost) FROM cost_and_usage b WHERE b.ResourceId = a.ResourceId))",
        "max((SELECT count(*) FROM focus_data_table b WHERE b.ServiceName > a.ServiceName))",
    ]
)
SHAPES = st.sampled_from(
    [
        "SELECT {a} AS v FROM focus_data_table a",
        "SELECT {a} AS v, {c} AS g FROM cost_and_usage a GROUP BY 2 ORDER BY ALL",
        "SELECT {a} AS v FROM (SELECT * FROM cost_and_usage UNION ALL SELECT * FROM focus_data_table) a",
        "WITH t AS (SELECT * FROM cost_and_usage) SELECT {a} AS v FROM t a",
        "SELECT {a} AS v FROM cost_and_usage a WHERE {c} IS NOT NULL AND {c} >= (SELECT min({c}) FROM focus_data_table)",
        "SELECT {a} AS v FROM cost_and_usage a LEFT JOIN (SELECT DISTINCT {c} AS k FROM focus_data_table) j ON j.k = a.{c}",
        "SELECT max(s) AS v FROM (SELECT sum(BilledCost) OVER (ORDER BY ResourceId) AS s FROM cost_and_usage)",
        "SELECT count(*) AS v FROM cost_and_usage a FULL JOIN focus_data_table b ON a.{c} = b.{c} "
        "AND a.ResourceId < b.ResourceId",
        "SELECT {c} AS v FROM cost_and_usage a ORDER BY ResourceId LIMIT 5",
    ]
)
statements = st.builds(lambda shape, a, c: shape.replace("{a}", a).replace("{c}", c), SHAPES, AGGREGATES, COLUMNS)


@pytest.fixture(scope="module")
def matching(rows: Rows) -> duckdb.DuckDBPyConnection:
    """The delivered rows as they are, in an engine that knows nothing of us."""
    connection = duckdb.connect()
    kinds = {"ChargePeriodStart": "TIMESTAMP"} | dict.fromkeys(AMOUNTS, "DECIMAL(38, 18)")
    listed = ", ".join(f"{name} {kinds.get(name, 'VARCHAR')}" for name in FIELDS)
    connection.execute(f"CREATE TABLE every ({listed}, number INT)")
    marks = ", ".join("?" * (len(FIELDS) + 1))
    for number, row in enumerate(rows):
        connection.execute(f"INSERT INTO every VALUES ({marks})", [*(row[name] or None for name in FIELDS), number])
    return connection


def seen_by(rows: Rows, scope: Condition) -> list[int]:
    """The numbers of the rows that a condition lets through, by its Python back end."""
    found = []
    for number, row in enumerate(rows):
        record = {name: Decimal(value) if name in AMOUNTS else value for name, value in row.items()}
        record |= {"tags": json.loads(row["Tags"] or "{}"), "service": row["ServiceName"], "account": row["SubAccountId"]}
        if scope.matches(record | {"resource": record}):
            found.append(number)
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes, statement=statements)
def test_no_answer_tells_of_hidden_rows(
    workspace: Workspace, rows: Rows, matching: duckdb.DuckDBPyConnection, scope: str, statement: str
) -> None:
    condition = Condition.parse(scope)
    numbers = seen_by(rows, condition)
    chosen = ", ".join(str(number) for number in [-1, *numbers])
    rest = f"SELECT * EXCLUDE (number) FROM every WHERE number IN ({chosen})"
    matching.execute(f"CREATE OR REPLACE TEMP TABLE cost_and_usage AS {rest}")
    matching.execute("CREATE OR REPLACE TEMP VIEW focus_data_table AS FROM cost_and_usage")
    wanted = matching.execute(statement).fetchall()
    answer = run_sql(workspace.opened, statement, scope=condition)
    assert [tuple(row.values()) for row in answer.to_pylist()] == wanted


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=scopes)
def test_sums_are_the_sums_of_matching_rows(workspace: Workspace, rows: Rows, scope: str) -> None:
    condition = Condition.parse(scope)
    costs = [Decimal(rows[number]["BilledCost"]) for number in seen_by(rows, condition)]
    answer = run_sql(workspace.opened, "SELECT count(*) AS n, sum(BilledCost) AS s FROM focus_data_table", scope=condition)
    assert answer.to_pylist() == [{"n": len(costs), "s": sum(costs) if costs else None}]
    asked = workspace.costs.__class__(opened=workspace.opened, scope=condition).get_costs(time_range="all")
    assert sum((row["cost"] for row in asked), Decimal(0)) == sum(costs)


def test_the_daily_table_is_filtered_where_it_can_be(workspace: Workspace, rows: Rows) -> None:
    sql = "SELECT sum(BilledCost) AS s FROM cost_daily"
    mine = sum(Decimal(row["BilledCost"]) for row in rows if row["SubAccountId"] == "mine")
    assert run_sql(workspace.opened, sql, scope=Condition.parse('account == "mine"')).to_pylist() == [{"s": mine}]
    for scope in ('ResourceId == "r-1"', "BilledCost > 5", 'x_Project == "p1"', 'account == "mine" AND tags.n == "1"'):
        with pytest.raises(QueryError, match="cannot be read within the scope"):
            run_sql(workspace.opened, sql, scope=Condition.parse(scope))


def test_a_dataset_is_filtered_where_it_has_the_fields(workspace: Workspace) -> None:
    sql = "SELECT count(*) AS n FROM invoice_detail"
    assert run_sql(workspace.opened, sql, scope=Condition.parse(f'BillingAccountId == "{SECRET}"')).to_pylist() == [{"n": 1}]
    assert run_sql(workspace.opened, sql, scope=Condition.parse('BillingAccountId == "a-1"')).to_pylist() == [{"n": 0}]
    assert run_sql(
        workspace.opened, "SELECT count(*) AS n FROM quarantine", scope=Condition.parse('x_fm_source == "aws"')
    ).to_pylist() == [{"n": 1}]


def test_a_scope_names_fields_of_charges(workspace: Workspace) -> None:
    with pytest.raises(QueryError, match="no dimension"):
        run_sql(workspace.opened, "SELECT 1 FROM cost_and_usage", scope=Condition.parse('nonsense == "x"'))
