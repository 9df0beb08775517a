"""One lake of awkward charges, built once and only asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from finopsmetrics.runtime.workspace import Workspace
from tests.observability.charges import awkward
from tests.store.bills import write_csv

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("lake")
    with Workspace(folder / "home", now=lambda: NOW) as workspace:
        workspace.ingest([write_csv(folder / "bill.csv", awkward())])
        yield workspace
