"""Open a source: the integration that collects, its settings checked, its secrets by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from pydantic import ValidationError

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import Outside, Source, SourceModule, SourceSettings
from finopsmetrics.integrations.manifest import Collect, Socket
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
    secrets_of(vendor, collector(vendor), given)


def secrets_of(vendor: str, socket: Socket, given: Mapping[str, str]) -> None:
    """Raise UsageError when secrets are given that a capability does not know, or one is absent that it needs."""
    unknown = sorted(set(given) - socket.secret_names())
    absent = sorted(socket.secret_names(needed=True) - set(given))
    if unknown or absent:
        told = f"it does not know {', '.join(unknown)}" if unknown else f"it needs {', '.join(absent)}"
        names = ", ".join(socket.secrets) or "none"
        raise UsageError(f"The secrets of {vendor} are wrong: {told}.", cure=f"Its secrets: {names} (? may be absent).")


def open_source(vendor: str, settings: Mapping[str, Any], secrets: Mapping[str, str], outside: Outside) -> Source:
    """A source of an integration. Raises UsageError that names what is wrong with the settings, and SourceError."""
    collect = collector(vendor)
    module = _module(vendor, collect)
    check_secrets(vendor, secrets)
    try:
        return module.open_source(checked_settings(vendor, settings), secrets, outside)
    except ModuleNotFoundError as error:
        raise missing_package(vendor, collect, error) from error


def missing_package(vendor: str, socket: Socket, error: ModuleNotFoundError) -> UsageError:
    """The error for a package that a capability needs and that is not there."""
    cure = f"pip install finopsmetrics[{socket.extra}]." if socket.extra else "Install it."
    return UsageError(f"{vendor} needs the package {error.name}.", cure=cure)


def checked_settings(vendor: str, settings: Mapping[str, Any]) -> SourceSettings:
    """The settings as the source takes them. Raises UsageError that names each fault and the settings there are."""
    return settings_of(vendor, settings_model(vendor), settings)


def settings_of(vendor: str, model: type[SourceSettings], settings: Mapping[str, Any]) -> SourceSettings:
    """Settings as a capability's model takes them. Raises UsageError that names each fault and the settings there are."""
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
