"""Random conditions and random rows, shared by the tests of the condition language."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from hypothesis import strategies as st

from finopsmetrics.core.conditions.bounds import check_bounds
from finopsmetrics.core.conditions.tree import (
    Always,
    And,
    Arithmetic,
    Comparison,
    Field,
    Flag,
    IsNull,
    Matches,
    Membership,
    Not,
    Number,
    Or,
    Test,
    Text,
    TextTest,
    Value,
    negative,
    static_type,
)
from finopsmetrics.core.errors import ConditionError

WIDE = Context(prec=60)
TYPES = {
    "t1": "TEXT",
    "t2": "TEXT",
    "n1": "DECIMAL(38,18)",
    "n2": "DECIMAL(38,18)",
    "n3": "DECIMAL(38,18)",
    "i1": "BIGINT",
    "d1": "DOUBLE",
    "d2": "DOUBLE",
    "b1": "BOOLEAN",
    "b2": "BOOLEAN",
    "z1": "TIMESTAMPTZ",
    "u1": "TIMESTAMP",
    "u2": "DATE",
}
"""The columns of a random row and their types in DuckDB."""

texts = st.one_of(
    st.sampled_from(["", "a", "ab", "b", "B", "é", "p4", "1", "true", "a%b_", "a\nb", "it's \\", '"x"', "😀", "p4d.24xlarge"]),
    st.sampled_from(["2026-05-01", "2026-05-01T10:00:00Z", "2026-05-01 12:00+02:00", "2026-13-01", "2026-05"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
numbers = st.one_of(
    st.sampled_from(["0", "1", "-1", "2", "0.05", "0.1", "0.3", "-12.5", "100", "1e-18", "-1e-18", "3.000000000000000001"]),
    st.sampled_from(["9999999999999999999.999999999999999999", "1e19", "-1e19", "99999999999999999999.999999999999999999"]),
    st.sampled_from(["1000000000", "3162277660.168379331998893544", "0.000000001", "0.123456789012345678", "1e18"]),
).map(Decimal) | st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: WIDE.scaleb(Decimal(units), -18))
doubles = st.sampled_from([0.0, -0.0, 0.05, 0.1, 0.3, 1.0, -12.5, 1e308, -1e308, 5e-324, 1e19]) | st.floats()
moments = st.sampled_from(
    [datetime(2026, 5, 1), datetime(2026, 5, 1, 10), datetime(1969, 12, 31, 23, 59, 59, 999999)]
) | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "TEXT": texts,
    "DECIMAL(38,18)": numbers,
    "BIGINT": st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": doubles,
    "BOOLEAN": st.booleans(),
    "TIMESTAMPTZ": moments.map(lambda moment: moment.replace(tzinfo=UTC)),
    "TIMESTAMP": moments,
    "DATE": moments.map(datetime.date),
}
rows = st.fixed_dictionaries({name: st.none() | _BY_TYPE[kind] for name, kind in TYPES.items()})


def _within_bounds(tree: Test) -> bool:
    try:
        check_bounds(tree)
    except ConditionError:
        return False
    return True


def fields(*names: str) -> st.SearchStrategy[Field]:
    return st.sampled_from([Field(("r", name)) for name in names])


number_literals = numbers.map(Number)
constants = number_literals | texts.map(Text) | st.booleans().map(Flag)
numeric = st.recursive(
    fields("n1", "n2", "n3", "i1", "d1", "d2") | number_literals,
    lambda inner: (
        st.one_of(st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner), st.builds(Arithmetic, st.just("*"), inner, inner))
        | inner.map(negative)
    ),
    max_leaves=5,
)
anything = st.one_of(fields(*TYPES), constants, numeric)
comparisons = st.builds(
    Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.shared(anything) | anything, anything
) | st.one_of(
    *(
        st.builds(Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), side, side)
        for side in (numeric, fields("z1", "u1", "u2") | texts.map(Text), fields("t1", "t2") | texts.map(Text))
    )
)
patterns = st.sampled_from(["a", "^a", "b$", "^$", ".", "^p[45]", "(?i)b", r"\d+", "^[^a]*$", "a|b", r"^\S+\.\d{2}x", r"\s", "é"])
tests: st.SearchStrategy[Test] = st.recursive(
    st.one_of(
        comparisons,
        comparisons,
        st.builds(Membership, anything, st.lists(constants, max_size=3).map(tuple), st.booleans()),
        st.builds(Membership, fields("t1"), st.lists(texts.map(Text), max_size=3).map(tuple), st.booleans()),
        st.builds(TextTest, st.sampled_from(["CONTAINS", "STARTS WITH", "ENDS WITH"]), anything, anything),
        st.builds(
            TextTest,
            st.sampled_from(["CONTAINS", "STARTS WITH", "ENDS WITH"]),
            fields("t1", "t2"),
            texts.map(Text) | fields("t2"),
        ),
        st.builds(Matches, fields("t1", "t2", "n1") | texts.map(Text), patterns),
        st.builds(IsNull, fields(*TYPES), st.booleans()),
        st.booleans().map(Always),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
).filter(_within_bounds)


def is_sound(tree: Test) -> bool:
    """False for what the parser refuses because it can never match, such as `5 == "a"`."""
    match tree:
        case And() | Or():
            return all(is_sound(part) for part in tree.operands)
        case Not():
            return is_sound(tree.operand)
        case Comparison():
            types = {static_type(tree.left), static_type(tree.right)} - {None}
            return len(types) < 2 and (tree.operator in ("==", "!=") or "boolean" not in types)
        case Membership():
            item = static_type(tree.item)
            return item is None or all(static_type(choice) == item for choice in tree.choices)
        case TextTest():
            return _may_be_text(tree.left)
        case Matches():
            return _may_be_text(tree.operand)
    return True


def _may_be_text(value: Value) -> bool:
    return static_type(value) in (None, "text")
