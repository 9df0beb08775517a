"""One sample: what it takes, what it refuses and how it says so, and what makes two of them one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.samples import Sample, SampleError, plain, read_sample, read_samples

AT = datetime(2026, 5, 17, 10)


def test_a_sample_is_in_utc_and_exact() -> None:
    there = AT.replace(tzinfo=timezone(timedelta(hours=2)))
    assert Sample(there, "cpu", Decimal("1.50"), "percent") == Sample(datetime(2026, 5, 17, 8), "cpu", Decimal("1.5"), "percent")
    assert Sample(AT.replace(tzinfo=UTC), "cpu", Decimal("-0"), "percent").value == Decimal(0)
    assert read_sample({"at": "2026-05-17T10:00:00+02:00", "measure": "cpu", "value": 0.1, "unit": "x"}).value == Decimal("0.1")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**14), max_value=10**14))
def test_the_shortest_text_is_the_value(value: Decimal) -> None:
    assert Decimal(plain(value)) == value
    assert Sample(AT, "cpu", value, "percent").value == value


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"at": "yesterday"}, "at"),
    ({"at": "1066-10-14T00:00:00Z"}, "at"),
    ({"at": 5}, "at"),
    ({"at": None}, "at"),
    ({"at": "9999-12-31T23:59:59-23:00"}, "at"),
    ({"measure": "cpu utilization"}, "measure"),
    ({"measure": 7}, "measure"),
    ({"measure": "x" * 121}, "measure"),
    ({"value": "NaN"}, "value"),
    ({"value": "Infinity"}, "value"),
    ({"value": "ten"}, "value"),
    ({"value": True}, "value"),
    ({"value": "1e15"}, "value"),
    ({"value": 10**5000}, "value"),
    ({"value": float("nan")}, "value"),
    ({"value": "1e-19"}, "value"),
    ({"value": Decimal("1e-999999")}, "value"),
    ({"unit": " "}, "unit"),
    ({"unit": "\x1b[1m"}, "unit"),
    ({"resource": "a\nb"}, "resource"),
    ({"account": 12}, "account"),
    ({"id": ""}, "id"),
    ({"source": "My Source"}, "source"),
    ({"source": "../up"}, "source"),
    ({"tags": {"team": 1}}, "tags.team"),
    ({"tags": {"": "x"}}, "tags"),
    ({"tags": ["team"]}, "tags"),
    ({"tags": {str(number): "x" for number in range(51)}}, "tags"),
    ({"cost": 1}, "cost"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG)])
def test_a_fault_names_the_sample_and_its_field(wrong: dict[str, Any], field: str) -> None:
    good = {"at": "2026-05-17T10:00:00Z", "measure": "cpu", "value": "1", "unit": "percent"}
    with pytest.raises(SampleError) as caught:
        read_samples([good, {**good, **wrong}])
    assert (caught.value.field, caught.value.place) == (field, 2)
    assert str(caught.value).startswith(f"Sample 2: {field} ")
    assert caught.value.cure
    with pytest.raises(SampleError, match="Sample 1: it is no object"):
        read_samples(["x"])  # type: ignore[list-item]


def test_a_float_is_no_exact_value() -> None:
    with pytest.raises(SampleError, match="not exact"):
        Sample(AT, "cpu", 0.1, "percent")  # type: ignore[arg-type]


def test_the_identity_is_the_id_or_all_but_the_value() -> None:
    one = {"at": AT, "measure": "cpu", "value": Decimal(1), "unit": "percent", "tags": {"a": "1", "b": "2"}}
    key = Sample(**one).key()  # type: ignore[arg-type]
    assert Sample(**{**one, "value": Decimal(2), "tags": {"b": "2", "a": "1"}}).key() == key  # type: ignore[arg-type]
    others: list[dict[str, Any]] = [
        {"at": AT + timedelta(microseconds=1)},
        {"measure": "gpu"},
        {"unit": "share"},
        {"tags": {"a": "1"}},
        {"source": "other"},
        *({name: "x"} for name in ("resource", "provider", "account", "service", "region", "id")),
    ]
    keys = [Sample(**{**one, **other}).key() for other in others]
    assert len({key, *keys}) == len(others) + 1
    named = Sample(**{**one, "id": "x"}).key()  # type: ignore[arg-type]
    assert Sample(AT + timedelta(days=40), "gpu", Decimal(3), "GB", id="x").key() == named
    assert Sample(AT, "gpu", Decimal(3), "GB", id="x", source="other").key() != named
    json.dumps(key)
