"""The shapes of values: what reads, what is refused, and what is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from finopsmetrics.core import checks, shapes


def read(shape: Any, value: Any) -> Any:
    return TypeAdapter(shape).validate_python(value)


def kept(shape: Any, value: Any) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    return adapter.dump_python(adapter.validate_python(value), mode="json")


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (shapes.Threshold, "80%", "0.8"),
        (shapes.Threshold, 0.8, "0.8"),
        (shapes.Threshold, " 80 % ", "0.8"),
        (shapes.Threshold, "120%", "1.2"),
        (shapes.Threshold, 1.0, "1"),
        (shapes.Threshold, 10, "10"),
        (shapes.Share, "0.05%", "0.0005"),
        (shapes.Share, 0, "0"),
        (shapes.Change, "-5%", "-0.05"),
        (shapes.Amount, 50000, "50000"),
        (shapes.Amount, "50_000.10", "50000.1"),
        (shapes.Amount, 0.1, "0.1"),
        (shapes.Amount, -0.0, "0"),
        (shapes.Amount, "1e3", "1000"),
        (shapes.Number, "-0.000000000000000001", "-0.000000000000000001"),
        (shapes.Duration, "6mo", "6mo"),
        (shapes.Horizon, "6m", "6mo"),
        (shapes.Horizon, "6mo", "6mo"),
        (shapes.Horizon, "30d", "30d"),
        (shapes.Settings, {"a": [1, {"b": None}], "c": True, "d": 1.5}, {"a": [1, {"b": None}], "c": True, "d": 1.5}),
        (shapes.Filters, {"service": ["a", None], "n": 1.5}, {"service": ["a", None], "n": 1.5}),
        (shapes.Regex, "^prod-.*", "^prod-.*"),
        (shapes.Cron, "0 9 * * MON", "0 9 * * MON"),
    ],
)
def test_what_reads_is_kept_in_one_form(shape: Any, value: Any, expected: Any) -> None:
    assert kept(shape, value) == expected
    assert kept(shape, expected) == expected
    assert read(shape, value) == read(shape, expected)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (shapes.Threshold, 0),
        (shapes.Threshold, 80),
        (shapes.Threshold, "1001%"),
        (shapes.Threshold, True),
        (shapes.Share, "101%"),
        (shapes.Share, -0.1),
        (shapes.Share, "%"),
        (shapes.Change, "-101%"),
        (shapes.Amount, -1),
        (shapes.Amount, True),
        (shapes.Amount, None),
        (shapes.Amount, "NaN"),
        (shapes.Amount, float("inf")),
        (shapes.Amount, "1e18"),
        pytest.param(shapes.Amount, 10**5000, id="huge"),
        (shapes.Amount, "9" * 5000),
        (shapes.Amount, "1e-19"),
        (shapes.PositiveAmount, 0),
        (shapes.PositiveAmount, "0.00"),
        (shapes.Currency, "usd"),
        (shapes.Currency, "USDX"),
        (shapes.Duration, "0d"),
        (shapes.Duration, "7"),
        (shapes.Duration, 7),
        (shapes.Horizon, "24h"),
        (shapes.Filters, {"": 1}),
        (shapes.Filters, {"a": {"b": 1}}),
        (shapes.Settings, {"a": float("nan")}),
        (shapes.Settings, {"a": {5: 1}}),
        (shapes.Settings, {"a": b"bytes"}),
        (shapes.Settings, {"a": "\ud800"}),
        (shapes.Settings, {"\ud800": 1}),
        (shapes.Settings, {"a": 2**63}),
        (shapes.Regex, "(a+)+"),
        (shapes.Regex, "("),
        (shapes.Cron, "0 9 1 *"),
        (shapes.Cron, "61 9 1 * *"),
        (shapes.Zone, "Berlin"),
        (shapes.Word, "9lives"),
        (shapes.Word, "a b"),
        (shapes.Line, "a\nb"),
        (shapes.Line, ""),
        (shapes.Window, "sometime"),
        (shapes.ConditionText, ""),
        (shapes.ConditionText, "a =="),
        (shapes.Tags, {"a": 1}),
        (shapes.Tags, {"": "x"}),
    ],
)
def test_what_is_refused(shape: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(shape, value)


def test_settings_have_a_depth() -> None:
    deep: Any = 1
    for _ in range(12):
        deep = {"a": deep}
    assert kept(shapes.Settings, deep) == deep
    with pytest.raises(ValidationError, match="nested more than 12 deep"):
        read(shapes.Settings, {"a": deep})


@given(st.decimals(0, 1000, places=4))
def test_a_percentage_is_a_hundredth(value: Decimal) -> None:
    if value <= 100:
        assert read(shapes.Share, f"{value}%") == value / 100
        assert read(shapes.Share, kept(shapes.Share, f"{value}%")) == value / 100
    assert read(shapes.Amount, kept(shapes.Amount, value)) == value
    assert read(shapes.Amount, float(value)) == Decimal(repr(float(value)))


@given(st.integers(-(10**35), 10**35))
def test_numbers_keep_every_digit(digits: int) -> None:
    text = f"{digits // 10**18}.{digits % 10**18:018d}" if digits >= 0 else f"-{-digits // 10**18}.{-digits % 10**18:018d}"
    assert read(shapes.Number, text) == Decimal(text)
    assert read(shapes.Number, kept(shapes.Number, text)) == Decimal(text)


def test_durations_have_lengths() -> None:
    assert [checks.minutes(text) for text in ("30m", "24h", "7d", "2w", "6mo", "1y")] == [30, 1440, 10080, 20160, 259200, 525600]
    assert checks.days("12h") == Decimal("0.5")
    with pytest.raises(ValueError, match="is no duration"):
        checks.days("soon")
