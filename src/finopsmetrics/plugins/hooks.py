"""The six hooks: their names, their exact arguments, and who listens to them. pluggy is used here and nowhere else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from finopsmetrics.plugins.errors import ContractError

if TYPE_CHECKING:
    from finopsmetrics.kinds.budget import Budget
    from finopsmetrics.plugins.results import Collected, Recommendation, RenderContext, Widget
    from finopsmetrics.store.entries import CostEntry

PROJECT = "finopsmetrics"
F = TypeVar("F", bound=Callable[..., Any])
_spec = pluggy.HookspecMarker(PROJECT)
_mark = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    """What each hook is given and may give. A hook takes any of its arguments, by their names."""

    @_spec
    def pre_collect_metrics(self, source: str) -> None:
        """Before a collection: a telemetry plugin's, or a delivery's. `source` is the plugin's or the delivery's name."""

    @_spec
    def post_collect_metrics(self, source: str, outcome: Collected) -> None:
        """After a collection, also when it failed. What was taken in stays taken in, whatever a hook does."""

    @_spec
    def cost_entry_received(self, entry: CostEntry) -> CostEntry | None:
        """Transform a new cost entry before storage: give another with the same id, or None to leave it as it is."""

    @_spec
    def budget_threshold_exceeded(self, budget: Budget, current: Decimal, threshold: Decimal, period: str) -> None:
        """A budget's spend reached a threshold for the first time in its period. `current` is exact, in its currency."""

    @_spec
    def recommendation_generated(self, recommendation: Recommendation) -> None:
        """A recommendation was made by a plugin."""

    @_spec
    def dashboard_render(self, context: RenderContext) -> Iterable[Widget] | None:
        """The first page is made: give more widgets for it, or None."""


HOOKS: Mapping[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(one).parameters)[1:] for name, one in vars(HookSpecs).items() if not name.startswith("_")
}
"""Each hook's arguments by its name."""


@dataclass(frozen=True)
class Listener:
    """A function that listens to a hook: whose it is, and which of the arguments it takes."""

    owner: str
    hook: str
    call: Callable[..., Any]
    takes: tuple[str, ...]

    def chosen(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a hook's arguments that the function takes."""
        return {name: arguments[name] for name in self.takes}


def mark(name: str, function: F) -> F:
    """Mark a function as one that listens to a hook. Raises ContractError for an unknown hook or argument."""
    if name not in HOOKS:
        near = get_close_matches(str(name), HOOKS, n=1, cutoff=0)
        raise ContractError(f"There is no hook {name!r}.", cure=f"Did you mean {near[0]}? The hooks are {', '.join(HOOKS)}.")
    taken = [parameter for parameter in inspect.signature(function).parameters.values() if parameter.name != "self"]
    named = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    odd = [one.name for one in taken if one.name not in HOOKS[name] or one.kind not in named]
    if odd:
        cure = f"It may take {', '.join(HOOKS[name])}."
        raise ContractError(f"The hook {name} has no argument {', '.join(odd)}.", cure=cure)
    if inspect.iscoroutinefunction(function):
        raise ContractError(f"{function.__name__} is a coroutine.", cure="Write a hook as a plain function.")
    marked: F = _mark(specname=name)(function)
    return marked


class Listeners:
    """Who listens to which hook, in the order of the owners' names."""

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager(PROJECT)
        self._pluggy.add_hookspecs(HookSpecs)
        self._count = 0

    def add(self, owner: str, holder: object) -> None:
        """Take the marked methods of a plugin, or a marked function. Raises ContractError."""
        self._count += 1
        whole = SimpleNamespace(function=holder) if inspect.isroutine(holder) else holder
        try:
            self._pluggy.register(whole, name=f"{owner}\n{self._count}")
        except Exception as error:  # also what a property of the plugin raises when it is looked at
            raise ContractError(f"A hook of {owner} does not fit: {(str(error).splitlines() or [''])[-1]}") from error

    def of(self, hook: str) -> list[Listener]:
        """The listeners of a hook, by their owners' names, then in the order in which they came."""
        implementations = getattr(self._pluggy.hook, hook).get_hookimpls()
        ordered = sorted(implementations, key=lambda one: (one.plugin_name.split("\n")[0], int(one.plugin_name.split("\n")[1])))
        return [Listener(one.plugin_name.split("\n")[0], hook, one.function, tuple(_takes(one.function))) for one in ordered]


def _takes(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]
