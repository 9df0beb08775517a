"""What a home keeps of plugins, as the manager needs it: which are on, with which settings, and how they fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Setting:
    """Whether a plugin is on, and its settings as they were given: secrets are references."""

    name: str
    enabled: bool
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """How a plugin fared at one seam (a hook's name, or a method such as collect): counts, and its last error (UTC)."""

    plugin: str
    seam: str
    calls: int = 0
    failures: int = 0
    last_error: str | None = None
    last_failed_at: datetime | None = None

    def plus(self, other: Report) -> Report:
        """Both together; the error is the later one's."""
        error = other if other.last_error is not None else self
        both = replace(self, calls=self.calls + other.calls, failures=self.failures + other.failures)
        return replace(both, last_error=error.last_error, last_failed_at=error.last_failed_at)


class Book(Protocol):
    """Where a manager reads settings and writes reports."""

    def settings(self) -> dict[str, Setting]:
        """The settings of every plugin that ever was on, by name."""

    def add(self, reports: Sequence[Report]) -> None:
        """Add counts to those that are kept."""

    def now(self) -> datetime:
        """The time, UTC without zone."""


class Unkept:
    """A book for plugins without a home, as in a check: nothing is on, and nothing is kept."""

    def settings(self) -> dict[str, Setting]:
        """No settings."""
        return {}

    def add(self, reports: Sequence[Report]) -> None:
        """Keep nothing."""

    def now(self) -> datetime:
        """The time, UTC without zone."""
        return datetime.now(UTC).replace(tzinfo=None)
