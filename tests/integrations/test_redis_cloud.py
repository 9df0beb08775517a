"""Redis Cloud's cost report is FOCUS: it is read as it is, in CSV and as JSON lines."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integrations.reading import NATIVE, read_native
from tests.integrations.shapes import as_kind, told, write_lines

REPORT = NATIVE / "redis_cloud" / "cost-report.csv"


@pytest.fixture(params=["csv", "csv.gz", "jsonl", "jsonl.gz"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param.startswith("csv"):
        return as_kind(REPORT, request.param, tmp_path)
    with REPORT.open(encoding="utf-8") as file:
        rows: list[dict[str, object]] = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    for row in rows:
        row["Tags"] = json.loads(str(row["Tags"])) if row["Tags"] else None
    return as_kind(write_lines(tmp_path / "report.jsonl", rows), request.param, tmp_path)


def test_it_is_recognised_as_focus(report: Path) -> None:
    found = read_native(report)
    assert (found.mapping, len(found.rows)) == ("", 3)
    assert not found.rejected
    assert (found.total(), found.total("ListCost")) == (Decimal("138.87"), Decimal("153.27"))
    assert told(found, "BilledCost", "ResourceId") == told(read_native(REPORT), "BilledCost", "ResourceId")
    assert json.loads(found.only(ResourceId="51001")["Tags"]) == {"team": "core"}


def test_its_publisher_alone_names_who_provides(report: Path) -> None:
    found = read_native(report)
    assert {row["ServiceProviderName"] for row in found.rows} == {"redis.io"}
    assert {row["x_PublisherName"] for row in found.rows} == {"redis.io"}
    assert {row["HostProviderName"] for row in found.rows} == {None}
    assert any("HostProviderName is absent" in note for note in found.notes)
    assert not any("ServiceProviderName is absent" in note for note in found.notes)


def test_a_report_is_of_the_version_of_its_columns(workspace: object, report: Path) -> None:
    [taken] = workspace.ingest([report])  # type: ignore[attr-defined]
    assert (taken.focus_version, taken.periods) == ("1.2", ["2026-09"])
