"""A registry of its own for each test, and short limits, so that a slow plugin costs a test little."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from finopsmetrics.plugins.manager import Limits, PluginManager
from finopsmetrics.plugins.registry import Registry, isolated
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.plugin_book import plugins_of

SHORT = Limits(start=1.0, hook=0.3, collect=10.0, export=10.0)


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[Registry]:
    with isolated() as registry:
        yield registry


@pytest.fixture
def manager(workspace: Workspace) -> PluginManager:
    """The plugins of `workspace`, with short limits; they start when they are first needed."""
    found = plugins_of(workspace.opened)
    found.limits = SHORT
    return found
