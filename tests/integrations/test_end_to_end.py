"""A native bill from the file to the figure: taken in, asked, reconciled, replaced, and made again from what was delivered."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

from finopsmetrics.observability.reconcile import reconcile
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import records
from finopsmetrics.store.replay import replayed
from tests.integrations.cur import covered, line, plan_fee
from tests.integrations.reading import write_native
from tests.integrations.test_aws import write_parquet

LINES = [*covered("0.096", "0.061"), plan_fee("0.10", "0.10", "0.061"), line(cost="1.5"), line("Tax", "0.3")]


def test_from_cur_2_to_costs_and_reconciliation(workspace: Workspace, tmp_path: Path) -> None:
    [report] = workspace.ingest([write_parquet(tmp_path / "cur.parquet", LINES)])
    assert report.mapping == "aws.cur2/1"
    assert report.totals["USD"]["billed"] == "1.900000000000000000"
    billed = workspace.costs.get_costs(group_by="ChargeCategory", time_range="all")
    assert {row["ChargeCategory"]: row["cost"] for row in billed.rows} == {
        "Usage": Decimal("1.5"),
        "Purchase": Decimal("0.1"),
        "Tax": Decimal("0.3"),
    }
    found = reconcile(workspace.opened)
    assert [(entry.purchased, entry.used, entry.unused, entry.status) for entry in found.commitments] == [
        (Decimal("0.1"), Decimal("0.061"), Decimal("0.039"), "ties")
    ]
    assert found.ties


def test_a_delivery_in_parts_with_its_manifest_is_one_and_a_restated_one_replaces_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    for number, part in enumerate((LINES[:3], LINES[3:])):
        columns = list(dict.fromkeys(name for row in LINES for name in row))
        write_native(folder / f"part-{number}.csv", part, columns)
    body = {"dataFiles": ["s3://bucket/export/part-0.csv", "s3://bucket/export/part-1.csv"]}
    (folder / "cur-Manifest.json").write_text(json.dumps(body))
    [first] = workspace.ingest([folder])
    assert first.totals["USD"]["billed"] == "1.900000000000000000"
    [second] = workspace.ingest([write_native(tmp_path / "restated.csv", [*LINES, line(cost="0.25")])])
    assert second.replaced[0]["delivery"] == first.id
    assert workspace.costs.get_costs(time_range="all").rows[0]["cost"] == Decimal("2.15")


def test_a_native_delivery_is_replayed_from_what_was_delivered(workspace: Workspace, tmp_path: Path) -> None:
    [report] = workspace.ingest([write_native(tmp_path / "cur.csv", LINES)])
    home = workspace.opened.home
    with workspace.opened.database.read() as connection:
        record = records.delivery(connection, report.id)
        own = records.files_of(connection, "cost_and_usage", [report.id])
    assert record.mapping_version == "aws.cur2/1+focus-1.4/1"
    shutil.rmtree(home.cache, ignore_errors=True)
    again = [file for file in replayed(home, record) if file.table == "cost_and_usage"]
    assert sum(file.rows for file in again) == sum(file.rows for file in own) == 5
