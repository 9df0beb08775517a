"""Plugins: which there are, whether they are on, how they are and how often they failed."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import AskedWindow
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.observability.answers import plain_tree
from finopsmetrics.runtime.extending import Extending
from finopsmetrics.runtime.plugin_runs import PluginRuns

router = APIRouter(prefix=PREFIX, tags=["plugins"])


class PluginShown(BaseModel):
    """A plugin as it stands."""

    name: str
    state: str = Field(description="on, off, suspended, failed or missing.")
    version: str
    package: str | None = Field(description="The installed package that offers it; null for one that the program registered.")
    types: list[str] | None = Field(description="Its types; null where it is not started.")
    healthy: bool | None = Field(description="Whether it says that it is well; null where it is not started.")
    detail: str
    calls: int
    failures: int
    last_error: str | None = Field(description="Its last error in one line, without its secrets.")


class Plugins(BaseModel):
    """Every plugin by name."""

    plugins: list[PluginShown]


@router.get("/plugins", responses=problems())
@needs("plugins:read")
def plugins(backing: In) -> Plugins:
    """Every plugin that is installed, set up or registered, by name, with its health and its counts."""
    return Plugins(plugins=[PluginShown(**asdict(one)) for one in Extending(backing.acting).listed()])


class PluginWidget(BaseModel):
    """What a plugin shows on a page, as plain data: amounts are decimal text."""

    title: str
    columns: list[str]
    rows: list[list[str | int | None]]
    sentence: str


class PluginWidgets(BaseModel):
    """What every plugin shows on a page."""

    widgets: list[PluginWidget]


@router.get("/plugin-widgets", responses=problems())
@needs("costs:read")
def widgets(backing: In, window: AskedWindow) -> PluginWidgets:
    """What plugins show on the first page, over the charges that one may see; those that fail are left out."""
    with backing.gate.turn():
        found = PluginRuns(backing.acting).widgets("first page", window)
    return PluginWidgets(widgets=[PluginWidget(**plain_tree(asdict(one))) for one in found])
