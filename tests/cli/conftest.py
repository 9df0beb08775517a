"""One home with one small bill, taken in by the command, for the tests that only ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.console import Said, finopsmetrics
from tests.store.bills import charge, write_csv


@dataclass(frozen=True)
class Asked:
    """A home that is only asked, and what was said when its bill was taken in."""

    home: Path
    bill: Path
    taken: Said


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("asked")
    rows = [
        charge("10.000000000000000001", RegionId="eu-1", Tags='{"team":"red","cost-center":"7"}'),
        charge("2.34", "Storage", day=2, SubAccountId="sub-2", EffectiveCost="2.00", ListCost="3"),
        charge("5", "Storage", period="2026-06", BillingCurrency="EUR", Tags=""),
        charge("-0.5", "=Odd", period="2026-06", day=9),
    ]
    bill = write_csv(folder / "bill.csv", rows)
    return Asked(folder / "home", bill, finopsmetrics("ingest", bill, "--format", "json", home=folder / "home"))
