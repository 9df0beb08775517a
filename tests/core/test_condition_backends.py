"""Both back ends give the same three answers: random trees over random rows, in Python and in DuckDB."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from finopsmetrics.core.conditions import Column, ColumnType, Condition, Path
from finopsmetrics.core.conditions.tree import Arithmetic, Comparison, Field, Negative, Number, Test, Value
from tests.core.condition_trees import TYPES, doubles, numbers, rows, tests

KINDS: dict[str, ColumnType] = {
    "TEXT": "text",
    "DECIMAL(38,18)": "number",
    "BIGINT": "number",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "time",
    "TIMESTAMP": "utc_time",
    "DATE": "utc_time",
}
# A zone far from UTC: an engine that reads a zoneless time in the session's zone would be caught.
SESSION = duckdb.connect(config={"threads": 1})
SESSION.execute("SET TimeZone = 'Asia/Tokyo'")


def resolve(path: Path) -> Column:
    return Column(exp.column(path[1], quoted=True), KINDS[TYPES[path[1]]])


def in_duckdb(trees: list[Test], table: list[dict[str, Any]]) -> list[tuple[bool | None, ...]]:
    parameters = [None if row[name] is None else str(row[name]) for row in table for name in TYPES]
    one_row = f"({', '.join(f'CAST(? AS {kind})' for kind in TYPES.values())})"
    answers = ", ".join(Condition(tree).to_sql(resolve).sql(dialect="duckdb") for tree in trees)
    query = f"SELECT {answers} FROM (VALUES {', '.join([one_row] * len(table))}) AS t({', '.join(TYPES)})"
    return SESSION.execute(query, parameters).fetchall()


def in_python(trees: list[Test], table: list[dict[str, Any]], *, nested: bool) -> list[tuple[bool | None, ...]]:
    records = [
        {"r": row} if nested else {f"r.{name}": value for name, value in row.items() if value is not None} for row in table
    ]
    return [tuple(Condition(tree).evaluate(record) for tree in trees) for record in records]


def assert_agreement(trees: list[Test], table: list[dict[str, Any]], *, nested: bool = True) -> None:
    for row, python, sql in zip(table, in_python(trees, table, nested=nested), in_duckdb(trees, table), strict=True):
        for tree, one, other in zip(trees, python, sql, strict=True):
            assert one is other, f"python {one}, sql {other}: {Condition(tree)} on {row}"


@settings(max_examples=200, deadline=None)
@given(st.lists(tests, min_size=1, max_size=6), st.lists(rows, min_size=1, max_size=8), st.booleans())
def test_python_and_duckdb_agree(trees: list[Test], table: list[dict[str, Any]], nested: bool) -> None:
    assert_agreement(trees, table, nested=nested)


operands = st.sampled_from([Field(("r", name)) for name in ("n1", "n2", "n3", "i1", "d1")]) | numbers.map(Number)
sums: st.SearchStrategy[Value] = st.recursive(
    operands,
    lambda inner: st.builds(Arithmetic, st.sampled_from("+-**/"), inner, inner) | st.builds(Negative, inner),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(sums, sums), min_size=1, max_size=4), st.lists(rows, min_size=1, max_size=8))
def test_arithmetic_agrees_to_the_last_digit(pairs: list[tuple[Value, Value]], table: list[dict[str, Any]]) -> None:
    trees: list[Test] = [Comparison(sign, left, right) for left, right in pairs for sign in ("<", "==")]
    assert_agreement(trees, table)


@settings(max_examples=150, deadline=None)
@given(numbers, numbers, doubles)
def test_a_result_equals_itself_computed_in_the_other_back_end(a: Any, b: Any, c: float) -> None:
    """Puts the result that Python computes into the question for DuckDB, so that equality is really reached."""
    from finopsmetrics.core.conditions.numbers import calculate

    row = dict.fromkeys(TYPES) | {"n1": a, "n2": b, "d1": c}
    trees: list[Test] = []
    for sign in ("+", "-", "*"):
        result = calculate(sign, a, b)
        for left, right in (
            (Field(("r", "n1")), Field(("r", "n2"))),
            (Field(("r", "n1")), Number(b)),
            (Number(a), Field(("r", "n2"))),
        ):
            if result is not None:
                trees.append(Comparison("==", Arithmetic(sign, left, right), Number(result)))
    assert_agreement(trees, [row]) if trees else None
    assert all(Condition(tree).evaluate({"r": row}) is True for tree in trees)


@settings(max_examples=100, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=20))
def test_decimals_turn_to_the_same_double(values: list[Any]) -> None:
    table = [dict.fromkeys(TYPES) | {"n1": value, "d1": float(value)} for value in values]
    trees: list[Test] = [Comparison("==", Field(("r", "n1")), Field(("r", "d1")))]
    assert in_duckdb(trees, table) == [(True,)] * len(values)


LITERAL_CASES = [
    # A product that lies between two 18th places goes away from zero, by the quick way and in parts.
    ("r.n1 * 0.1 == 0.000000000000000001", {"n1": "0.000000000000000005"}, True),
    ("r.n1 * 0.1 == -0.000000000000000001", {"n1": "-0.000000000000000005"}, True),
    ("r.n1 * r.n2 == 0.000000000000000001", {"n1": "0.000000000000000005", "n2": "0.1"}, True),
    ("r.n1 * r.n2 == -100000000000.000000000000000001", {"n1": "-1000000000000.000000000000000005", "n2": "0.1"}, True),
    ("r.n1 * r.n2 == 0", {"n1": "0.000000000000000004", "n2": "0.1"}, True),
    # Around the size where a product is no longer computed the quick way.
    ("r.n1 * 12345678.9 == 123456788987654321.1", {"n1": "9999999999"}, True),
    ("r.n1 * 12345678.9 == 123456789012345678.9", {"n1": "10000000001"}, True),
    ("r.n1 * 1234567.89 == 12345678900000000.00 * 10 + 1234567.89", {"n1": "100000000001"}, True),
    ("r.n1 * 9999999.99 > 9000000000000000000", {"n1": "999999999999"}, True),
    ("r.n1 * 999999999 > 0", {"n1": "99999999999"}, None),
    ('r.n1 * 0.1 == 0.3', {"n1": "3"}, True),
    ("r.n1 + 0.1 == 0.3", {"n1": "0.2"}, True),
    ("r.n1 / 3 * 3 == 1", {"n1": "1"}, True),
    ("r.n1 / r.n2 > 0", {"n1": "1", "n2": "0"}, None),
    ("r.n1 * r.n2 > 0", {"n1": "9999999999", "n2": "9999999999"}, None),
    ("r.n1 * r.n2 == 99999999980.000000000100000000", {"n1": "99999999999", "n2": "0.9999999999"}, False),
    ("r.t1 == 1", {"t1": "1"}, None),
    ("NOT r.t1 == 1", {"t1": "1"}, None),
    ('r.z1 < "2026-05-02"', {"z1": "2026-05-01 20:00:00+00:00"}, True),
    ('r.u1 == "2026-05-01T12:00+02:00"', {"u1": "2026-05-01 10:00:00"}, True),
    ("r.z1 == r.u1", {"z1": "2026-05-01 10:00:00+00:00", "u1": "2026-05-01 10:00:00"}, True),
    ('r.z1 == "soon"', {"z1": "2026-05-01 10:00:00+00:00"}, None),
    ('r.t1 IN ["p4", 5]', {"t1": "p5"}, None),
    ('r.t1 NOT IN []', {}, True),
    ("r.d1 < 5%", {"d1": "0.05"}, False),
    ("r.d1 > 0", {"d1": "nan"}, None),
]  # fmt: skip


READERS = {"TEXT": str, "DECIMAL(38,18)": Decimal, "DOUBLE": float} | dict.fromkeys(
    ["TIMESTAMPTZ", "TIMESTAMP"], datetime.fromisoformat
)


@pytest.mark.parametrize(("text", "given_values", "answer"), LITERAL_CASES)
def test_meaning_in_both(text: str, given_values: dict[str, str], answer: bool | None) -> None:
    row = dict.fromkeys(TYPES) | given_values
    assert in_duckdb([Condition.parse(text).tree], [row]) == [(answer,)]
    record = {"r": {name: READERS[TYPES[name]](value) for name, value in given_values.items()}}
    assert Condition.parse(text).evaluate(record) is answer


def test_what_resolve_raises_passes_through() -> None:
    def refuse(path: Path) -> Column:
        raise LookupError(f"no column {path}")

    with pytest.raises(LookupError, match="team"):
        Condition.parse("tags.team IS NULL").to_sql(refuse)


def test_quotes_and_many_operands_survive_the_engine() -> None:
    many = Condition.parse(" OR ".join(f'r.t1 == "{number}"' for number in range(590)))
    assert in_duckdb([many.tree], [dict.fromkeys(TYPES) | {"t1": "589"}]) == [(True,)]
    hostile = "'; DROP TABLE t; -- \\"
    assert in_duckdb([Condition.from_dict({"r.t1": hostile}).tree], [dict.fromkeys(TYPES) | {"t1": hostile}]) == [(True,)]


@pytest.mark.parametrize("dialect", ["duckdb", "spark", "postgres"])
def test_sql_is_written_for_every_engine(dialect: str) -> None:
    condition = Condition.parse('r.t1 MATCHES "^p[45]" AND r.n1 * 1.5 > r.n2 AND r.z1 >= "2026-05-01" AND r.t2 CONTAINS "ml"')
    assert "SELECT" not in condition.to_sql(resolve).sql(dialect=dialect)
