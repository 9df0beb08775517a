"""The condition language: what the roadmap writes, what records mean, and what stays true of any text."""

from __future__ import annotations

import enum
import pickle
from collections import ChainMap, UserDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.conditions.tree import And, Comparison, Field, Flag, Or, Test, Value
from finopsmetrics.core.errors import ConditionError
from tests.core.condition_trees import is_sound, numeric, tests

ROADMAP = [
    """
        resource.environment == "dev" AND
        resource.cpu_avg_7d < 5% AND
        resource.idle_hours > 48
    """,
    """
        resource.environment == "prod" AND
        resource.cpu_avg_30d < 30% AND
        resource.memory_avg_30d < 40%
    """,
    """
      resource.type == "ec2_instance" AND
      resource.instance_type IN ["p4d.24xlarge", "p5.48xlarge"] AND
      requester.role NOT IN ["cto", "infrastructure_leader"]
    """,
    """
      team.spend_current_month > team.budget_monthly * 0.8 AND
      team.spend_current_month < team.budget_monthly
    """,
    """
      team.spend_current_month >= team.budget_monthly
    """,
    """
      resource.type IN ["s3_bucket", "rds_instance"] AND
      resource.environment == "production" AND
      resource.encryption_enabled == false
    """,
    """
      resource.contains_pii == true AND
      resource.region NOT IN ["eu-west-1", "eu-central-1"]
    """,
    "resource.creator_email CONTAINS '@ml-team.'",
    """
    resource.type == "ec2_instance" AND
    resource.instance_family IN ["p4", "p5"] AND
    requester.role NOT IN ["cto", "infrastructure_leader"]
    """,
    """
        resource.type == "ec2_instance" AND
        resource.instance_family IN ["p4", "p5"]
    """,
]
"""Every condition of the roadmap, as it is written there, with a record that matches and one that does not."""

RECORDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"resource": {"environment": "dev", "cpu_avg_7d": 0.049, "idle_hours": 49}},
        {"resource": {"environment": "dev", "cpu_avg_7d": 0.05, "idle_hours": 49}},
    ),
    (
        {"resource": {"environment": "prod", "cpu_avg_30d": 0.1, "memory_avg_30d": Decimal("0.39")}},
        {"resource": {"environment": "prod", "cpu_avg_30d": 0.1, "memory_avg_30d": 40}},
    ),
    (
        {"resource": {"type": "ec2_instance", "instance_type": "p5.48xlarge"}, "requester": {"role": "engineer"}},
        {"resource": {"type": "ec2_instance", "instance_type": "p5.48xlarge"}, "requester": {"role": "cto"}},
    ),
    (
        {"team": {"spend_current_month": Decimal("80.01"), "budget_monthly": Decimal(100)}},
        {"team": {"spend_current_month": Decimal("80.00"), "budget_monthly": Decimal(100)}},
    ),
    ({"team": {"spend_current_month": 100, "budget_monthly": 100}}, {"team": {"spend_current_month": 99, "budget_monthly": 100}}),
    (
        {"resource": {"type": "s3_bucket", "environment": "production", "encryption_enabled": False}},
        {"resource": {"type": "s3_bucket", "environment": "production"}},
    ),
    ({"resource": {"contains_pii": True, "region": "us-east-1"}}, {"resource": {"contains_pii": True, "region": None}}),
    ({"resource": {"creator_email": "ada@ml-team.example"}}, {"resource": {"creator_email": "ada@ML-team.example"}}),
    (
        {"resource.type": "ec2_instance", "resource.instance_family": "p4", "requester.role": "intern"},
        {"resource.type": "ec2_instance", "resource.instance_family": "p4", "requester": {}},
    ),
    (
        {"resource": {"type": "ec2_instance"}, "resource.instance_family": "p4"},
        {"resource": {"type": "ec2_instance", "instance_family": "m7"}},
    ),
]


@pytest.mark.parametrize(("text", "records"), list(zip(ROADMAP, RECORDS, strict=True)))
def test_roadmap_conditions(text: str, records: tuple[dict[str, Any], dict[str, Any]]) -> None:
    condition = Condition.parse(text)
    assert [condition.matches(record) for record in records] == [True, False]
    assert Condition.parse(str(condition)) == condition


