"""The contract kit finds what is wrong with a plugin; the examples and templates of the docs run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import finopsmetrics.plugins
from finopsmetrics import CostEntry, CostObservatory
from finopsmetrics.plugins import (
    CostAttributionPlugin,
    DashboardPlugin,
    ExportPlugin,
    Health,
    IntegrationPlugin,
    RecommendationPlugin,
    TelemetryPlugin,
)
from finopsmetrics.plugins.http import AddressError, check_url
from finopsmetrics.plugins.testing import check_plugin
from tests.plugins.kept import ENTRY

DOCS = Path(__file__).parents[2] / "docs" / "development"


class Base:
    name = "a-plugin"
    version = "1.0"


def telemetry(collect: Callable[[], Iterable[Any]], **changed: Any) -> Any:
    return type("Own", (Base, TelemetryPlugin), {"collect": lambda self: collect(), **changed})


def other(sort: type, method: str, give: Callable[..., Any], **changed: Any) -> Any:
    return type("Own", (Base, sort), {method: lambda self, *given: give(*given), **changed})


def changing() -> Iterable[CostEntry]:
    changing.count = getattr(changing, "count", 0) + 1  # type: ignore[attr-defined]
    return [replace(ENTRY, cost=changing.count)]  # type: ignore[attr-defined]


def half(table: Any, target: Path) -> None:
    target.write_text("")
    next(iter(table), None)


FAULTS: dict[str, tuple[Any, str]] = {
    "no method": (type("Own", (Base, TelemetryPlugin), {}), "lacks collect"),
    "no name": (type("Own", (TelemetryPlugin,), {"collect": list}), "lacks name, version"),
    "bad name": (telemetry(list, name="A Plugin"), "its name is 'A Plugin'"),
    "bad version": (telemetry(list, version=1), "its version is 1"),
    "raises": (telemetry(lambda: [1 / 0]), "ZeroDivisionError"),
    "no entries": (telemetry(lambda: [{}]), "collects dict"),
    "unfit": (telemetry(lambda: [replace(ENTRY, cost=1.5)]), "cannot be stored"),
    "twice": (telemetry(lambda: [ENTRY, ENTRY]), "same id"),
    "changing": (telemetry(changing), "other content"),
    "not well": (telemetry(list, health=lambda self: Health(False, "no disk")), "no disk"),
    "no health": (telemetry(list, health=lambda self: True), "gave bool"),
    "bad start": (telemetry(list, initialize=lambda self, config: 1 / 0), "initialize"),
    "config": (telemetry(list, Config=dict), "its Config is no pydantic model"),
    "tags": (other(CostAttributionPlugin, "attribute", lambda charge: {"a": 1}), "no mapping of text"),
    "changes the charge": (other(CostAttributionPlugin, "attribute", lambda charge: charge.update(a=1)), "AttributeError"),
    "needs a tag": (other(CostAttributionPlugin, "attribute", lambda charge: {"a": charge["Tags"]["environment"]}), "KeyError"),
    "no recommendation": (other(RecommendationPlugin, "recommend", lambda costs: ["x"]), "recommends str"),
    "no widget": (other(DashboardPlugin, "render", lambda context: "<b>"), "renders str"),
    "format": (other(ExportPlugin, "write", half, format="csv"), "its format is 'csv'"),
    "half": (other(ExportPlugin, "write", half, format="odd"), "takes 1 of 2 rows"),
    "no file": (other(ExportPlugin, "write", lambda table, target: list(table), format="odd"), "makes no file"),
    "no capability": (other(IntegrationPlugin, "test_connection", lambda: Health(True)), "its capabilities are []"),
    "unwritten": (
        other(IntegrationPlugin, "test_connection", lambda: Health(True), capabilities=frozenset({"send"})),
        "declares send and does not write it",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(tmp_path: Path, name: str) -> None:
    cls, told = FAULTS[name]
    found = check_plugin(cls, costs=CostObservatory(tmp_path))
    assert any(told in one for one in found), found


def test_a_good_plugin_has_none(tmp_path: Path) -> None:
    assert check_plugin(telemetry(lambda: [ENTRY])) == []
    assert check_plugin(other(CostAttributionPlugin, "attribute", lambda charge: {"a": charge["SubAccountId"]})) == []


@pytest.mark.parametrize("example", sorted(DOCS.glob("examples/*.py")), ids=lambda path: path.stem)
def test_an_example_of_the_docs_runs(example: Path, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, example], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_docs_have_the_roadmaps_examples() -> None:
    assert {path.stem for path in DOCS.glob("examples/*.py")} == {"custom_telemetry", "custom_attribution", "custom_dashboard"}


@pytest.mark.parametrize("template", ["telemetry_plugin", "integration_plugin", "dashboard_widget"])
def test_a_template_keeps_its_contract_as_it_stands(template: str, tmp_path: Path) -> None:
    folder = DOCS / "templates" / template
    path = os.pathsep.join([str(folder / "src"), os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, "-m", "pytest", str(folder / "tests"), "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=200, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "passed" in ran.stdout


def test_every_public_name_stands_in_the_reference() -> None:
    text = (DOCS / "api_reference.md").read_text()
    lacking = [name for name in finopsmetrics.plugins.__all__ if f"`{name}" not in text]
    assert lacking == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://0.0.0.0/",
        "https://localhost/",
        "https://2130706433/",
        "https://user:hunter2@example.com/",
        "https:///path",
        "https://[broken/",
        "file:///etc/passwd",
        "ftp://example.com",
        "",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(AddressError) as refused:
        check_url(url)
    assert "hunter2" not in str(refused.value)


def test_a_literal_public_address_is_taken_and_private_ones_only_when_allowed() -> None:
    assert check_url("https://93.184.215.14/hook") == ("93.184.215.14", "93.184.215.14")
    assert check_url("http://127.0.0.1:8080/hook", private=True) == ("127.0.0.1", "127.0.0.1")


def test_a_saving_is_exact() -> None:
    assert finopsmetrics.plugins.Recommendation("a", "b", "USD", Decimal("0.1"), [{"c": 1}]).monthly_saving == Decimal("0.1")
