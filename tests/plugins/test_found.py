"""Plugins of installed packages: found without being imported, reported when they are broken, and fatal to nobody."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from finopsmetrics.iam.principal import OWNER
from finopsmetrics.plugins.errors import ContractError
from finopsmetrics.plugins.manager import PluginManager
from finopsmetrics.plugins.registry import GROUP, Offer, offers, registry
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.extending import Extending
from finopsmetrics.runtime.workspace import Workspace
from tests.plugins.kept import ENTRY, book, stored

EXAMPLES = {
    "meter-readings": "telemetry",
    "account-tags": "attribution",
    "unused-commitments": "recommendation",
    "untagged-share": "dashboard",
    "json-lines": "export",
    "webhook": "integration",
}
BROKEN = {
    "raises": "raise RuntimeError('no')",
    "ends": "raise SystemExit(3)",
    "no-module": None,
    "no-class": "x = 1",
    "not-one": "class Plugin: ...",
    "not-whole": "from finopsmetrics.plugins import TelemetryPlugin\nclass Plugin(TelemetryPlugin): ...",
    "other-name": "from finopsmetrics.plugins import *\nclass Plugin(TelemetryPlugin):\n name='else-where'\n version='1'\n"
    " def collect(self): return []",
    "no-type": "from finopsmetrics.plugins import FinOpsPlugin\nclass Plugin(FinOpsPlugin):\n name='no-type'\n version='1'",
    "bad-start": "from finopsmetrics.plugins import *\nclass Plugin(TelemetryPlugin):\n name='bad-start'\n version='1'\n"
    " def collect(self): return []\n def initialize(self, config): raise RuntimeError('cannot')",
    "bad-init": "from finopsmetrics.plugins import *\nclass Plugin(TelemetryPlugin):\n name='bad-init'\n version='1'\n"
    " def collect(self): return []\n def __init__(self): raise RuntimeError('cannot')",
}


def test_the_example_package_is_found_and_nothing_of_it_is_imported() -> None:
    code = (
        "import sys\nfrom finopsmetrics.plugins.registry import offers\nprint(sorted(offers()))\n"
        "assert not any('finopsmetrics_examples' in name for name in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(EXAMPLES) <= set(eval(ran.stdout))
    assert offers()["json-lines"].package == "finopsmetrics-example-plugins"


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_of_its_type(workspace: Workspace, name: str) -> None:
    found = Extending(Acting(workspace, OWNER)).check(name, {})
    if found.ok:
        assert found.types == [EXAMPLES[name]]
    else:
        assert all("settings" in problem for problem in found.problems)  # it asks for some, and says which


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_reported_and_fatal_to_nobody(
    workspace: Workspace, manager: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module = f"broken_{name.replace('-', '_')}"
    if BROKEN[name] is not None:
        (tmp_path / f"{module}.py").write_text(str(BROKEN[name]))
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint(name, f"{module}:Plugin", GROUP)
    manager.offers = {name: Offer(name, entry.value, "broken", "1", entry), "json-lines": offers()["json-lines"]}
    book(workspace).enable(name, {}, actor="test")
    book(workspace).enable("json-lines", {}, actor="test")
    book(workspace).enable("gone", {}, actor="test")

    workspace.costs.add_cost_entry(ENTRY)
    assert set(stored(workspace)) == {"e-1"}
    extending = Extending(Acting(workspace, OWNER))
    found = {one.name: one for one in extending.listed()}
    assert (found[name].state, found["json-lines"].state, found["gone"].state) == ("failed", "on", "missing")
    assert found[name].failures == 1
    assert found[name].last_error == found[name].detail or "cannot" in str(found[name].last_error)
    checked = extending.check(name)
    assert not checked.ok
    assert checked.problems


def test_hooks_of_a_package_are_off_until_its_plugin_is_on(
    workspace: Workspace, manager: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "with_hooks.py").write_text(
        "from dataclasses import replace\nfrom finopsmetrics.plugins import *\n"
        "@hook('cost_entry_received')\ndef listen(entry): return replace(entry, service='by function')\n"
        "class Plugin(TelemetryPlugin):\n name = 'with-hooks'\n version = '1'\n def collect(self): return []\n"
        " @hook('cost_entry_received')\n def also(self, entry): return replace(entry, region='by-method')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("with-hooks", "with_hooks:Plugin", GROUP)
    manager.offers = {"with-hooks": Offer("with-hooks", entry.value, "p", "1", entry)}
    assert Extending(Acting(workspace, OWNER)).check("with-hooks").ok  # imports it, and turns nothing on
    workspace.costs.add_cost_entry(ENTRY)
    assert stored(workspace)["e-1"]["ServiceName"] == "ml-training"
    assert registry().functions_of("with-hooks")
    book(workspace).enable("with-hooks", {}, actor="test")
    manager.close()
    from dataclasses import replace

    workspace.costs.add_cost_entry(replace(ENTRY, id="e-2"))
    row = stored(workspace)["e-2"]
    assert (row["ServiceName"], row["RegionId"]) == ("by function", "by-method")


def test_loading_says_what_is_wrong() -> None:
    entry = EntryPoint("x", "nowhere_at_all:Plugin", GROUP)
    with pytest.raises(ContractError, match="ModuleNotFoundError"):
        Offer("x", entry.value, "p", "1", entry).load()
