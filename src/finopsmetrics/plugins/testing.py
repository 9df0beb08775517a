"""A contract kit for authors of plugins: subclass `PluginContract` in your tests, or ask `check_plugin` for what is wrong.

```
class TestMyPlugin(PluginContract):
    plugin = MyPlugin
    config = {"path": "readings.csv"}
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.core.windows import Window
from finopsmetrics.plugins.active import Active
from finopsmetrics.plugins.base import (
    CostAttributionPlugin,
    DashboardPlugin,
    ExportPlugin,
    FinOpsPlugin,
    IntegrationPlugin,
    RecommendationPlugin,
    TelemetryPlugin,
)
from finopsmetrics.plugins.checking import begin, end, health_of
from finopsmetrics.plugins.config import checked
from finopsmetrics.plugins.errors import PluginConfigError, PluginError
from finopsmetrics.plugins.registry import isolated
from finopsmetrics.plugins.results import Recommendation, RenderContext, Widget
from finopsmetrics.plugins.starting import made, problems

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

__all__ = ["PluginContract", "charge", "check_plugin", "isolated", "started"]

LIMIT = 30.0  # seconds for each call of a check


def charge(**columns: Any) -> Mapping[str, Any]:
    """A charge as attribution is given it: FOCUS columns in text, `Tags` as a mapping; `columns` replace or add."""
    plain = {
        "BilledCost": "12.5",
        "EffectiveCost": "12.5",
        "BillingCurrency": "USD",
        "SubAccountId": "123456789012",
        "ServiceName": "Virtual Machines",
        "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-05-03T10:00:00Z",
        "ResourceId": "i-0abc",
        "Tags": {"environment": "production"},
    }
    return MappingProxyType({**plain, **columns})


@contextmanager
def started(plugin: type[FinOpsPlugin] | FinOpsPlugin, config: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """A plugin that has started with its settings, and is ended afterwards. Raises PluginError for what goes wrong."""
    own = made(plugin) if isinstance(plugin, type) else plugin
    one = begin(own, config or {}, LIMIT)
    try:
        yield own
    finally:
        end(one, LIMIT)


def check_plugin(
    plugin: type[FinOpsPlugin] | FinOpsPlugin,
    config: Mapping[str, Any] | None = None,
    *,
    costs: CostObservatory | None = None,
    connect: bool = False,
) -> list[str]:
    """What is wrong with a plugin, each in a sentence; nothing when it keeps its contract.

    It is started with `config` and called as the product calls it. Recommendation and dashboard plugins are only called with
    `costs`; an integration's connection is only tested with `connect`.
    """
    try:
        own = made(plugin) if isinstance(plugin, type) else plugin
    except PluginError as error:
        return [str(error)]
    wrong = problems(own)
    if wrong:
        return wrong
    wrong += _unknown_settings(own, config or {})
    try:
        one = begin(own, config or {}, LIMIT)
    except FinOpsError as error:
        return [*wrong, str(error)]
    try:
        health = health_of(one, LIMIT, connecting=connect)
        wrong += [] if health.ok else [f"it is not well: {health.detail}"]
        wrong += _calls(one, costs)
    finally:
        end(one, LIMIT)
    return wrong


def _unknown_settings(plugin: FinOpsPlugin, config: Mapping[str, Any]) -> list[str]:
    try:
        checked(plugin.name, plugin.Config, {**config, "a_setting_that_nobody_declared": 1}, resolving=False)
    except PluginConfigError:
        return []
    return ["it takes a setting that it does not declare"]


def _calls(one: Active, costs: CostObservatory | None) -> list[str]:
    """Call what a plugin's types promise, and look at what comes back."""
    plugin = one.plugin
    asked: list[Callable[[], list[str]]] = []
    if isinstance(plugin, TelemetryPlugin):
        asked.append(partial(_collects, plugin.collect))
    if isinstance(plugin, IntegrationPlugin) and "charges" in plugin.capabilities and costs is not None:
        asked.append(partial(_collects, plugin.charges))
    if isinstance(plugin, CostAttributionPlugin):
        asked.append(partial(_attributes, plugin))
    if isinstance(plugin, ExportPlugin):
        asked.append(partial(_exports, plugin))
    if costs is not None and isinstance(plugin, RecommendationPlugin):
        asked.append(partial(_recommends, plugin, costs))
    if costs is not None and isinstance(plugin, DashboardPlugin):
        asked.append(partial(_renders, plugin, costs))
    wrong: list[str] = []
    for ask in asked:
        try:
            wrong += one.call("check", ask, LIMIT)
        except PluginError as error:
            wrong.append(str(error))
    return wrong


