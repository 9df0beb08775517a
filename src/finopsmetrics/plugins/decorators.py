"""`@plugin` registers a class, `@hook` a function or a method of a plugin."""

from __future__ import annotations

from abc import update_abstractmethods
from collections.abc import Callable
from typing import Any, TypeVar

from finopsmetrics.plugins import hooks
from finopsmetrics.plugins.base import FinOpsPlugin
from finopsmetrics.plugins.errors import ContractError
from finopsmetrics.plugins.registry import registry

P = TypeVar("P", bound=FinOpsPlugin)
F = TypeVar("F", bound=Callable[..., Any])


def plugin(*, name: str | None = None, version: str | None = None) -> Callable[[type[P]], type[P]]:
    """Register a class of the program itself as a plugin that is on: `@plugin(name="my-plugin", version="1.0")`.

    What is not given here the class says itself. Raises ContractError for a class that is no FinOpsPlugin.
    """

    def register(cls: type[P]) -> type[P]:
        if not isinstance(cls, type) or not issubclass(cls, FinOpsPlugin):
            raise ContractError(f"{cls!r} is no FinOpsPlugin.", cure="Write @plugin(...) above a class of one of the six types.")
        for label, value in (("name", name), ("version", version)):
            if value is not None:
                setattr(cls, label, value)
        update_abstractmethods(cls)
        registry().add_class(cls)
        return cls

    return register


def hook(name: str) -> Callable[[F], F]:
    """Let a function, or a method of a plugin, listen to a hook: `@hook("cost_entry_received")`.

    A function is registered at once; a method listens when its plugin is on. Raises ContractError for a hook or an
    argument that does not exist, with the list of those that do.
    """

    def register(function: F) -> F:
        marked = hooks.mark(name, function)
        if "." not in function.__qualname__.rpartition("<locals>.")[2]:
            registry().add_function(marked)
        return marked

    return register