class Environment(enum.StrEnum):
    PROD = "prod"


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

MEANINGS: list[tuple[str, dict[str, Any], bool | None]] = [
    ('a = "x"', {"a": "x"}, True),
    ('a == "x"', {"a": "X"}, False),
    ('a == "prod"', {"a": Environment.PROD}, True),
    ('a IN ["prod"]', {"a": Environment.PROD}, True),
    ("a != 1", {"a": 2}, True),
    ("a != 1", {}, None),
    ("1 < a", {"a": 2}, True),
    ("a == 1", {"a": True}, None),
    ("a == true", {"a": 1}, None),
    ("a", {"a": True}, True),
    ("not a", {"a": False}, True),
    ("a == 1", {"a": "1"}, None),
    ('a > "b"', {"a": "c"}, True),
    ("a < 10", {"a": "9"}, None),
    ("a == null", {}, True),
    ("a IS NULL", {"a": None}, True),
    ("a IS NOT NULL", {"a": {}}, True),
    ("a.b.c == 1", {"a": {"b.c": 1}}, True),
    ("a.b.c == 1", {"a.b": {"c": 1}}, True),
    ("a.b.c == 1", {"a": {"b": 5}, "a.b.c": 1}, True),
    ("a.b.c == 1", {"a": {"b": {"c": 1}}}, True),
    ("a.b == 1", {"a": {"b": 1}, "a.b": 2}, True),
    ("a.b == 1", {"a": 5, "a.b": 1}, True),
    ('tags."cost center" == "x"', {"tags": {"cost center": "x"}}, True),
    ("tags.'a.b' == 1", {"tags": {"a.b": 1}}, True),
    ("`cost center` == 1", {"cost center": 1}, True),
    ("in.is == 1", {"in": {"is": 1}}, True),
    ("a NOT IN [1, -2]", {"a": 3}, True),
    ("a NOT IN [1, -2]", {"a": Decimal("-2.0")}, False),
    ("a NOT IN [1, -2]", {}, None),
    ('a IN ["x", 1]', {"a": "x"}, True),
    ('a IN ["x", 1]', {"a": "y"}, None),
    ("a IN []", {}, False),
    ('a CONTAINS "b"', {"a": "abc"}, True),
    ('a CONTAINS "b"', {"a": ["a", "b"]}, True),
    ('a CONTAINS "b"', {"a": ["a", "abc"]}, False),
    ("a CONTAINS 2", {"a": (1, 2.0)}, True),
    ('a CONTAINS "b"', {"a": ["a", None]}, None),
    ('a CONTAINS "b"', {"a": []}, False),
    ('a CONTAINS "2026-05-01"', {"a": [date(2026, 5, 1)]}, True),
    ('a NOT CONTAINS "b"', {"a": "b"}, False),
    ('a starts with "i-"', {"a": "i-123"}, True),
    ('a STARTSWITH "i-"', {"a": "vol-123"}, False),
    ('a ENDS WITH "b"', {"a": 5}, None),
    (r'a MATCHES "^i-\d+$"', {"a": "i-123"}, True),
    (r'a MATCHES "^i-\d+$"', {"a": "i-123\n"}, False),
    (r'a NOT MATCHES "x"', {"a": "y"}, True),
    ("a MATCHES 'x'", {}, None),
    ('a == "2026-05-01T12:00"', {"a": NOON}, True),
    ('a == "2026-05-01T14:00+02:00"', {"a": NOON.astimezone(timezone(timedelta(hours=5)))}, True),
    ('a > "2026-05-01"', {"a": NOON.replace(tzinfo=None)}, True),
    ('a == "2026-05-01"', {"a": date(2026, 5, 1)}, True),
    ('a IN ["2026-05-01"]', {"a": date(2026, 5, 1)}, True),
    ('a > "soon"', {"a": NOON}, None),
    ('a == "2026-05-01"', {"a": "2026-05-01T00:00"}, False),
    ("a + b * 2 == 7", {"a": 1, "b": 3}, True),
    ("(a + b) * 2 == 8", {"a": 1, "b": 3}, True),
    ("a - b - 1 == -3", {"a": 1, "b": 3}, True),
    ("-a < -(b - 1)", {"a": 4, "b": 4}, True),
    ("0.1 + 0.2 == 0.3", {}, True),
    ("a + 0.2 == 0.3", {"a": Decimal("0.1")}, True),
    ("a + 0.2 == 0.3", {"a": 0.1}, False),
    ("a / b == 0.5", {"a": 1, "b": 2}, True),
    ("a / b > 1", {"a": 1, "b": 0}, None),
    ("a * 1 == 1", {"a": "1"}, None),
    ("a == 12.5%", {"a": Decimal("0.125")}, True),
    ("a > 1", {"a": float("nan")}, None),
    ("a > 1", {"a": float("inf")}, None),
    ("a > 1", {"a": Decimal("NaN")}, None),
    ("a > 1", {"a": Decimal("sNaN")}, None),
    ("a > 1", {"a": 10**25}, None),
    ("a > 1", {"a": b"2"}, None),
    ("a != 1", {"a": [1]}, None),
    ("a == 1 OR b == 1", {"b": 1}, True),
    ("a == 1 AND b == 1", {"b": 2}, False),
    ("NOT (a == 1 AND b == 1)", {"b": 1}, None),
    ("a == 1 OR b == 1 AND false", {"a": 1}, True),
    ("true", {}, True),
    ("x == 1 # only ours\n AND y == 2 # and theirs", {"x": 1, "y": 2}, True),
]


