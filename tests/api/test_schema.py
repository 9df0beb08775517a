"""Requests made from the OpenAPI document: whatever is sent, the server answers as the document says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from finopsmetrics.api import attempts
from finopsmetrics.api.app import create_app
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.kinds import KINDS
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import opened

CONFIG = {
    "checks": {
        # A window, a condition, a dimension and a receipt's question are small languages that a schema cannot spell out:
        # what keeps to the schema and cannot be read as one is 400. It is never 422, which is for what breaks the schema.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "429"]},
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "429"]
        },
    },
}
DOCUMENT = create_app(cast(Workspace, None)).openapi()  # no home is needed to say what the routes are
KIND = rf"^/api/v1/({'|'.join(spec.plural for spec in KINDS.values())})(/|$)"
SOME = r"^/api/v1/(budgets|policies|dashboards|roles)(/|$)"  # one router serves all kinds; tests/specs asks each of them
schema = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(CONFIG))
# A spec's own rules (a condition that parses, an end after its start) are beyond its JSON Schema: they are 422 with a pointer.
OF_KINDS: dict[str, Any] = json.loads(json.dumps(CONFIG))
OF_KINDS["checks"]["positive_data_acceptance"]["expected-statuses"].append("422")
of_kinds = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(OF_KINDS))


@pytest.fixture(scope="module")
def url(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = shutil.copytree(estate, tmp_path_factory.mktemp("schema") / "home")
    patch = pytest.MonkeyPatch()
    patch.setattr(attempts, "ALLOWED", 10**9)  # that wrong proofs are limited is tested elsewhere
    with opened(home) as workspace, BackgroundServer(workspace) as server:
        global PROOF  # noqa: PLW0603
        PROOF = {"Authorization": f"Bearer {IAMManager(workspace.opened).tokens.create('fuzz', roles=['admin'], by=OWNER)[1]}"}
        yield server.url
    patch.undo()


def often(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@schema.exclude(path_regex=KIND).parametrize()
@often(20)
def test_every_operation_keeps_its_word(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url, headers=PROOF)


@of_kinds.include(path_regex=SOME).parametrize()
@often(5)
def test_every_kind_keeps_its_word(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url, headers=PROOF)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_every_operation_documents_its_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    failures = {status: told for status, told in operation["responses"].items() if status[0] not in "23"}
    assert set(failures) >= {"400", "401", "403", "405", "421", "422", "500", "503"}
    for told in failures.values():
        assert list(told["content"]) == ["application/problem+json"]
    if "requestBody" in operation:
        assert {"413", "415"} <= set(failures)
    for parameter in operation.get("parameters", []):
        assert parameter["in"] in {"path", "query"}
