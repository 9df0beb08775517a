"""Each hook and each type is called at its real seam, and does there what it promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics import CostEntry
from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.plugins import (
    Collected,
    CostAttributionPlugin,
    Health,
    IntegrationPlugin,
    Message,
    PluginError,
    Recommendation,
    RecommendationPlugin,
    TelemetryPlugin,
    hook,
    plugin,
)
from finopsmetrics.plugins.manager import PluginManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.plugin_runs import PluginRuns
from finopsmetrics.runtime.workspace import Workspace
from tests.plugins.kept import ENTRY, billed, reports, stored
from tests.store.bills import charge


@pytest.fixture
def runs(workspace: Workspace, manager: PluginManager) -> PluginRuns:
    from finopsmetrics.iam.principal import OWNER

    return PluginRuns(Acting(workspace, OWNER))


def test_a_transformed_entry_is_what_is_stored(workspace: Workspace) -> None:
    @hook("cost_entry_received")
    def gross(entry: CostEntry) -> CostEntry:
        return replace(entry, cost=Decimal(entry.cost) * 2, tags={**entry.tags, "vat": "yes"})

    assert workspace.costs.add_cost_entry(ENTRY) is True
    assert billed(workspace) == {"USD": Decimal("24.000000000000000002")}
    row = stored(workspace)["e-1"]
    assert '"vat"' in row["Tags"]
    assert "gross" in row["x_CostEntryChangedBy"]
    assert reports(workspace)["gross", "cost_entry_received"].calls == 1


def test_an_entry_that_nobody_changes_says_nothing_of_plugins(workspace: Workspace) -> None:
    seen: list[CostEntry] = []

    @hook("cost_entry_received")
    def on_cost_entry(entry: CostEntry) -> CostEntry:  # type: ignore[return]
        seen.append(entry)

    workspace.costs.add_cost_entry(ENTRY)
    assert seen == [ENTRY]
    assert "x_CostEntryChangedBy" not in stored(workspace)["e-1"]
    assert reports(workspace)["on_cost_entry", "cost_entry_received"].failures == 0


def test_hooks_follow_one_another_by_name_and_each_sees_what_the_last_one_made(workspace: Workspace) -> None:
    @hook("cost_entry_received")
    def b_second(entry: CostEntry) -> CostEntry:
        return replace(entry, service=entry.service + "-b")

    @hook("cost_entry_received")
    def a_first(entry: CostEntry) -> CostEntry:
        return replace(entry, service=entry.service + "-a")

    workspace.costs.add_cost_entry(ENTRY)
    assert stored(workspace)["e-1"]["ServiceName"] == "ml-training-a-b"


def test_a_hook_can_mend_an_entry_that_could_not_be_stored(workspace: Workspace) -> None:
    @hook("cost_entry_received")
    def mend(entry: CostEntry) -> CostEntry:
        return replace(entry, category="Usage")

    wrong = replace(ENTRY, category="Nonsense")
    assert workspace.costs.add_cost_entry(wrong) is True
    assert workspace.costs.add_cost_entry(wrong) is False
    assert billed(workspace) == {"USD": Decimal("12.000000000000000001")}


def test_attribution_adds_tags_and_never_changes_one(workspace: Workspace) -> None:
    given: list[Mapping[str, Any]] = []

    @plugin(name="tags", version="1.2")
    class Tags(CostAttributionPlugin):
        def attribute(self, charge: Mapping[str, Any]) -> Mapping[str, str]:
            given.append(charge)
            return {"team": "other", "cost_center": "7"}

    workspace.costs.add_cost_entry(ENTRY)
    rows = workspace.costs.get_costs(group_by=["tags.team", "tags.cost_center"], time_range="all").rows
    assert [(row["tags.team"], row["tags.cost_center"]) for row in rows] == [("ml", "7")]
    assert given[0]["Tags"] == {"team": "ml"}
    assert given[0]["BilledCost"] == "12.000000000000000001"
    assert stored(workspace)["e-1"]["x_CostEntryChangedBy"] == "tags 1.2"


def test_a_delivery_is_told_before_and_after(workspace: Workspace, bill: Callable[..., Path]) -> None:
    told: list[Any] = []

    @hook("pre_collect_metrics")
    def before(source: str) -> None:
        told.append((source, len(workspace.deliveries())))

    @hook("post_collect_metrics")
    def after(source: str, outcome: Collected) -> None:
        told.append((source, len(workspace.deliveries()), outcome))

    path = bill(charge("10"), charge("2.5"))
    workspace.ingest([path], source="aws")
    workspace.ingest([path], source="aws")
    done = Collected("aws", "delivery", "done", rows=2, new=2)
    assert told == [("aws", 0), ("aws", 1, done), ("aws", 1), ("aws", 1, replace(done, new=0))]


def test_a_delivery_that_is_refused_is_told_as_failed(workspace: Workspace, tmp_path: Path) -> None:
    told: list[Collected] = []

    @hook("post_collect_metrics")
    def after(outcome: Collected) -> None:
        told.append(outcome)

    bad = tmp_path / "bad.csv"
    bad.write_text("nothing,of,focus\n1,2,3\n")
    with pytest.raises(FinOpsError):
        workspace.ingest([bad], source="aws")
    assert [(one.source, one.status) for one in told] == [("aws", "failed")]
    assert told[0].error


def collector(entries: Callable[[], Iterable[Any]], name: str = "meter") -> None:
    @plugin(name=name, version="1.0")
    class Own(TelemetryPlugin):
        def collect(self) -> Iterable[Any]:
            return entries()


def test_what_is_collected_is_taken_in_once(workspace: Workspace, runs: PluginRuns) -> None:
    told: list[Any] = []

    @hook("pre_collect_metrics")
    def before(source: str) -> None:
        told.append(source)

    @hook("post_collect_metrics")
    def after(outcome: Collected) -> None:
        told.append(outcome)

    collector(lambda: (replace(ENTRY, id=f"m-{number}") for number in range(3)))
    assert runs.collect("meter") == Collected("meter", "telemetry", "done", 3, 3)
    assert runs.collect("meter") == Collected("meter", "telemetry", "done", 3, 0)
    assert told == [
        "meter",
        Collected("meter", "telemetry", "done", 3, 3),
        "meter",
        Collected("meter", "telemetry", "done", 3, 0),
    ]
    assert billed(workspace) == {"USD": Decimal("36.000000000000000003")}


def test_an_entry_that_cannot_be_stored_does_not_hold_the_others_up(workspace: Workspace, runs: PluginRuns) -> None:
    workspace.costs.add_cost_entry(replace(ENTRY, id="known"))
    unfit = replace(ENTRY, id="unfit", cost="much")
    clash = replace(ENTRY, id="known", cost=99)
    collector(lambda: [unfit, replace(ENTRY, id="fine"), clash, replace(ENTRY, id="fine-2")])
    outcome = runs.collect("meter")
    assert (outcome.status, outcome.rows, outcome.new, outcome.refused) == ("done", 4, 2, 2)
    assert "much" in str(outcome.error)
    assert set(stored(workspace)) == {"known", "fine", "fine-2"}


def test_an_integration_gives_charges_and_sends_messages(workspace: Workspace, runs: PluginRuns) -> None:
    sent: list[Message] = []

    @plugin(name="tool", version="1.0")
    class Tool(IntegrationPlugin):
        capabilities = frozenset({"send", "charges"})

        def test_connection(self) -> Health:
            return Health(True)

        def send(self, message: Message) -> None:
            sent.append(message)

        def charges(self) -> Iterable[CostEntry]:
            return [ENTRY]

    assert runs.run("tool") == Collected("tool", "telemetry", "done", 1, 1)
    runs.send("tool", Message("Title", "Text"))
    assert sent == [Message("Title", "Text")]
    assert set(stored(workspace)) == {"e-1"}


def recommender(give: Callable[[Any], Iterable[Any]], name: str = "saver") -> None:
    @plugin(name=name, version="1.0")
    class Own(RecommendationPlugin):
        def recommend(self, costs: Any) -> Iterable[Any]:
            return give(costs)


def test_recommendations_are_computed_and_told(workspace: Workspace, runs: PluginRuns) -> None:
    told: list[Recommendation] = []

    @hook("recommendation_generated")
    def tell(recommendation: Recommendation) -> None:
        told.append(recommendation)

    def give(costs: Any) -> Iterable[Recommendation]:
        for row in costs.get_costs(group_by="ServiceName", time_range="all"):
            yield Recommendation("Stop it", row["ServiceName"], row["currency"], row["cost"], [dict(row)])

    recommender(give)
    recommender(lambda costs: [1 / 0], "broken")
    workspace.costs.add_cost_entry(ENTRY)
    found = runs.recommend()
    assert [(one.reason, one.monthly_saving) for one in found] == [("ml-training", Decimal("12.000000000000000001"))]
    assert told == found
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        runs.recommend("broken")


@pytest.mark.parametrize(
    ("saving", "currency", "evidence"),
    [(1.5, "USD", [{"a": 1}]), (Decimal("NaN"), "USD", [{"a": 1}]), (Decimal(1), None, [{"a": 1}]), (Decimal(1), "USD", [])],
)
def test_a_saving_that_was_not_computed_is_refused(saving: Any, currency: str | None, evidence: Any) -> None:
    with pytest.raises(PluginError):
        Recommendation("Save", "Because", currency, saving, evidence)
    assert Recommendation("Save", "Because").monthly_saving is None


def test_what_a_plugin_cannot_do_is_said(runs: PluginRuns) -> None:
    collector(list)
    with pytest.raises(UsageError, match="sends no messages"):
        runs.send("meter", Message("a", "b"))
    with pytest.raises(UsageError, match="recommends nothing"):
        runs.recommend("meter")
    with pytest.raises(NotFoundError):
        runs.collect("nobody")


@pytest.mark.parametrize("permissions", [{"plugins:read", "costs:read"}, {"plugins:write"}])
def test_who_may_not_run_a_plugin_does_not(workspace: Workspace, permissions: set[str]) -> None:
    from finopsmetrics.core.conditions import Condition

    collector(lambda: [ENTRY])
    scope = Condition.parse('ServiceName == "x"') if "plugins:write" in permissions else None
    asker = Principal("somebody", "person", frozenset(permissions), scope)
    with pytest.raises(ForbiddenError):
        PluginRuns(Acting(workspace, asker)).collect("meter")
    assert stored_nothing(workspace)


def stored_nothing(workspace: Workspace) -> bool:
    return len(workspace.costs.get_costs(time_range="all")) == 0


def test_a_plugin_is_not_called_back_for_what_it_does_itself(workspace: Workspace, manager: PluginManager) -> None:
    @hook("cost_entry_received")
    def adds_another(entry: CostEntry) -> None:
        workspace.costs.add_cost_entry(replace(entry, id=entry.id + "+"))

    workspace.costs.add_cost_entry(ENTRY)
    assert set(stored(workspace)) == {"e-1", "e-1+"}
    assert reports(workspace)["adds_another", "cost_entry_received"].failures == 0


def test_a_widget_of_a_window_is_over_what_the_asker_may_see(workspace: Workspace) -> None:
    from finopsmetrics import Window
    from finopsmetrics.core.conditions import Condition
    from finopsmetrics.plugins import DashboardPlugin, RenderContext, Widget

    @plugin(name="sum", version="1.0")
    class Sum(DashboardPlugin):
        def render(self, context: RenderContext) -> Widget:
            rows = [(row["currency"], row["cost"]) for row in context.costs.get_costs(time_range=context.window)]
            return Widget("Sum", ("Currency", "Cost"), rows)

    workspace.costs.add_cost_entries([ENTRY, replace(ENTRY, id="e-2", service="other", cost=1)])
    asker = Principal("somebody", "person", frozenset({"costs:read"}), Condition.parse('ServiceName == "other"'))
    window = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=31))
    [widget] = PluginRuns(Acting(workspace, asker)).widgets("test", window)
    assert widget.rows == [("USD", Decimal(1))]
