"""A bill that no integration knows, read by the mapping that a connection declares."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.errors import DeliveryError, UsageError
from finopsmetrics.integrations.declared import declared
from finopsmetrics.kinds.connection import Connection
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import records
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.replay import replayed
from tests.integrations.reading import write_native

SETTINGS: dict[str, Any] = {
    "columns": {"BilledCost": "Amount", "ChargePeriodStart": "Day", "ServiceName": "Product", "x_Contract": "Contract"},
    "values": {"InvoiceIssuerName": "Acme Hosting GmbH", "ServiceCategory": "Compute"},
    "date_format": "%d.%m.%Y",
    "currency": "EUR",
}
ROWS = [
    {"Day": "03.09.2026", "Product": "Server", "Amount": "1.234,56", "Contract": "7", "Site": "FRA"},
    {"Day": "30.09.2026", "Product": "Traffic", "Amount": "0,05", "Contract": "7", "Site": "FRA"},
]


def test_it_is_read_exactly_and_replayed_with_the_mapping_it_had(workspace: Workspace, tmp_path: Path) -> None:
    bill = write_native(tmp_path / "acme.csv", ROWS)
    [report] = workspace.ingest([bill], source="acme", options=IngestOptions(mapping=SETTINGS))
    assert report.mapping == "declared/1"
    assert report.periods == ["2026-09"]
    [total] = workspace.costs.get_costs(time_range="all").rows
    assert (total["cost"], total["currency"]) == (Decimal("1234.61"), "EUR")
    by_site = workspace.costs.get_costs(group_by="x_Site", time_range="all").rows
    assert [row["x_Site"] for row in by_site] == ["FRA"]
    with workspace.opened.database.read() as connection:
        record = records.delivery(connection, report.id)
    shutil.rmtree(workspace.opened.home.cache, ignore_errors=True)
    assert [file.rows for file in replayed(workspace.opened.home, record) if file.table == "cost_and_usage"] == [2]


def test_without_its_mapping_it_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="not a FOCUS table"):
        workspace.ingest([write_native(tmp_path / "acme.csv", ROWS)])


def test_a_column_that_is_gone_is_named(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "Amount"} for row in ROWS]
    with pytest.raises(DeliveryError, match="'Amount', which is not there"):
        workspace.ingest([write_native(tmp_path / "acme.csv", rows)], options=IngestOptions(mapping=SETTINGS))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"columns": {"BilledCost": "Amount", "ServiceName": "Product"}}, "no column for ChargePeriodStart"),
        ({"columns": {**SETTINGS["columns"], "Colour": "Red"}}, "Colour is no FOCUS column"),
        ({"columns": {**SETTINGS["columns"], "x_fm_source": "Red"}}, "x_fm_source is no FOCUS column"),
        ({"values": {"ServiceName": "Server"}}, "both a column and a constant"),
        ({"currency": None}, "names no currency"),
        ({"currency": "Euro"}, "wrong at currency"),
        ({"password": "x"}, "wrong at password"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        declared({**SETTINGS, **change})


def test_the_mapping_is_a_connection() -> None:
    body = {"name": "acme-hosting", "integration": "csv", "settings": SETTINGS}
    assert declared(Connection.model_validate(body).settings) == declared(SETTINGS)
