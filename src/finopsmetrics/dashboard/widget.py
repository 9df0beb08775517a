"""What a widget is: config, query, chart, and one sentence in words with figures from rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking


class Config(BaseModel):
    """The settings of a widget; each has a description, from which the form in the builder is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Settings = TypeVar("Settings", bound=Config)


@dataclass(frozen=True)
class Shown:
    """What a widget found: a chart, or none where there is nothing to draw; the sentence; where its numbers come from.

    `receipts` are ids for /api/v1/receipts; `source` says in words where figures come from that no cost receipt explains.
    `link` leads to the page that goes deeper. `empty` says what to do where there is nothing to show.
    """

    sentence: str
    chart: ChartSpec | None = None
    text: str | None = None  # Markdown of a text widget
    receipts: tuple[str, ...] = ()
    source: str = ""
    link: str | None = None
    empty: str | None = None


class Widget(ABC, Generic[Settings]):
    """One widget. A subclass in `dashboard/widgets/` with these facts is found by itself."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    config: ClassVar[type[Config]]
    size: ClassVar[tuple[int, int]] = (1, 1)  # of a grid of 3 columns, where a dashboard says nothing
    needs: ClassVar[tuple[str, ...]] = ("costs:read",)
    all_charges: ClassVar[bool] = False  # whether it speaks of all charges, and so is not for whoever sees only some

    @abstractmethod
    def show(self, asking: Asking, config: Settings) -> Shown:
        """Ask, draw and say. Raises FinOpsError for what cannot be asked."""

    def read(self, given: dict[str, Any]) -> Settings:
        """The settings from a declared widget's `config`. Raises pydantic's ValidationError."""
        return self.config.model_validate(given)  # type: ignore[return-value]
