"""OCI's cost report."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

from tests.integrations.reading import NATIVE, read_native, write_native


def test_the_real_report_sums_to_its_own_total() -> None:
    found = read_native(NATIVE / "oci" / "cost-2023-11.csv")
    assert found.mapping == "oci.cost-report/1"
    assert len(found.rows) == 506
    assert not found.rejected
    assert round(found.total(), 4) == round(found.total("EffectiveCost"), 4) == Decimal("2.5236")
    assert {row["BillingCurrency"] for row in found.rows} == {"USD"}
    assert {f"{row['ChargePeriodEnd'] - row['ChargePeriodStart']}" for row in found.rows} == {"1:00:00"}


def test_a_tag_keeps_its_namespace_and_its_column_goes() -> None:
    rows = read_native(NATIVE / "oci" / "cost-2023-11.csv").rows
    tags = [json.loads(row["Tags"]) for row in rows if row["Tags"]]
    assert any("Oracle-Tags.CreatedBy" in one for one in tags)
    assert not [name for name in rows[0] if name.startswith("x_tags")]


def test_files_of_one_delivery_may_have_tags_of_their_own(tmp_path: Path) -> None:
    lines = (NATIVE / "oci" / "cost-2023-11.csv").read_text().splitlines()
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("\n".join(lines[:4]) + "\n")
    header = lines[0] + ",tags/Finance.CostCenter"
    other.write_text("\n".join([header, *(line + ",4711" for line in lines[4:8])]) + "\n")
    found = read_native(one, other)
    assert len(found.rows) == 7
    assert sum('"Finance.CostCenter":"4711"' in (row["Tags"] or "") for row in found.rows) == 4


def test_a_correction_says_so_and_kinds_and_regions_have_names(tmp_path: Path) -> None:
    with (NATIVE / "oci" / "cost-2023-11.csv").open() as file:
        line = next(csv.DictReader(file))
    corrected = {**line, "cost/myCost": "-0.5", "lineItem/isCorrection": "true", "lineItem/backreferenceNo": "7108"}
    found = read_native(write_native(tmp_path / "cost.csv", [line, corrected]))
    row = found.only(ChargeClass="Correction")
    assert (row["BilledCost"], row["x_lineItem_backreferenceNo"]) == (Decimal("-0.5"), "7108")
    assert (row["RegionName"], row["ResourceType"]) == ("US West (San Jose)", "autonomousdatabase")
    assert len([row for row in found.rows if row["ChargeClass"] is None]) == 1