@pytest.mark.parametrize(("text", "record", "answer"), MEANINGS)
def test_meaning(text: str, record: dict[str, Any], answer: bool | None) -> None:
    condition = Condition.parse(text)
    assert condition.evaluate(record) is answer
    assert condition.matches(record) is (answer is True)
    assert condition.evaluate(ChainMap(record)) is answer
    assert condition.evaluate(UserDict({k: UserDict(v) if isinstance(v, dict) else v for k, v in record.items()})) is answer


ERRORS = [
    ("a => 1", 1, 3, "Write >="),
    ("a =< 1", 1, 3, "Write <="),
    ("a === 1", 1, 3, "Write =="),
    ("a <> 1", 1, 3, "Write !="),
    ("a == 1 & b == 2", 1, 8, "Write AND"),
    ("a == 1 && b == 2", 1, 8, "Write AND"),
    ("a == 1 || b == 2", 1, 8, "Write OR"),
    ("!a", 1, 1, "Write NOT"),
    ('a == 1 AND\n  b == "open', 2, 8, 'Close the text with "'),
    ("a == 'open", 1, 6, "Close the text with '"),
    ('tags."open == 1', 1, 5, 'Close the text with "'),
    ("a == “x”", 1, 6, "straight quotes"),
    ('a LIKE "x%"', 1, 3, "CONTAINS"),
    ("a BETWEEN 1 AND 2", 1, 3, "x >= a AND x <= b"),
    ("EXISTS a", 1, 8, "IS NOT NULL"),
    ("a IS true", 1, 6, "compare with =="),
    ("a IN (1, 2)", 1, 6, "square brackets"),
    ("a IN [b]", 1, 7, "x == a OR x == b"),
    ("a IN [1, null]", 1, 10, "OR x IS NULL"),
    ("a > null", 1, 5, "IS NULL"),
    ("1 + 1", 1, 1, "Compare it"),
    ('"x"', 1, 1, "Compare it"),
    ("a ==", 1, 5, "field name"),
    ("(a == 1", 1, 8, "Close the parenthesis"),
    ("a == 1)", 1, 7, "Remove it"),
    ("a < b < c", 1, 7, "a < b AND b < c"),
    ("a == 1 b == 2", 1, 8, "AND or OR"),
    ("a % 5 == 1", 1, 3, "5%"),
    ("a > $5", 1, 5, "currency"),
    ('tags.cost-center == "x"', 1, 21, "quote that part"),
    ('tags.cost-center CONTAINS "x"', 1, 1, "quote that part"),
    ('5 == "5"', 1, 6, "like with like"),
    ("a < true", 1, 1, "=="),
    ('"a" + 1 == 2', 1, 1, "numbers and fields"),
    ("(a == 1) + 2 == 3", 1, 1, "AND or OR"),
    ('a MATCHES "(?=x)"', 1, 11, "plain groups"),
    ("a MATCHES b", 1, 11, "quoted regular expression"),
    ("a + 1 IS NULL", 1, 1, "field name"),
    ("a == 123456789012345678901", 1, 6, "20 digits"),
    ("a == 0.0000000000000000001", 1, 6, "18 after"),
    ('a == "\\ud800"', 1, 6, "surrogates"),
    ("", 1, 1, "ServiceName"),
    ("# nothing", 1, 10, "field name"),
    ("a * b * c * d * e == 1", 1, 1, "constant part"),
    ("(" * 101 + "a" + ")" * 101, 1, 1, "several"),
    ("NOT " * 101 + "a", 1, 5, "several"),
    ("a" + " + 1" * 101 + " == 1", 1, 1, "several"),
    ("a == 1 OR " * 1001 + "b", 1, 1, "several"),
]


