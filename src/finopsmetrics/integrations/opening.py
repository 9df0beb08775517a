"""Open a source: the integration that collects, its settings checked, its secrets by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from pydantic import ValidationError

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import Outside, Source, SourceModule, SourceSettings
from finopsmetrics.integrations.manifest import Collect
from finopsmetrics.integrations.registry import manifests


def collectors() -> dict[str, Collect]:
    """The integrations that collect, by name; no vendor's code is imported."""
    found = {name: manifest.capabilities.collect for name, manifest in manifests().items()}
    return {name: collect for name, collect in found.items() if collect is not None}


def collector(vendor: str) -> Collect:
    """How an integration collects. Raises UsageError for one that does not."""
    known = collectors()
    if vendor not in known:
        raise UsageError(f"The integration {vendor!r} collects no bills.", cure=f"These do: {', '.join(known)}.")
    return known[vendor]


def settings_model(vendor: str) -> type[SourceSettings]:
    """The settings that an integration's source takes."""
    return _module(vendor, collector(vendor)).Settings


def check_secrets(vendor: str, given: Mapping[str, str]) -> None:
    """Raise UsageError when secrets are given that the source does not know, or one is absent that it needs."""
    collect = collector(vendor)
    unknown = sorted(set(given) - collect.secret_names())
    absent = sorted(collect.secret_names(needed=True) - set(given))
    if unknown or absent:
        told = f"it does not know {', '.join(unknown)}" if unknown else f"it needs {', '.join(absent)}"
        names = ", ".join(collect.secrets) or "none"
        raise UsageError(f"The secrets of {vendor} are wrong: {told}.", cure=f"Its secrets: {names} (? may be absent).")


def open_source(vendor: str, settings: Mapping[str, Any], secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of an integration. Raises UsageError that names what is wrong with the settings, and SourceError."""
    collect = collector(vendor)
    module = _module(vendor, collect)
    check_secrets(vendor, secrets)
    try:
        return module.open_source(checked_settings(vendor, settings), secrets, outside)
    except ModuleNotFoundError as error:
        cure = f"pip install finopsmetrics[{collect.extra}]." if collect.extra else "Install it."
        raise UsageError(f"{vendor} needs the package {error.name}.", cure=cure) from error


def checked_settings(vendor: str, settings: Mapping[str, Any]) -> SourceSettings:
    """The settings as the source takes them. Raises UsageError that names each fault and the settings there are."""
    model = settings_model(vendor)
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()[:5])
        names = ", ".join(f"{name}{'' if entry.is_required() else '?'}" for name, entry in model.model_fields.items())
        raise UsageError(
            f"The settings of {vendor} are wrong: {faults}.", cure=f"Its settings: {names} (? may be absent)."
        ) from None


def _module(vendor: str, collect: Collect) -> SourceModule:
    return cast(SourceModule, import_module(f"finopsmetrics.integrations.{vendor}.{collect.module}"))
