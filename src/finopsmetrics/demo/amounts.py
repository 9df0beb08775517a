"""The written form of amounts in the ledger and in CSV files."""

from __future__ import annotations

from decimal import Decimal


def exact(value: Decimal) -> str:
    """Return `value` as plain text without trailing zeros: the form of every amount in the ledger."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