@pytest.mark.parametrize(("text", "line", "column", "cure"), ERRORS)
def test_errors_name_the_place_and_the_cure(text: str, line: int, column: int, cure: str) -> None:
    with pytest.raises(ConditionError) as caught:
        Condition.parse(text)
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)
    assert cure in caught.value.cure


def test_the_bounds_are_wide_enough() -> None:
    assert Condition.parse("(" * 100 + "a == 1" + ")" * 100).matches({"a": 1})
    assert Condition.parse("NOT " * 98 + "a == 1").matches({"a": 1})
    assert Condition.parse("a == 1 OR " * 900 + "b").matches({"a": 2, "b": True})
    for operator in ("((((", "[[[[", "- " * 4000, "NOT " * 2000, "(" * 9999, "a.b" * 3000 + "== 1", "1" * 9999, '"' * 9999):
        with pytest.raises(ConditionError):
            Condition.parse(operator)


@settings(deadline=None, max_examples=300)
@given(tests.filter(is_sound))
def test_round_trip(tree: Test) -> None:
    condition = Condition(tree)
    assert Condition.parse(str(condition)) == condition
    assert hash(Condition.parse(str(condition))) == hash(condition)
    assert pickle.loads(pickle.dumps(condition)) == condition


@settings(deadline=None, max_examples=200)
@given(numeric)
def test_arithmetic_keeps_its_shape(value: Value) -> None:
    tree = Comparison("<", value, Field(("limit",)))
    try:
        condition = Condition(tree)
    except ConditionError:
        return
    assert Condition.parse(str(condition)).tree == tree


@pytest.mark.parametrize(
    "text", ["a - (b - c)", "a - b - c", "a / (b * c)", "(a + b) * c", "-(a + b)", "a * -b", "a - -1", "-1 - -b"]
)
def test_parentheses_that_matter_are_kept(text: str) -> None:
    assert str(Condition.parse(f"{text} == 1")) == f"{text} == 1"


WORDS = """a tags.team "x" 'y' 5 5% 0.1 AND OR NOT IN IS NULL CONTAINS MATCHES STARTS WITH true null ( ) [ ] , == = < >= != + - *
/ . # \n " ` \\ => & é \ud7ff 😀 starts with ends"""
words = st.sampled_from(WORDS.split(" "))


@settings(deadline=None, max_examples=500)
@given(st.one_of(st.lists(words, max_size=15).map(" ".join), st.lists(words, max_size=10).map("".join), st.text(max_size=40)))
def test_any_text_gives_a_condition_or_a_condition_error(text: str) -> None:
    try:
        condition = Condition.parse(text)
    except ConditionError as error:
        refused = error
    else:
        assert Condition.parse(str(condition)) == condition
        assert condition.evaluate({"a": "x"}) in (True, False, None)
        return
    assert refused.cure
    assert 1 <= refused.line <= text.count("\n") + 1
    assert 1 <= refused.column <= len(text) + 1


