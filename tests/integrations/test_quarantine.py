"""A row that cannot be read goes to quarantine, also where a mapping leaves rows of its kind out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.integrations.cur import covered, line
from tests.integrations.reading import read_native, write_native
from tests.integrations.test_azure import ACTUAL, AMORTISED, row


def test_a_line_of_aws_that_is_left_out_is_rejected_where_it_cannot_be_read(tmp_path: Path) -> None:
    rows = [line(cost="2"), *covered("1", "0.5"), line("SavingsPlanNegation", "oops")]
    found = read_native(write_native(tmp_path / "cur.csv", rows))
    assert [(one.line, one.column, one.reason) for one in found.rejected] == [(5, "line_item_unblended_cost", "not a number")]
    assert found.total("EffectiveCost") == Decimal("2.5")


def test_a_row_of_azure_that_is_left_out_is_rejected_where_it_cannot_be_read(tmp_path: Path) -> None:
    actual = write_native(tmp_path / "actual.csv", [*ACTUAL, row("oops")])
    found = read_native(actual, write_native(tmp_path / "amortised.csv", AMORTISED))
    assert [(one.file, one.line, one.column) for one in found.rejected] == [("actual.csv", 6, "CostInBillingCurrency")]
    assert found.total() == Decimal(10 + 300 - 20)
