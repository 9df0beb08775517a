"""The settings of a plugin: checked against its `Config`, secrets given as references and resolved only when it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError, ValidationInfo

from finopsmetrics.plugins.errors import PluginConfigError

_LARGEST = 65_536


class PluginConfig(BaseModel):
    """The base of a plugin's settings: frozen, and a key that is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _secret(value: Any, info: ValidationInfo) -> Any:
    """Check a reference, and resolve it unless the context says that it is only checked."""
    if not isinstance(value, str) or value.partition(":")[0] not in {"env", "file"} or not value.partition(":")[2].strip():
        raise ValueError("a secret is given as env:NAME or file:PATH, never as itself")
    context = info.context or {}
    if not context.get("resolve", True):
        return value
    found = resolve(value)
    context.get("found", []).append(found)
    return found


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
"""A field that holds a secret: its setting is `env:NAME` or `file:PATH`; its value never leaves the process."""


def resolve(reference: str) -> str:
    """The secret that a reference names. Raises ValueError, which says what is missing and never what was found."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        found = os.environ.get(place, "")
    else:
        try:
            with Path(place).open(encoding="utf-8") as text:
                found = text.read(_LARGEST).strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"the file {place} cannot be read") from error
    if not found:
        raise ValueError(f"{'the variable' if kind == 'env' else 'the file'} {place} is empty or not there")
    return found


@dataclass(frozen=True)
class Settings:
    """Settings that were checked: values by name, and the secrets among them, to be kept out of every message."""

    values: dict[str, Any]
    secrets: tuple[str, ...] = field(default=(), repr=False)


def checked(name: str, model: type[BaseModel] | None, given: Mapping[str, Any], *, resolving: bool) -> Settings:
    """Settings as a plugin takes them; secrets stay references unless `resolving`. Raises PluginConfigError."""
    if model is None:
        if given:
            cure = "Leave them out, or let the plugin declare a Config."
            raise PluginConfigError(f"{name} takes no settings, and {', '.join(sorted(map(str, given)))} was given.", cure=cure)
        return Settings({})
    found: list[str] = []
    try:
        made = _strict(model).model_validate(dict(given), context={"resolve": resolving, "found": found})
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()[:5])
        cure = f"Mend them, and give them again: finopsmetrics plugins enable {name} --config FILE."
        raise PluginConfigError(f"The settings of {name} are not valid: {'; '.join(faults)}.", cure=cure) from None
    except Exception as error:  # a validator of the plugin's, or a model that is not whole; its message may hold a secret
        raise PluginConfigError(
            f"The settings of {name} cannot be checked: {type(error).__name__}.", cure="Mend its Config."
        ) from None
    return Settings(dict(made), tuple(found))


def plain_secrets(model: type[BaseModel]) -> list[str]:
    """Fields of pydantic's own SecretStr that would have to be stored as they are."""
    return [
        name
        for name, field_ in model.model_fields.items()
        if field_.annotation is SecretStr and not any(getattr(one, "func", None) is _secret for one in field_.metadata)
    ]


def _strict(model: type[BaseModel]) -> type[BaseModel]:
    if model.model_config.get("extra") == "forbid" and model.model_config.get("hide_input_in_errors"):
        return model
    strict = ConfigDict(extra="forbid", hide_input_in_errors=True)
    return type(model.__name__, (model,), {"model_config": strict, "__module__": model.__module__, "__doc__": model.__doc__})
