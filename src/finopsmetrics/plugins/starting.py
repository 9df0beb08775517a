"""From a class to a plugin that has started: what it must be, its settings, and its start under a time limit."""

from __future__ import annotations

import re

from pydantic import BaseModel

from finopsmetrics.plugins.base import ExportPlugin, FinOpsPlugin, IntegrationPlugin, types_of
from finopsmetrics.plugins.config import plain_secrets
from finopsmetrics.plugins.errors import ContractError

NAME = re.compile(r"[a-z][a-z0-9-]{1,79}")
FORMAT = re.compile(r"[a-z][a-z0-9]{0,19}")
BUILT_IN_FORMATS = ("parquet", "csv", "csv.gz")
CAPABILITIES = {"send", "charges"}


def made(cls: type[FinOpsPlugin]) -> FinOpsPlugin:
    """An instance of a plugin's class. Raises ContractError, which names the methods that it lacks."""
    lacking = sorted(getattr(cls, "__abstractmethods__", ()))
    if lacking:
        cure = "Write them; see docs/development/plugin_guide.md."
        raise ContractError(f"{cls.__qualname__} lacks {', '.join(lacking)}.", cure=cure)
    try:
        return cls()
    except Exception as error:
        raise ContractError(
            f"{cls.__qualname__}() raised {type(error).__name__}: {error}.", cure="Start in initialize."
        ) from error


def problems(plugin: FinOpsPlugin, expected: str | None = None) -> list[str]:
    """What a plugin is not and should be; `expected` is the name of its entry point."""
    try:
        name, version = plugin.name, plugin.version
        found = _of_name(name, version, expected)
        return found + _of_types(plugin) + _of_config(plugin)
    except Exception as error:
        return [f"its description raised {type(error).__name__}: {error}"]


def _of_name(name: object, version: object, expected: str | None) -> list[str]:
    found = []
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found.append(f"its name is {name!r}: use lower case letters, digits and dashes, at least two")
    if not isinstance(version, str) or not version.strip() or len(version) > 60:
        found.append(f"its version is {version!r}: use text such as 1.0.0")
    if expected is not None and name != expected:
        found.append(f"it calls itself {name!r} and its entry point calls it {expected!r}: use one name")
    return found


def _of_types(plugin: FinOpsPlugin) -> list[str]:
    found = []
    if not types_of(plugin) and not _hooks(plugin):
        found.append("it is of none of the six types and listens to no hook")
    if isinstance(plugin, ExportPlugin) and (not FORMAT.fullmatch(str(plugin.format)) or plugin.format in BUILT_IN_FORMATS):
        found.append(f"its format is {plugin.format!r}: use a new name of lower case letters and digits")
    if isinstance(plugin, IntegrationPlugin):
        odd = set(plugin.capabilities) - CAPABILITIES
        if odd or not plugin.capabilities:
            found.append(f"its capabilities are {sorted(plugin.capabilities)}: use some of {', '.join(sorted(CAPABILITIES))}")
        for one in sorted(set(plugin.capabilities) & CAPABILITIES):
            if getattr(type(plugin), one) is getattr(IntegrationPlugin, one):
                found.append(f"it declares {one} and does not write it")
    return found


def _of_config(plugin: FinOpsPlugin) -> list[str]:
    model: object = plugin.Config
    if model is None:
        return []
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return ["its Config is no pydantic model: derive it from PluginConfig"]
    return [f"its setting {name} is a SecretStr: use finopsmetrics.plugins.Secret" for name in plain_secrets(model)]


def _hooks(plugin: FinOpsPlugin) -> list[str]:
    from finopsmetrics.plugins.hooks import HOOKS, Listeners

    listeners = Listeners()
    listeners.add("one", plugin)
    return [name for name in HOOKS if listeners.of(name)]