def _collects(collect: Callable[[], Iterable[Any]]) -> list[str]:
    first, again = list(collect()), list(collect())
    wrong: list[str] = []
    for entry in first:
        if not hasattr(entry, "as_charge"):
            return [f"it collects {type(entry).__name__}: give CostEntry"]
        try:
            entry.as_charge()
        except FinOpsError as error:
            wrong.append(f"an entry cannot be stored: {error}")
    ids = [entry.id for entry in first]
    if len(set(ids)) < len(ids):
        wrong.append("two of its entries have the same id")
    known = {entry.id: entry for entry in first}
    if any(entry.id in known and known[entry.id] != entry for entry in again):
        wrong.append("an entry that comes again with its id has other content: give a changed charge a new id")
    return wrong


def _attributes(plugin: CostAttributionPlugin) -> list[str]:
    wrong: list[str] = []
    for given in (charge(), charge(SubAccountId="", Tags={}, ResourceId="")):
        found = plugin.attribute(given)
        if not isinstance(found, Mapping) or not all(isinstance(one, str) for pair in found.items() for one in pair):
            wrong.append("attribute gives no mapping of text to text")
        elif dict(found) != dict(plugin.attribute(given)):
            wrong.append("attribute gives other tags for the same charge")
    return wrong


def _exports(plugin: ExportPlugin) -> list[str]:
    import pyarrow as pa

    wrong: list[str] = []
    cost = pa.array([Decimal("0.000000000000000001"), None], pa.decimal128(38, 18))
    at = pa.array([datetime(2026, 5, 1, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))
    names = pa.array(['=HYPERLINK("x")', 'a "b",\nc'], pa.string())
    table = pa.table({"BilledCost": cost, "ChargePeriodStart": at, "ServiceName": names})
    for rows in (table, table.slice(0, 0)):
        with TemporaryDirectory() as folder:
            target = Path(folder) / f"charges.{plugin.format}"
            read: list[int] = []

            def batches(rows: pa.Table = rows, read: list[int] = read) -> Iterator[pa.RecordBatch]:
                for batch in rows.to_batches(1):
                    read.append(batch.num_rows)
                    yield batch

            plugin.write(pa.RecordBatchReader.from_batches(table.schema, batches()), target)
            wrong += [] if target.is_file() else ["write makes no file"]
            wrong += [] if sum(read) == rows.num_rows else [f"write takes {sum(read)} of {rows.num_rows} rows"]
    return wrong


def _recommends(plugin: RecommendationPlugin, costs: CostObservatory) -> list[str]:
    odd = [one for one in plugin.recommend(costs) if not isinstance(one, Recommendation)]
    return [f"it recommends {type(odd[0]).__name__}: give Recommendation"] if odd else []


def _renders(plugin: DashboardPlugin, costs: CostObservatory) -> list[str]:
    found: object = plugin.render(RenderContext("check", Window.parse("30d", now=datetime.now(UTC)), costs))
    return [] if isinstance(found, Widget) else [f"it renders {type(found).__name__}: give Widget"]


class PluginContract:
    """Tests that every plugin passes, for pytest: set `plugin` and `config`, and override `costs` to have it called with some."""

    plugin: ClassVar[type[FinOpsPlugin]]
    config: ClassVar[Mapping[str, Any]] = {}

    def costs(self, folder: Path) -> CostObservatory | None:  # noqa: ARG002
        """The costs that recommendation and dashboard plugins are called with; `folder` is empty. None: they are not called."""
        return None

    def test_the_plugin_keeps_its_contract(self, tmp_path: Path) -> None:
        """It is whole, refuses unknown settings, starts, is well, and gives what its types promise."""
        assert check_plugin(self.plugin, self.config, costs=self.costs(tmp_path)) == []

    def test_the_plugin_starts_again_after_its_end(self) -> None:
        """Two lives of a plugin in one process do not disturb each other."""
        for _ in range(2):
            with started(self.plugin, self.config) as plugin:
                assert plugin.health().ok
