"""The plugin and its six types. A plugin is a class of one or more of them; what it must write is abstract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from finopsmetrics.plugins.errors import NoCapabilityError
from finopsmetrics.plugins.results import Health, Message, Recommendation, RenderContext, Widget

if TYPE_CHECKING:
    import pyarrow
    from pydantic import BaseModel

    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.store.entries import CostEntry


class FinOpsPlugin(ABC):
    """What every plugin is: a name, a version, a start and an end.

    Methods may be called from several threads at once, each under a time limit; what they raise is counted and reported and
    harms nobody else. `Config` is a pydantic model of the settings; without one a plugin takes none.
    """

    Config: ClassVar[type[BaseModel] | None] = None
    config: Mapping[str, Any] = {}

    @property
    @abstractmethod
    def name(self) -> str:
        """The plugin's name: lower case, digits and dashes; that of its entry point."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The plugin's version."""

    def initialize(self, config: dict[str, Any]) -> None:
        """Start with checked settings; secrets are SecretStr. Unless overridden, they are kept as `self.config`."""
        self.config = config

    def shutdown(self) -> None:  # noqa: B027 - most plugins have nothing to end
        """End: called once when the home is closed."""

    def health(self) -> Health:
        """Whether the plugin can do its work now; true unless overridden."""
        return Health(True)


class TelemetryPlugin(FinOpsPlugin):
    """Collects costs that no bill holds."""

    @abstractmethod
    def collect(self) -> Iterable[CostEntry]:
        """The cost entries of now. An entry that comes again with the same id and content is no change."""


class CostAttributionPlugin(FinOpsPlugin):
    """Adds tags to charges by its own logic."""

    @abstractmethod
    def attribute(self, charge: Mapping[str, Any]) -> Mapping[str, str]:
        """More tags for a charge, given as FOCUS columns in text with `Tags` as a mapping. A tag that is there stays."""


class RecommendationPlugin(FinOpsPlugin):
    """Finds what could cost less."""

    @abstractmethod
    def recommend(self, costs: CostObservatory) -> Iterable[Recommendation]:
        """Recommendations computed from the costs; a saving that cannot be computed is None."""


class DashboardPlugin(FinOpsPlugin):
    """Shows a part of the first page."""

    @abstractmethod
    def render(self, context: RenderContext) -> Widget:
        """The part as plain data."""


class ExportPlugin(FinOpsPlugin):
    """Writes charges in a format of its own: `finopsmetrics export --format FORMAT`."""

    @property
    @abstractmethod
    def format(self) -> str:
        """The format's name, which is also the ending of its files: lower case and digits."""

    @abstractmethod
    def write(self, table: pyarrow.RecordBatchReader, target: Path) -> None:
        """Write all of the batches to the file `target`: costs are DECIMAL(38,18), times UTC."""


class IntegrationPlugin(FinOpsPlugin):
    """Reaches an outside tool. `capabilities` say for what: `send` messages, fetch `charges`, or both."""

    capabilities: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def test_connection(self) -> Health:
        """Whether the tool can be reached with these settings, without changing anything in it."""

    def send(self, message: Message) -> None:  # noqa: ARG002
        """Hand a message to the tool; for those whose capabilities name `send`."""
        raise NoCapabilityError(f"{self.name} sends no messages.")

    def charges(self) -> Iterable[CostEntry]:
        """What the tool costs, as cost entries; for those whose capabilities name `charges`."""
        raise NoCapabilityError(f"{self.name} gives no charges.")


TYPES: dict[str, type[Any]] = {
    "telemetry": TelemetryPlugin,
    "attribution": CostAttributionPlugin,
    "recommendation": RecommendationPlugin,
    "dashboard": DashboardPlugin,
    "export": ExportPlugin,
    "integration": IntegrationPlugin,
}
"""The six types by their short names."""


def types_of(plugin: FinOpsPlugin) -> list[str]:
    """The short names of the types that a plugin is of."""
    return [name for name, sort in TYPES.items() if isinstance(plugin, sort)]
