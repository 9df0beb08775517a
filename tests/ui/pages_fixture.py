"""A small home that pages may change: two users, budgets, a finding with its causes, a spec that a file declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.findings import Finding
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.findings import FindingBook
from tests.dashboard.estate import filled

HOSTILE = "<img src=x onerror=alert(1)>"


def _driver(name: str, share: str, during: str, change: str) -> dict[str, object]:
    return {"value": name, "name": name, "share": float(share), "new": False, "before": "5", "during": during, "change": change}


FOUND = Finding(
    sort="anomaly",
    key="pages",
    title=f"Cost of {HOSTILE} rose",
    severity="high",
    start=datetime(2026, 5, 12),
    end=datetime(2026, 5, 13),
    impact=Decimal("120.50"),
    currency="USD",
    body={
        "likely_cause": f"{HOSTILE} explains all of it.",
        "explained": {
            "before": "10",
            "during": "130.50",
            "change": "120.50",
            "drivers": {
                "ResourceId": [
                    _driver("small", "0.1", "17.05", "12.05"),
                    _driver(HOSTILE, "0.9", "113.45", "108.45"),
                ]
            },
            "split": {"usage": "120.50", "price": "0"},
        },
    },
    source="anomalies",
)


@dataclass(frozen=True)
class Home:
    """A home with its server."""

    workspace: Workspace
    acting: Acting
    url: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One for all tests of a module; nobody can log in, so whoever runs it is let in."""
    workspace = filled(tmp_path_factory.mktemp("pages"))
    with workspace, BackgroundServer(workspace) as server:
        acting = Acting(workspace, OWNER)
        acting.specs.put("budget", HOSTILE, {"amount": 500, "period": "monthly", "currency": "USD"})
        FindingBook(workspace.opened.database, workspace.opened.now).keep([FOUND])
        yield Home(workspace, acting, server.url)
