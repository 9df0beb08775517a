"""Plugins: which there are, whether they are on, how they are and how often they failed."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.runtime.extending import Extending

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
