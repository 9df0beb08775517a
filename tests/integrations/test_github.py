"""GitHub's billing usage: both reports in CSV and the items of the REST API give the same charges."""

from __future__ import annotations

import csv
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from tests.integrations.reading import NATIVE, Read, read_native, write_native
from tests.integrations.shapes import as_kind, read_lines, told, write_lines

HOME = NATIVE / "github"
DETAILED, SUMMARIZED, ITEMS = HOME / "detailed.csv", HOME / "summarized.csv", HOME / "items.jsonl"
KINDS = [(DETAILED, "csv"), (SUMMARIZED, "csv.gz"), (ITEMS, "jsonl"), (ITEMS, "jsonl.gz"), (ITEMS, "parquet")]
SAME = ("BilledCost", "ListCost", "ListUnitPrice", "SkuId", "ServiceName", "SubAccountId", "ResourceId", "PricingUnit")


@pytest.fixture(params=KINDS, ids=lambda entry: f"{entry[0].stem}-{entry[1]}")
def usage(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return as_kind(*request.param, tmp_path)


def test_every_shape_gives_the_same_charges(usage: Path) -> None:
    found = read_native(usage)
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == Decimal("22.1014")
    assert told(found, *SAME) == told(read_native(DETAILED), *SAME)
    assert {row["BillingCurrency"] for row in found.rows} == {"USD"}


def test_actions_copilot_and_storage(usage: Path) -> None:
    found = read_native(usage)
    mac = found.only(SkuId="actions_macos")
    assert (mac["ServiceName"], mac["ListCost"], mac["BilledCost"], mac["PricingUnit"]) == (
        "GitHub Actions",
        Decimal("1.24"),
        Decimal("0.84"),
        "minutes",
    )
    seat = found.only(SkuId="copilot_for_business")
    assert (seat["ServiceName"], seat["ServiceCategory"], seat["ConsumedUnit"], seat["ResourceId"]) == (
        "GitHub Copilot",
        "AI and Machine Learning",
        "user-months",
        None,
    )
    stored = found.only(SkuId="actions_storage")
    assert (stored["BilledCost"], stored["ConsumedQuantity"], stored["ConsumedUnit"]) == (0, Decimal("12.5"), "gigabyte-hours")
    assert found.only(SkuId="git_lfs_bandwidth")["ServiceName"] == "Git Large File Storage"


def test_days_and_months_end_exclusively(usage: Path) -> None:
    last = read_native(usage).only(SkuId="codespaces_compute_2_core")
    assert (f"{last['ChargePeriodStart']}", f"{last['ChargePeriodEnd']}") == ("2026-09-30 00:00:00", "2026-10-01 00:00:00")
    assert (f"{last['BillingPeriodStart']}", f"{last['BillingPeriodEnd']}") == ("2026-09-01 00:00:00", "2026-10-01 00:00:00")


def test_users_workflows_and_cost_centers_are_kept() -> None:
    row = read_native(DETAILED).only(SkuId="actions_linux", BilledCost=Decimal("1.5"))
    assert (row["x_username"], row["x_workflow_path"], row["x_cost_center_name"]) == ("ana", ".github/workflows/test.yml", "web")


def test_the_published_example_is_read() -> None:
    found = read_native(HOME / "rest-example.jsonl")
    assert (found.mapping, found.total()) == ("github.usage-items/1", Decimal("0.8"))
    assert (found.rows[0]["SubAccountId"], found.rows[0]["ResourceId"]) == ("GitHub", "github/example")
    assert any("names no billing account" in note for note in found.notes)


def test_the_account_may_stand_beside(tmp_path: Path) -> None:
    found = read_native(write_lines(tmp_path / "x.jsonl", [{**row, "account": "acme-corp"} for row in usable()]))
    assert {row["BillingAccountId"] for row in found.rows} == {"acme-corp"}
    assert not any("names no billing account" in note for note in found.notes)


def usable() -> list[dict[str, Any]]:
    return [
        {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()} for row in read_lines(ITEMS)
    ]


def changed(folder: Path, **change: str) -> Read:
    """The detailed report with columns of its second row changed."""
    with DETAILED.open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    rows[1] |= change
    return read_native(write_native(folder / "usage.csv", rows))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("net_amount", "free", "not a number"),
        ("gross_amount", "1.5 USD", "not a number"),
        ("quantity", "some", "not a number"),
        ("date", "yesterday", "not a date or time"),
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, column: str, value: str, reason: str) -> None:
    found = changed(tmp_path, **{column: value})
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [(3, column, reason)]
    assert found.total() == Decimal("22.1014") - Decimal("1.5")


def test_a_net_amount_that_does_not_follow_is_billed_and_told(tmp_path: Path) -> None:
    found = changed(tmp_path, net_amount="1.49")
    assert found.total() == Decimal("22.0914")
    assert any(note.startswith("1 rows have a net amount that is not their gross amount") for note in found.notes)


def test_a_new_column_is_kept_and_told(tmp_path: Path) -> None:
    found = changed(tmp_path, runner_group="fast")
    assert [row["x_runner_group"] for row in found.rows if row["x_runner_group"]] == ["fast"]
    assert any("kept as x_ columns: runner_group" in note for note in found.notes)


def test_without_the_net_amount_it_is_refused(tmp_path: Path) -> None:
    with DETAILED.open(encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name != "net_amount"} for row in csv.DictReader(file)]
    with pytest.raises(DeliveryError, match=r"the GitHub usage report in CSV.*missing: net_amount"):
        read_native(write_native(tmp_path / "x.csv", rows))
    lines = [{name: value for name, value in row.items() if name != "netAmount"} for row in usable()]
    with pytest.raises(DeliveryError, match=r"its REST API gives them, .* missing: netAmount"):
        read_native(write_lines(tmp_path / "x.jsonl", lines))


def test_the_report_of_ai_usage_is_not_counted_twice(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="AI usage by model"):
        changed(tmp_path, model="some-model")


CENTS = st.decimals(0, 10**6, places=8, allow_nan=False)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CENTS, CENTS), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_gross_less_discount_is_billed_in_any_order(rows: list[tuple[Decimal, Decimal]], chance: Any) -> None:
    made = [made_row(gross, discount) for gross, discount in rows]
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "a.csv", made))
        other = read_native(write_native(Path(folder) / "b.csv", chance.sample(made, len(made))))
    assert not found.rejected
    assert found.total() == sum(gross - discount for gross, discount in rows)
    discounts = sum(Decimal(row["x_discount_amount"]) for row in found.rows)
    assert found.total("ListCost") - discounts == found.total()
    assert told(found, "BilledCost", "ListCost") == told(other, "BilledCost", "ListCost")


def made_row(gross: Decimal, discount: Decimal) -> dict[str, str]:
    row = {"date": "2026-09-01", "product": "actions", "sku": "actions_linux", "quantity": "1", "unit_type": "minutes"}
    amounts = {"gross_amount": f"{gross:f}", "discount_amount": f"{discount:f}", "net_amount": f"{gross - discount:f}"}
    return {**row, "applied_cost_per_quantity": "0.006", **amounts}
