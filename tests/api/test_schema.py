"""Requests made from the OpenAPI document: whatever is sent, the server answers as the document says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from finopsmetrics.api.app import create_app
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import opened

CONFIG = {
    "checks": {
        # A window, a condition, a dimension and a receipt's question are small languages that a schema cannot spell out:
        # what keeps to the schema and cannot be read as one is 400. It is never 422, which is for what breaks the schema.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409"]},
        "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "406", "409", "413", "415", "422"]},
    },
}
DOCUMENT = create_app(cast(Workspace, None)).openapi()  # no home is needed to say what the routes are
schema = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(CONFIG))


@pytest.fixture(scope="module")
def url(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = shutil.copytree(estate, tmp_path_factory.mktemp("schema") / "home")
    with opened(home) as workspace, BackgroundServer(workspace) as server:
        yield server.url


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_word(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_every_operation_documents_its_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    failures = {status: told for status, told in operation["responses"].items() if not status.startswith("2")}
    assert set(failures) >= {"400", "405", "421", "422", "500", "503"}
    for told in failures.values():
        assert list(told["content"]) == ["application/problem+json"]
    if "requestBody" in operation:
        assert {"413", "415"} <= set(failures)
    for parameter in operation.get("parameters", []):
        assert parameter["in"] in {"path", "query"}
