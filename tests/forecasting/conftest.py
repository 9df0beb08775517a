"""The home with fifteen months of charges, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from finopsmetrics.runtime.workspace import Workspace
from tests.forecasting.made import filled


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with filled(tmp_path_factory.mktemp("foreseen")) as workspace:
        yield workspace
