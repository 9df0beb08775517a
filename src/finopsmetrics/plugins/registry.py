"""Which plugins there are: those that this process registered by decorator, and those that installed packages offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from finopsmetrics.plugins.base import FinOpsPlugin
from finopsmetrics.plugins.errors import ContractError

GROUP = "finopsmetrics.plugins"
_loading: ContextVar[str | None] = ContextVar("loading", default=None)


@dataclass(frozen=True)
class Registered:
    """A class or a hook function, and the installed plugin whose loading registered it; None: the program itself did."""

    what: Any
    owner: str | None


@dataclass
class Registry:
    """What decorators registered, in order."""

    classes: list[Registered] = field(default_factory=list)
    functions: list[Registered] = field(default_factory=list)

    def add_class(self, cls: type[FinOpsPlugin]) -> None:
        """Register a class. One that is defined again under its name, as in a notebook, takes the place of the first."""
        self.classes = [one for one in self.classes if _place(one.what) != _place(cls)]
        self.classes.append(Registered(cls, _loading.get()))

    def add_function(self, function: Callable[..., Any]) -> None:
        """Register a hook function. One that is written again, as in a notebook, takes the place of the first."""
        self.functions = [one for one in self.functions if not _rewritten(one.what, function)]
        self.functions.append(Registered(function, _loading.get()))

    def own_classes(self) -> list[type[FinOpsPlugin]]:
        """Classes that the program itself registered: these are on."""
        return [one.what for one in self.classes if one.owner is None]

    def functions_of(self, owner: str | None) -> list[Callable[..., Any]]:
        """Hook functions that came with an installed plugin, or with the program itself (None)."""
        return [one.what for one in self.functions if one.owner == owner]


def _place(cls: type[FinOpsPlugin]) -> tuple[str, str, str]:
    return cls.__module__, cls.__qualname__, str(vars(cls).get("name"))


def _rewritten(old: Callable[..., Any], new: Callable[..., Any]) -> bool:
    """Whether both stand at one place with different code; functions that one factory makes share their code, and stay."""
    same = (old.__module__, old.__qualname__) == (new.__module__, new.__qualname__)
    return same and getattr(old, "__code__", old) is not getattr(new, "__code__", new)


_current = Registry()


def registry() -> Registry:
    """The registry of this process."""
    return _current


@contextmanager
def isolated() -> Iterator[Registry]:
    """An empty registry for a time, for tests; what was registered before comes back afterwards."""
    global _current  # noqa: PLW0603 - one registry a process, exchanged only here
    before, _current = _current, Registry()
    try:
        yield _current
    finally:
        _current = before


@dataclass(frozen=True)
class Offer:
    """A plugin that an installed package offers; nothing of it is imported yet."""

    name: str
    target: str
    package: str
    package_version: str
    entry: EntryPoint = field(compare=False, repr=False)

    def load(self) -> type[FinOpsPlugin]:
        """Import the plugin's class. Raises ContractError with what is wrong when it cannot be used."""
        token = _loading.set(self.name)
        try:
            found = self.entry.load()
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise ContractError(f"{self.name} cannot be loaded from {self.target}: {told}.", cure="Mend its package.") from error
        except SystemExit as error:
            raise ContractError(f"{self.name} ends the process when it is imported.", cure="Mend its package.") from error
        finally:
            _loading.reset(token)
        if not isinstance(found, type) or not issubclass(found, FinOpsPlugin):
            raise ContractError(f"{self.name} is {self.target}, which is no FinOpsPlugin class.", cure="Mend its entry point.")
        return found


def offers() -> dict[str, Offer]:
    """What installed packages offer, by name, without importing any. A name that comes twice is the first package's."""
    found: dict[str, Offer] = {}
    ordered = sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.dist.name if one.dist else ""))
    for entry in ordered:
        package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
        found.setdefault(entry.name, Offer(entry.name, entry.value, package, version, entry))
    return found