weird = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.binary(),
)
nested = st.recursive(
    weird, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abt"), inner), max_leaves=5
)


@settings(deadline=None, max_examples=200)
@given(tests, st.dictionaries(st.sampled_from(["r", "r.t1", "r.n1", "r.d1", "r.u1", "r.n2"]), nested))
def test_no_record_makes_an_evaluation_fail(tree: Test, record: dict[str, Any]) -> None:
    assert Condition(tree).evaluate(record) in (True, False, None)


def test_dict_filters() -> None:
    condition = Condition.from_dict(
        {"service": "x", "tags.team": ["a", "b"], "env": None, "n": 0.8, "ok": True, "d": date(2026, 5, 1)}
    )
    expected = 'service == "x" AND tags.team IN ["a", "b"] AND env IS NULL AND n == 0.8 AND ok == true AND d == "2026-05-01"'
    assert str(condition) == expected
    assert condition.matches({"service": "x", "tags": {"team": "b"}, "n": Decimal("0.80"), "ok": True, "d": date(2026, 5, 1)})
    assert str(Condition.from_dict({})) == "true"
    assert str(Condition.from_dict({"a": []})) == "a IN []"
    assert str(Condition.from_dict({"a": ["x", None]})) == 'a IN ["x"] OR a IS NULL'
    assert str(Condition.from_dict({"cost center": {"b", "a"}})) == '`cost center` IN ["a", "b"]'
    assert (
        str(Condition.from_dict({'tags."a.b"': 1, "tags.x-y": 1, "and": 1}))
        == 'tags."a.b" == 1 AND tags."x-y" == 1 AND `and` == 1'
    )
    for filters in (
        {"a": object()},
        {"": 1},
        {"a..b": 1},
        {"a": float("nan")},
        {"a": 10**30},
        {"a": {"b": 1}},
        {"a\0": 1},
        {"'": 1},
    ):
        with pytest.raises(ConditionError):
            Condition.from_dict(filters)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`.\"'"), min_size=1), st.text())
)
def test_dict_filters_round_trip(filters: dict[str, str]) -> None:
    try:
        condition = Condition.from_dict(filters)
    except ConditionError:
        assert any("\0" in value for value in filters.values())
        return
    assert Condition.parse(str(condition)) == condition
    assert condition.matches(filters)


def test_joining() -> None:
    a, b, c = (Condition.parse(f"{name} == 1") for name in "abc")
    assert str((a & b) & c) == "a == 1 AND b == 1 AND c == 1"
    assert str(a & (b | c)) == "a == 1 AND (b == 1 OR c == 1)"
    assert str(~(a & b)) == "NOT (a == 1 AND b == 1)"
    assert ~~a == a
    assert str(Condition.parse("a == 1 AND (b == 1 AND c == 1)")) == "a == 1 AND (b == 1 AND c == 1)"
    assert {a, Condition.parse("a = 1.0")} == {a}
    assert a != "a == 1"
    assert Condition(Comparison("==", Field(("a",)), Flag(True))) != Condition.parse("a == 1")
    deep = a
    for _ in range(49):
        deep = ~(deep | b)
    with pytest.raises(ConditionError, match="levels deep"):
        _ = ~(deep | b)


def test_fields() -> None:
    condition = Condition.parse('tags."x y" IN ["a"] AND a + -b * 2 > c.d OR NOT e IS NULL OR f MATCHES "g" OR h CONTAINS i')
    assert condition.fields() == {("tags", "x y"), ("a",), ("b",), ("c", "d"), ("e",), ("f",), ("h",), ("i",)}


def test_nested_groups_keep_their_shape() -> None:
    parts = tuple(Comparison("==", Field((name,)), Flag(True)) for name in "abc")
    for tree in (And((parts[0], And(parts[1:]))), Or((Or(parts[:2]), parts[2])), And((Or(parts[:2]), parts[2]))):
        assert Condition.parse(str(Condition(tree))).tree == tree
