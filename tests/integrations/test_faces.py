"""What people see of integrations: the verbs, and the page of coverage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts import coverage
from typer.testing import CliRunner

from finopsmetrics.cli.main import app
from finopsmetrics.core.errors import DeliveryError, UsageError
from tests.integrations.cur import line
from tests.integrations.reading import NATIVE, write_native
from tests.integrations.test_declared import ROWS

RUNNER = CliRunner()
CONNECTION = """\
connections:
  - name: acme-hosting
    integration: csv
    settings:
      columns: {BilledCost: Amount, ChargePeriodStart: Day, ServiceName: Product}
      date_format: "%d.%m.%Y"
      currency: EUR
"""


def told(home: Path, *words: object) -> str:
    ran = RUNNER.invoke(app, ["--home", str(home), *map(str, words)], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.output


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPSMETRICS_HOME", "")
    monkeypatch.setenv("COLUMNS", "200")


def test_an_ingest_says_which_mapping_it_chose(tmp_path: Path) -> None:
    said = told(tmp_path / "home", "ingest", NATIVE / "aws" / "cur2-commitments.csv")
    assert "mapping    aws.cur2/1" in said
    assert "Read as the AWS Cost and Usage Report 2.0 by aws.cur2/1." in said
    body = json.loads(told(tmp_path / "home", "ingest", NATIVE / "azure" / "ea-2023-09.csv", "--format", "json"))
    assert body["deliveries"][0]["mapping"] == "azure.ea/1"


def test_a_drifted_header_is_refused_with_nothing_changed(tmp_path: Path) -> None:
    row = {name: value for name, value in line(cost="1").items() if name != "line_item_unblended_cost"}
    bill = write_native(tmp_path / "cur.csv", [row])
    with pytest.raises(DeliveryError, match="these columns are missing: line_item_unblended_cost"):
        told(tmp_path / "home", "ingest", bill)


def test_integrations_are_listed(tmp_path: Path) -> None:
    rows = json.loads(told(tmp_path, "integrations", "--format", "json"))
    assert {"aws", "azure", "gcp"} <= {row["vendor"] for row in rows}
    assert next(row for row in rows if row["mapping"] == "aws.cur-legacy/1")["tier"] == "gold"
    assert "gcp.billing-export/1" in told(tmp_path, "integrations")


def test_a_new_integration_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    said = told(tmp_path, "new", "integration", "acme", "--into", tmp_path)
    assert "manifest.yaml" in said
    assert (tmp_path / "acme" / "bill.py").is_file()
    with pytest.raises(UsageError, match="There is no folder"):
        told(tmp_path, "new", "integration", "acme", "--into", tmp_path / "nowhere")


def test_a_connection_declares_how_to_read_a_csv(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(CONNECTION)
    told(tmp_path / "home", "apply", tmp_path / "acme.yaml", "--yes")
    bill = write_native(tmp_path / "bill.csv", ROWS)
    said = told(tmp_path / "home", "ingest", bill, "--connection", "acme-hosting")
    assert "1,234.61" in said
    assert "acme-hosting" in said


def test_the_page_of_coverage_is_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert coverage.main(["--check"]) == 0
    monkeypatch.setattr(coverage, "PAGE", tmp_path / "coverage.md")
    assert coverage.main(["--check"]) == 1
    assert coverage.main([]) == 0
    assert coverage.main(["--check"]) == 0
