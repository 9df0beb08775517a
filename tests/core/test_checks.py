"""Numbers in specs: exact, or refused; nothing else comes out, however large the exponent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.checks import number, share

TEXTS = st.builds(
    lambda a, e, s: f"{s}{a}E{e}", st.integers(0, 10**6), st.integers(-(10**10), 10**10), st.sampled_from(["", "-", "+"])
)


@given(value=TEXTS | st.decimals().map(str) | st.floats() | st.integers() | st.text(max_size=12) | st.none() | st.booleans())
def test_a_number_is_exact_or_refused(value: object) -> None:
    for read in (number, share):
        try:
            found = read(value)
        except ValueError:
            continue
        assert abs(found) < Decimal("1e18")
        assert found.as_tuple().exponent >= -18  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "found"), [("80%", "0.8"), ("0.8", "0.8"), ("1e3", "1000"), ("0E+9999", "0"), (" 12.50 ", "12.50")]
)
def test_numbers_are_read(text: str, found: str) -> None:
    assert share(text) == Decimal(found)


@pytest.mark.parametrize("text", ["1E+7491622732", "-9E999999999", "1E-7491622732", "1e18", "nan", "inf"])
def test_what_cannot_be_counted_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"beyond|places|no number"):
        number(text)
