"""Generated months of three clouds, through a real home: rows, and what each month comes to, summed apart from the mapping."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import pytest

from finopsmetrics.runtime.workspace import Workspace
from tests.integrations.reading import NATIVE

Line = dict[str, str]
FILES: dict[str, tuple[str, Callable[[Line], str], str]] = {
    "aws/cur-legacy-synthetic.csv": ("lineItem/UnblendedCost", lambda row: row["bill/BillingPeriodStartDate"][:7], "2026-08"),
    "azure/mca-synthetic.csv": ("CostInBillingCurrency", lambda row: row["BillingPeriodStartDate"][:7], "2026-08"),
    "gcp/billing-export-synthetic.csv": ("cost", lambda row: f"{row['invoice.month'][:4]}-{row['invoice.month'][4:]}", "2026-09"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_month_comes_to_what_its_lines_sum_to(workspace: Workspace, name: str) -> None:
    column, month, first = FILES[name]
    with (NATIVE / name).open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    own: dict[str, Decimal] = defaultdict(Decimal)
    for row in lines:
        own[month(row)] += Decimal(row[column]).quantize(Decimal("1e-18"))
    [report] = workspace.ingest([NATIVE / name])
    assert report.quarantined == 0
    assert report.periods == sorted(own)
    assert min(own) == first
    # Covered usage that nothing negates stays billed, in one row a month.
    added = len(own) if name.startswith("aws") else 0
    assert report.accepted == len(lines) + added
    billed = workspace.costs.get_costs(group_by="x_fm_period", time_range="all", metric="billed").rows
    assert {row["x_fm_period"]: row["cost"] for row in billed} == own


def test_covered_usage_that_nothing_negates_is_told(workspace: Workspace) -> None:
    [report] = workspace.ingest([NATIVE / "aws" / "cur-legacy-synthetic.csv"])
    assert any(note.startswith("12 lines of covered usage came without any line that negates them") for note in report.notes)


def test_two_quotes_are_no_tags(workspace: Workspace) -> None:
    workspace.ingest([NATIVE / "azure" / "mca-synthetic.csv"])
    untagged = workspace.costs.get_costs(group_by="tags.environment", time_range="all").rows
    assert None in {row["tags.environment"] for row in untagged}
