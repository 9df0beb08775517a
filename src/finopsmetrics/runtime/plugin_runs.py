"""Runs of plugins: what a plugin of each type does, called within its limits, and what becomes of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, StoreError, UsageError
from finopsmetrics.core.windows import Window
from finopsmetrics.plugins.base import DashboardPlugin, IntegrationPlugin, RecommendationPlugin, TelemetryPlugin
from finopsmetrics.plugins.errors import ContractError, PluginError
from finopsmetrics.plugins.results import Collected, Message, Recommendation, RenderContext, Widget
from finopsmetrics.store.entries import CostEntry
from finopsmetrics.store.plugin_book import plugins_of

if TYPE_CHECKING:
    from finopsmetrics.plugins.active import Active
    from finopsmetrics.runtime.acting import Acting

MOST = 100_000  # of what a plugin may give in one call


class PluginRuns:
    """What one principal may let plugins do: `plugins:write` and all charges to run one, `costs:read` to see widgets."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._manager = plugins_of(acting.workspace.opened)

    def collect(self, name: str) -> Collected:
        """Let a telemetry plugin, or an integration that gives charges, collect; its entries are durable when this returns.

        Entries that cannot be stored are refused one by one and told in the outcome; the others are taken in.
        """
        one = self._one(name)
        gather = _gatherer(one)
        self._manager.fire("pre_collect_metrics", source=name)
        try:
            given = one.call("collect", partial(_listed, gather), self._manager.limits.collect, _all(CostEntry))
            outcome = self._add(name, given)
        except FinOpsError as error:
            outcome = Collected(name, "telemetry", "failed", error=str(error))
        self._manager.fire("post_collect_metrics", source=name, outcome=outcome)
        return outcome

    def _add(self, name: str, entries: list[CostEntry]) -> Collected:
        costs = self._acting.workspace.costs
        try:
            return Collected(name, "telemetry", "done", len(entries), costs.add_cost_entries(entries))
        except StoreError:
            raise
        except FinOpsError:  # one of them cannot be stored: each goes on its own, so that the others are
            new, refused = 0, list[str]()
        for entry in entries:
            try:
                new += costs.add_cost_entry(entry)
            except FinOpsError as error:
                refused.append(str(error))
        return Collected(name, "telemetry", "done", len(entries), new, len(refused), refused[0] if refused else None)

    def recommend(self, name: str | None = None) -> list[Recommendation]:
        """What one or every recommendation plugin finds; `recommendation_generated` is fired for each.

        One that fails gives nothing; asked for by name it raises PluginError.
        """
        chosen = [self._one(name)] if name else self._all(RecommendationPlugin)
        found: list[Recommendation] = []
        for one in chosen:
            plugin = one.plugin
            if not isinstance(plugin, RecommendationPlugin):
                raise UsageError(f"{name} recommends nothing.", cure="Name a recommendation plugin.")
            recommend = partial(plugin.recommend, self._acting.costs)
            try:
                found += one.call("recommend", partial(_listed, recommend), self._manager.limits.collect, _all(Recommendation))
            except PluginError:
                if name:
                    raise
        for recommendation in found:
            self._manager.fire("recommendation_generated", recommendation=recommendation)
        self._manager.tally.settle()
        return found

    def widgets(self, page: str, window: Window) -> list[Widget]:
        """What plugins show on a page, over the charges that the principal may see; those that fail are left out."""
        context = RenderContext(page, window, self._acting.costs)
        found: list[Widget] = []
        for one in self._manager.of(DashboardPlugin):
            try:
                found.append(self._rendered(one, context))
            except PluginError:
                continue  # counted and told by the call
        for given in self._manager.fire("dashboard_render", accept=_widgets, context=context):
            found += given
        return found

    def showing(self) -> list[str]:
        """The names of the plugins that show something, in order."""
        return sorted(one.name for one in self._manager.of(DashboardPlugin))

    def widget(self, name: str, context: RenderContext) -> Widget:
        """What one plugin shows. Raises UsageError for a name that shows nothing here, and PluginError when it fails."""
        self._acting.require("costs:read")
        if name not in self.showing():
            there = ", ".join(self.showing()) or "none; see `finopsmetrics plugins`"
            raise UsageError(f"No plugin {name!r} shows anything here.", cure=f"There are: {there}.")
        return self._rendered(self._manager.one(name), context)

    def _rendered(self, one: Active, context: RenderContext) -> Widget:
        assert isinstance(one.plugin, DashboardPlugin)
        found: Widget = one.call("render", partial(one.plugin.render, context), self._manager.limits.hook, _widget)
        return found

    def send(self, name: str, message: Message) -> None:
        """Hand a message to an integration. Raises PluginError when that fails."""
        one = self._one(name)
        plugin = one.plugin
        if not isinstance(plugin, IntegrationPlugin) or "send" not in plugin.capabilities:
            raise UsageError(f"{name} sends no messages.", cure="Name an integration that sends.")
        try:
            one.call("send", partial(plugin.send, message), self._manager.limits.collect)
        finally:
            self._manager.tally.settle()

    def run(self, name: str) -> Collected | list[Recommendation] | Widget:
        """Do what a plugin's type does: collect, recommend, or render. UsageError for one that only others call."""
        one = self._one(name)
        if isinstance(one.plugin, RecommendationPlugin):
            return self.recommend(name)
        if isinstance(one.plugin, DashboardPlugin):
            return self._rendered(one, RenderContext("command line", self._month(), self._acting.costs))
        return self.collect(name)

    def _month(self) -> Window:
        return Window.parse("30d", now=self._acting.workspace.now())

    def _one(self, name: str) -> Active:
        self._may()
        return self._manager.one(name)

    def _all(self, sort: type[Any]) -> list[Active]:
        self._may()
        return self._manager.of(sort)

    def _may(self) -> None:
        self._acting.require("plugins:write")
        self._acting.principal.require_all_charges("running a plugin")


def _gatherer(one: Active) -> Callable[[], Iterable[CostEntry]]:
    if isinstance(one.plugin, TelemetryPlugin):
        return one.plugin.collect
    if isinstance(one.plugin, IntegrationPlugin) and "charges" in one.plugin.capabilities:
        return one.plugin.charges
    cure = "Run a telemetry, recommendation or dashboard plugin, or an integration that gives charges."
    raise UsageError(f"{one.name} does nothing on its own.", cure=cure)


def _listed(give: Callable[[], Iterable[Any]]) -> list[Any]:
    return list(islice(give(), MOST + 1))


def _all(sort: type) -> Callable[[list[Any]], list[Any]]:
    """Accept a list of one sort of thing, and not too many."""

    def accept(found: list[Any]) -> list[Any]:
        odd = next((one for one in found if not isinstance(one, sort)), None)
        if odd is not None:
            raise ContractError(f"It gave {type(odd).__name__}.", cure=f"Give {sort.__name__} only.")
        if len(found) > MOST:
            raise ContractError(f"It gave more than {MOST:,}.", cure="Give fewer at a time.")
        return found

    return accept


def _widget(found: Any) -> Widget:
    if not isinstance(found, Widget):
        raise ContractError(f"It gave {type(found).__name__}.", cure="Give a Widget.")
    return found


def _widgets(found: Any) -> list[Widget]:
    if found is None or isinstance(found, Widget):
        return [] if found is None else [found]
    if not isinstance(found, (list, tuple)):
        raise ContractError(f"It gave {type(found).__name__}.", cure="Give a Widget, or a list of them.")
    return _all(Widget)(list(found))
