"""Homes that widgets are shown over: one with odd values, one with the demo estate; no test changes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import filled


@pytest.fixture(scope="package")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with filled(tmp_path_factory.mktemp("widgets")) as workspace:
        yield workspace


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three months of a small demo estate with one budget and one anomaly."""
    from finopsmetrics.core.findings import Finding
    from finopsmetrics.iam.principal import OWNER
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.estate import load_demo
    from finopsmetrics.store.findings import FindingBook

    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    with Workspace(tmp_path_factory.mktemp("demo") / "home", now=lambda: now) as workspace:
        load_demo(workspace, seed=7, months=3, end=now.date(), scale=0.1)
        body = {"amount": 45000, "period": "monthly", "filters": {"service": "AmazonEC2"}}
        Acting(workspace, OWNER).specs.put("budget", "EC2", body)
        start = datetime.combine(date(2026, 11, 10), datetime.min.time())
        found = Finding("anomaly", "a", "AmazonEC2 cost more than expected", start=start, source="anomalies")
        FindingBook(workspace.opened.database, workspace.opened.now).keep([found])
        yield workspace
