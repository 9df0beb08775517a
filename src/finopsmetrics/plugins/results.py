"""What plugins give and are given, as plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from finopsmetrics.plugins.errors import ContractError

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.observability.cost_observatory import CostObservatory

Cell = str | int | Decimal | None
MOST_ROWS = 200


@dataclass(frozen=True)
class Health:
    """Whether a plugin can do its work now, and a line about it."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Recommendation:
    """Something to do about costs, computed from rows.

    `monthly_saving` is exact and in `currency`; None when it cannot be computed from the rows, and never a guess.
    `evidence` are the rows behind it: plain values by name. Raises ContractError for anything else.
    """

    title: str
    reason: str
    currency: str | None = None
    monthly_saving: Decimal | None = None
    evidence: Sequence[Mapping[str, Cell]] = ()

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.reason.strip():
            raise ContractError("A recommendation needs a title and a reason.")
        if self.monthly_saving is None:
            return
        if not isinstance(self.monthly_saving, Decimal) or not self.monthly_saving.is_finite():
            raise ContractError(f"The saving {self.monthly_saving!r} is no Decimal.", cure="Compute it from rows as Decimal.")
        if not self.currency or not self.evidence:
            raise ContractError("A saving needs its currency and the rows that it was computed from.")


@dataclass(frozen=True)
class Widget:
    """A part of a page as plain data: the page escapes every value. `sentence` says what the rows mean.

    Each row has a cell for each column: text, a whole number, a Decimal or None. Raises ContractError for anything else.
    """

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    sentence: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not self.title.strip() or not isinstance(self.sentence, str):
            raise ContractError("A widget needs a title, and a sentence that is text.")
        if len(self.rows) > MOST_ROWS:
            raise ContractError(f"A widget has {len(self.rows)} rows.", cure=f"Show at most {MOST_ROWS}, and sum up the rest.")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ContractError(f"A widget's row has {len(row)} cells for {len(self.columns)} columns.")
            for cell in row:
                _check_cell(cell)


def _check_cell(cell: object) -> None:
    if cell is not None and (isinstance(cell, bool) or not isinstance(cell, (str, int, Decimal))):
        raise ContractError(f"A widget's cell is {type(cell).__name__}.", cure="Give text, a whole number, a Decimal or None.")


@dataclass(frozen=True)
class RenderContext:
    """What a widget is made from: which page, the window of time that it shows, and the costs to ask."""

    page: str
    window: Window
    costs: CostObservatory


@dataclass(frozen=True)
class Collected:
    """How a collection went: by which source, whether a plugin's collection or a delivery, and what came of it.

    `rows` were given, `new` of them are new, `refused` could not be taken; `error` says why when it failed.
    """

    source: str
    sort: Literal["telemetry", "delivery"]
    status: Literal["done", "failed"]
    rows: int = 0
    new: int = 0
    refused: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Message:
    """A message for an outside tool: a title, a text, and facts by name."""

    title: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
