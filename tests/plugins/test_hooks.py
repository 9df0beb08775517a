"""Hooks by name and arguments: an unknown one fails when it is written, a known one is found on functions and methods."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.plugins import HOOKS, PluginError, TelemetryPlugin, hook, plugin
from finopsmetrics.plugins.hooks import HookSpecs, Listeners
from finopsmetrics.plugins.registry import registry

ROOT = Path(__file__).parents[2]
ROADMAP = {
    "pre_collect_metrics",
    "post_collect_metrics",
    "cost_entry_received",
    "budget_threshold_exceeded",
    "recommendation_generated",
    "dashboard_render",
}


def test_there_are_the_six_hooks_of_the_roadmap() -> None:
    assert set(HOOKS) == ROADMAP


@pytest.mark.parametrize("page", ["plugin_guide.md", "api_reference.md"])
def test_every_hook_stands_in_the_docs_with_its_exact_arguments(page: str) -> None:
    text = (ROOT / "docs" / "development" / page).read_text()
    told = dict(re.findall(r"^#+ `(\w+)\((.*?)\)`$", text, re.M))
    assert {name: tuple(filter(None, told[name].split(", "))) for name in told if name in HOOKS} == dict(HOOKS)


def test_every_hook_says_what_it_is_for() -> None:
    for name in HOOKS:
        assert inspect.getdoc(getattr(HookSpecs, name))


@pytest.mark.parametrize(
    ("wrong", "near"), [("cost_entry_recieved", "cost_entry_received"), ("budget", "budget_threshold_exceeded")]
)
def test_an_unknown_hook_fails_at_once_and_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(PluginError, match=f"Did you mean {near}") as failed:
        hook(wrong)(lambda entry: entry)
    assert all(name in str(failed.value) for name in HOOKS)
    assert registry().functions == []


@pytest.mark.parametrize(
    "function", [lambda charge: None, lambda *entry: None, lambda **entry: None, lambda entry, current: None]
)
def test_an_argument_that_the_hook_does_not_have_fails_at_once(function: Any) -> None:
    with pytest.raises(PluginError, match=r"has no argument .* may take entry"):
        hook("cost_entry_received")(function)


def test_a_coroutine_is_no_hook() -> None:
    async def listen(entry: Any) -> None: ...

    with pytest.raises(PluginError, match="coroutine"):
        hook("cost_entry_received")(listen)


def test_a_function_is_registered_and_a_method_waits_for_its_plugin() -> None:
    @hook("pre_collect_metrics")
    def listen(source: str) -> None: ...

    @plugin(name="with-hooks", version="1.0")
    class Own(TelemetryPlugin):
        def collect(self) -> list[Any]:
            return []

        @hook("post_collect_metrics")
        def after(self, outcome: Any) -> None: ...

        @hook("post_collect_metrics")
        def also(self) -> None: ...

    assert [one.what for one in registry().functions] == [listen]
    listeners = Listeners()
    listeners.add("with-hooks", Own())
    found = listeners.of("post_collect_metrics")
    assert {one.owner for one in found} == {"with-hooks"}
    assert sorted(one.takes for one in found) == [(), ("outcome",)]
    assert listeners.of("pre_collect_metrics") == []


def test_what_is_written_again_takes_the_place_of_the_first_and_a_factorys_functions_stay() -> None:
    names: dict[str, Any] = {"__name__": "notebook"}
    for number in range(2):
        exec(f"from finopsmetrics.plugins import hook\n@hook('pre_collect_metrics')\ndef listen(): return {number}", names)
    assert [one.what() for one in registry().functions] == [1]

    for _ in range(2):

        @hook("pre_collect_metrics")
        def made() -> None: ...

    assert len(registry().functions) == 3


def test_only_a_plugin_can_be_registered_as_one() -> None:
    with pytest.raises(PluginError, match="is no FinOpsPlugin"):
        plugin(name="no", version="1")(dict)  # type: ignore[type-var]


SAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "tests/fixtures/roadmap_plugins/extensibility.md").read_text(), re.S)


def test_the_roadmaps_hooks_run_as_written() -> None:
    code = next(one for one in SAMPLES if one.startswith("# Event hooks"))
    names: dict[str, Any] = {"__name__": "roadmap"}
    before = "from finopsmetrics import CostEntry\nfrom finopsmetrics.kinds.budget import Budget\n"
    before += "from finopsmetrics.plugins.decorators import hook\n"
    listed = code.index("# Available hooks")
    exec(compile(before + code[:listed], "roadmap", "exec"), names)
    assert {name.strip("- \n") for name in code[listed:].splitlines()[1:]} == set(HOOKS)
    assert [one.what.__name__ for one in registry().functions] == ["on_cost_entry", "on_budget_alert"]


def test_the_roadmaps_interface_is_the_plugins() -> None:
    from abc import ABC

    from finopsmetrics.plugins import base

    code = next(one for one in SAMPLES if "class FinOpsPlugin" in one)
    shown: dict[str, Any] = {"ABC": ABC, "Dict": dict, "Any": Any}
    start, end = code.index("class FinOpsPlugin"), code.index("# Plugin types")
    exec(compile(code[start:end], "roadmap", "exec"), shown)
    for name, told in vars(shown["FinOpsPlugin"]).items():
        ours = inspect.getattr_static(base.FinOpsPlugin, name)
        if inspect.isfunction(told):
            assert list(inspect.signature(told).parameters) == list(inspect.signature(ours).parameters)
        elif isinstance(told, property):
            assert isinstance(ours, property)
    for name in re.findall(r"^- (\w+Plugin) ", code, re.M):
        assert issubclass(getattr(base, name), base.FinOpsPlugin)
    for name in re.findall(r"── (\w+\.py)", code):
        assert (ROOT / "src/finopsmetrics/plugins" / name).is_file()
