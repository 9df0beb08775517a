"""Plugins and hooks: the sockets that built-ins and strangers use alike. See docs/development/plugin_guide.md."""

from finopsmetrics.plugins.base import (
    CostAttributionPlugin,
    DashboardPlugin,
    ExportPlugin,
    FinOpsPlugin,
    IntegrationPlugin,
    RecommendationPlugin,
    TelemetryPlugin,
)
from finopsmetrics.plugins.config import PluginConfig, Secret
from finopsmetrics.plugins.decorators import hook, plugin
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.hooks import HOOKS
from finopsmetrics.plugins.manager import PluginManager
from finopsmetrics.plugins.results import Collected, Health, Message, Recommendation, RenderContext, Widget

__all__ = [
    "HOOKS",
    "Collected",
    "CostAttributionPlugin",
    "DashboardPlugin",
    "ExportPlugin",
    "FinOpsPlugin",
    "Health",
    "IntegrationPlugin",
    "Message",
    "PluginConfig",
    "PluginError",
    "PluginManager",
    "Recommendation",
    "RecommendationPlugin",
    "RenderContext",
    "Secret",
    "TelemetryPlugin",
    "Widget",
    "hook",
    "plugin",
]
