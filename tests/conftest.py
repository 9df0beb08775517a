"""Services and small things that many tests use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import Row, write_csv

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.services.sail", "tests.services.postgres", "tests.services.azurite"]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty home, opened."""
    with Workspace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def bill(tmp_path: Path) -> Callable[..., Path]:
    """Write a FOCUS CSV from charges (see `tests.store.bills.charge`) and give its path."""
    return lambda *rows, name="bill.csv": write_csv(tmp_path / "bills" / name, list[Row](rows))
