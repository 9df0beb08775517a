"""A plugin that misbehaves harms nobody: nothing is lost, the bill is unchanged, and the failure is counted and told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics import CostEntry, Window
from finopsmetrics.core.errors import StoreError
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.plugins import (
    CostAttributionPlugin,
    DashboardPlugin,
    ExportPlugin,
    PluginConfig,
    PluginError,
    Secret,
    TelemetryPlugin,
    Widget,
    hook,
    plugin,
)
from finopsmetrics.plugins.active import MOST_FAILURES
from finopsmetrics.plugins.manager import Limits, PluginManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.extending import Extending
from finopsmetrics.runtime.plugin_runs import PluginRuns
from finopsmetrics.runtime.workspace import Workspace
from tests.plugins.kept import ENTRY, billed, book, reports, stored
from tests.store.bills import charge

BILL = {"USD": Decimal("12.000000000000000001")}


def raises(*_: Any, **__: Any) -> Any:
    raise RuntimeError("out of\norder")


def ends(*_: Any, **__: Any) -> Any:
    raise SystemExit(3)


def interrupts(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


def sleeps(*_: Any, **__: Any) -> Any:
    time.sleep(0.6)
    return replace(ENTRY, cost=99)


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise ValueError


def unreadable(*_: Any, **__: Any) -> Any:
    raise UnreadableError


BAD: list[Callable[..., Any]] = [raises, ends, interrupts, sleeps, unreadable]
WRONG: dict[str, Callable[[CostEntry], Any]] = {
    "a number": lambda entry: 7,
    "a dict": vars,
    "another id": lambda entry: replace(entry, id="e-9"),
    "an amount that is none": lambda entry: replace(entry, cost="much"),
    "a column that is none": lambda entry: replace(entry, focus={"Nonsense": "1"}),
    "a float": lambda entry: replace(entry, cost=1.5),
}


@pytest.mark.parametrize("bad", [*BAD, *WRONG.values()], ids=[*(one.__name__ for one in BAD), *WRONG])
def test_an_entry_survives_a_bad_hook(workspace: Workspace, manager: PluginManager, bad: Callable[[Any], Any]) -> None:
    @hook("cost_entry_received")
    def listen(entry: CostEntry) -> Any:
        return bad(entry)

    assert workspace.costs.add_cost_entry(ENTRY) is True
    assert workspace.costs.add_cost_entry(ENTRY) is False
    assert billed(workspace) == BILL
    assert "x_CostEntryChangedBy" not in stored(workspace)["e-1"]
    found = reports(workspace)["listen", "cost_entry_received"]
    assert (found.calls, found.failures) == (1, 1)
    assert found.last_error
    assert "\n" not in found.last_error
    assert found.last_failed_at is not None


def test_what_a_hook_does_to_its_entry_without_giving_it_changes_nothing(workspace: Workspace) -> None:
    kept: list[CostEntry] = []

    @hook("cost_entry_received")
    def mutates(entry: CostEntry) -> None:
        entry.tags["team"] = "stolen"
        entry.focus["BilledCost"] = "0"

    @hook("cost_entry_received")
    def then(entry: CostEntry) -> CostEntry:
        kept.append(made := replace(entry, tags={**entry.tags, "seen": "yes"}))
        return made

    @hook("cost_entry_received")
    def zz_late(entry: CostEntry) -> None:
        kept[0].tags["team"] = "stolen"

    workspace.costs.add_cost_entry(ENTRY)
    assert ENTRY.tags == {"team": "ml"}
    assert billed(workspace) == BILL
    assert stored(workspace)["e-1"]["Tags"] == '{"seen": "yes", "team": "ml"}'


@pytest.mark.parametrize("bad", [*BAD, lambda charge: ["team"], lambda charge: {"team": 7}, lambda charge: {"a\n": "b"}])
def test_an_entry_survives_bad_attribution(workspace: Workspace, manager: PluginManager, bad: Callable[[Any], Any]) -> None:
    @plugin(name="bad-tags", version="1.0")
    class Bad(CostAttributionPlugin):
        def attribute(self, charge: Any) -> Any:
            return bad(charge)

    workspace.costs.add_cost_entry(ENTRY)
    assert billed(workspace) == BILL
    found = reports(workspace)["bad-tags", "attribute"]
    assert found.failures == (0 if bad(ENTRY) == {"a\n": "b"} else 1) if bad not in BAD else found.failures == 1
    assert '"team": "ml"' in stored(workspace)["e-1"]["Tags"]


@pytest.mark.parametrize("bad", BAD)
def test_a_delivery_survives_bad_hooks(
    workspace: Workspace, manager: PluginManager, bill: Callable[..., Path], bad: Callable[[], Any]
) -> None:
    @hook("pre_collect_metrics")
    def before() -> None:
        bad()

    @hook("post_collect_metrics")
    def after() -> None:
        bad()

    [report] = workspace.ingest([bill(charge("10"), charge("2.5"))], source="aws")
    assert (report.status, report.accepted) == ("taken", 2)
    assert billed(workspace) == {"USD": Decimal("12.5")}
    assert [
        reports(workspace)[name].failures for name in (("before", "pre_collect_metrics"), ("after", "post_collect_metrics"))
    ] == [1, 1]


@pytest.mark.parametrize("bad", [*BAD, lambda: 7, lambda: [ENTRY, "no entry"], lambda: iter([ENTRY, 1 / 0])])
def test_a_collection_that_fails_takes_nothing_in_and_says_so(
    workspace: Workspace, manager: PluginManager, bad: Callable[[], Any]
) -> None:
    manager.limits = Limits(hook=0.3, collect=0.3)

    @plugin(name="bad-meter", version="1.0")
    class Bad(TelemetryPlugin):
        def collect(self) -> Iterable[CostEntry]:
            found: Iterable[CostEntry] = bad()
            return found

    outcome = PluginRuns(Acting(workspace, OWNER)).collect("bad-meter")
    assert (outcome.status, outcome.new) == ("failed", 0)
    assert "bad-meter failed at collect" in str(outcome.error)
    assert billed(workspace) == {}
    assert reports(workspace)["bad-meter", "collect"].failures == 1


@pytest.mark.parametrize(
    "bad", [*BAD, lambda context: "<b>", lambda context: Widget("a", ("b",), [(1, 2)]), lambda context: Widget("")]
)
def test_a_page_survives_bad_widgets(workspace: Workspace, manager: PluginManager, bad: Callable[..., Any]) -> None:
    @plugin(name="bad-widget", version="1.0")
    class Bad(DashboardPlugin):
        def render(self, context: Any) -> Any:
            return bad(context)

    @plugin(name="good-widget", version="1.0")
    class Good(DashboardPlugin):
        def render(self, context: Any) -> Widget:
            return Widget("Good")

    @hook("dashboard_render")
    def more(context: Any) -> Any:
        return bad(context)

    window = Window.parse("2026-05", now=workspace.now())
    assert [one.title for one in PluginRuns(Acting(workspace, OWNER)).widgets("test", window)] == ["Good"]
    found = reports(workspace)
    assert [found[key].failures for key in (("bad-widget", "render"), ("more", "dashboard_render"))] == [1, 1]


@pytest.mark.parametrize("bad", ["raises", "sleeps", "half", "nothing"])
def test_an_export_that_fails_leaves_no_file(workspace: Workspace, manager: PluginManager, tmp_path: Path, bad: str) -> None:
    from finopsmetrics.observability.export import export_focus

    manager.limits = Limits(hook=0.3, export=0.3)

    @plugin(name="bad-export", version="1.0")
    class Bad(ExportPlugin):
        format = "odd"

        def write(self, table: Any, target: Path) -> None:
            if bad != "nothing":
                target.write_text("begun")
            if bad in {"raises", "sleeps"}:
                {"raises": raises, "sleeps": sleeps}[bad]()
            if bad == "nothing":
                list(table)

    workspace.costs.add_cost_entry(ENTRY)
    with pytest.raises(PluginError, match="bad-export failed at write"):
        export_focus(workspace.opened, tmp_path / "out.odd", format="odd")
    time.sleep(0.4)
    assert not list(tmp_path.glob("*odd*"))
    assert reports(workspace)["bad-export", "write"].failures == 1
    assert export_focus(workspace.opened, tmp_path / "out.csv", format="csv").rows == 1


def test_a_plugin_that_fails_again_and_again_is_left_alone(workspace: Workspace, manager: PluginManager) -> None:
    calls: list[str] = []

    @hook("cost_entry_received")
    def fails(entry: CostEntry) -> None:
        calls.append(entry.id)
        raise RuntimeError

    @hook("cost_entry_received")
    def works(entry: CostEntry) -> CostEntry:
        return replace(entry, service="seen")

    workspace.costs.add_cost_entries([replace(ENTRY, id=f"e-{number}") for number in range(12)])
    assert len(calls) == MOST_FAILURES
    assert {row["ServiceName"] for row in stored(workspace).values()} == {"seen"}
    assert len(stored(workspace)) == 12
    assert "left alone" in str(reports(workspace)["fails", "cost_entry_received"].last_error)
    states = {one.name.rpartition(".")[2]: one.state for one in Extending(Acting(workspace, OWNER)).listed()}
    assert (states["fails"], states["works"]) == ("suspended", "on")


def test_a_success_in_between_starts_the_count_anew(workspace: Workspace) -> None:
    calls: list[str] = []

    @hook("cost_entry_received")
    def mostly_fails(entry: CostEntry) -> None:
        calls.append(entry.id)
        if len(calls) % MOST_FAILURES:
            raise RuntimeError

    workspace.costs.add_cost_entries([replace(ENTRY, id=f"e-{number}") for number in range(30)])
    assert len(calls) == 30


def test_slow_hooks_cost_their_limit_a_few_times_and_no_more(workspace: Workspace, manager: PluginManager) -> None:
    manager.limits = Limits(hook=0.1)
    release = threading.Event()

    @hook("cost_entry_received")
    def hangs(entry: CostEntry) -> CostEntry:
        release.wait(20)
        return replace(entry, cost=99)

    begun = time.monotonic()
    workspace.costs.add_cost_entries([replace(ENTRY, id=f"e-{number}") for number in range(50)])
    assert time.monotonic() - begun < 5
    crew = next(iter(manager.active.values())).crew
    release.set()
    deadline = time.monotonic() + 5
    while crew.late < MOST_FAILURES and time.monotonic() < deadline:
        time.sleep(0.01)
    assert crew.late == MOST_FAILURES  # what came late was dropped, and counted
    assert billed(workspace) == {"USD": 50 * Decimal("12.000000000000000001")}


def test_a_secret_stays_out_of_reports_and_the_log(
    workspace: Workspace, manager: PluginManager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("A_TOKEN", "hunter2-very-secret")

    @plugin(name="leaky", version="1.0")
    class Leaky(TelemetryPlugin):
        class Config(PluginConfig):
            token: Secret

        def collect(self) -> Any:
            raise RuntimeError("https://x?token=" + self.config["token"].get_secret_value())

    with caplog.at_level(logging.DEBUG):
        book(workspace).enable("leaky", {"token": "env:A_TOKEN"}, actor="test")
        outcome = PluginRuns(Acting(workspace, OWNER)).collect("leaky")
        listed = Extending(Acting(workspace, OWNER)).listed()
    everything = f"{outcome} {listed} {reports(workspace)} {caplog.text} {manager.active}"
    assert "https://x?token=***" in everything
    assert "hunter2" not in everything
    for file in workspace.home.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()


def test_reports_that_cannot_be_written_do_not_stop_the_work(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from finopsmetrics.store.plugin_book import PluginBook

    @hook("cost_entry_received")
    def fails(entry: CostEntry) -> None:
        raise RuntimeError

    def refuse(*_: Any) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(PluginBook, "add", refuse)
        workspace.costs.add_cost_entry(ENTRY)
    workspace.costs.add_cost_entry(replace(ENTRY, id="e-2"))
    assert reports(workspace)["fails", "cost_entry_received"].failures == 2


def test_an_end_that_fails_does_not_keep_the_home_open(tmp_path: Path) -> None:
    ended: list[str] = []

    @plugin(name="bad-end", version="1.0")
    class Bad(CostAttributionPlugin):
        def attribute(self, charge: Any) -> dict[str, str]:
            return {}

        def shutdown(self) -> None:
            ended.append("bad-end")
            raise RuntimeError

    with Workspace(tmp_path / "home") as workspace:
        workspace.costs.add_cost_entry(ENTRY)
    workspace.close()
    assert ended == ["bad-end"]
    with Workspace(tmp_path / "home") as again:
        assert billed(again) == BILL
        assert reports(again)["bad-end", "shutdown"].failures == 1


def test_settings_that_cannot_be_checked_stop_only_their_plugin(workspace: Workspace) -> None:
    @plugin(name="bad-config", version="1.0")
    class Bad(CostAttributionPlugin):
        class Config(PluginConfig):
            a: Missing  # type: ignore[name-defined]  # noqa: F821

        def attribute(self, charge: Any) -> dict[str, str]:
            return {}

    @plugin(name="bad-name", version="1.0")
    class BadName(CostAttributionPlugin):
        def attribute(self, charge: Any) -> dict[str, str]:
            return {}

        @property
        def other(self) -> str:
            raise RuntimeError("never look at me")

    @hook("cost_entry_received")
    def works(entry: CostEntry) -> CostEntry:
        return replace(entry, service="seen")

    workspace.costs.add_cost_entry(ENTRY)
    assert stored(workspace)["e-1"]["ServiceName"] == "seen"
    states = {one.name: (one.state, one.last_error or "") for one in Extending(Acting(workspace, OWNER)).listed()}
    assert states["bad-config"][0] == "failed"
    assert "cannot be checked" in states["bad-config"][1]
