"""Rows of an answer in the one currency that is shown, and the columns that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import total
from finopsmetrics.dashboard.widget import Shown
from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.observability.query import OTHER
from finopsmetrics.vizlychart.spec import Cell, Column

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking
    from finopsmetrics.observability.answers import Answer

TAKE_IN = "Choose another time, or take bills in: connect a source, or run `finopsmetrics ingest FILE`."


@dataclass(frozen=True)
class InCurrency:
    """What an answer says in one currency, and which others it has."""

    currency: str
    rows: tuple[dict[str, Any], ...]
    others: tuple[str, ...]
    receipts: tuple[str, ...]

    @property
    def cost(self) -> Decimal:
        """The sum of the rows, exactly."""
        return total(amount(row["cost"]) for row in self.rows)

    @property
    def previous(self) -> Decimal:
        """The sum of the window before, of a question that compares."""
        return total(amount(row["previous"]) for row in self.rows)


def in_currency(asking: Asking, answer: Answer) -> InCurrency | None:
    """The rows in the dashboard's currency, else in that of the most charges; None where there are none."""
    found = tuple(dict.fromkeys(currency_of(row) for row in answer))
    if asking.currency is not None:
        shown = asking.currency if asking.currency in found else None
    else:
        shown = found[0] if len(found) == 1 else next((one for one in asking.currencies() if one in found), None)
    if shown is None:
        return None
    rows = tuple(row for row in answer if currency_of(row) == shown)
    return InCurrency(shown, rows, tuple(one for one in found if one != shown), receipts_of(answer))


def nothing(asking: Asking, window: Window, answer: Answer) -> Shown:
    """What a widget shows where there are no charges, or none in the dashboard's currency."""
    others = sorted({currency_of(row) for row in answer})
    if others and asking.currency:
        cure = f"Show {' or '.join(others)} on this dashboard instead."
        return Shown(f"There are no charges in {asking.currency} in {window.label()}.", receipts=receipts_of(answer), empty=cure)
    return Shown(f"There are no charges in {window.label()}.", receipts=receipts_of(answer), empty=TAKE_IN)


def currency_of(row: dict[str, Any]) -> str:
    """The currency of a row."""
    return str(row["currency"] or NO_CURRENCY)


def amount(found: Decimal | None) -> Decimal:
    """An amount of a row; zero where nothing was told."""
    return Decimal(0) if found is None else found


def text(found: Decimal | None) -> Cell:
    """An amount as exact decimal text."""
    return None if found is None else f"{found:f}"


def receipts_of(*answers: Answer) -> tuple[str, ...]:
    """The ids of the receipts of answers, each once."""
    return tuple(dict.fromkeys(answer.receipt.id for answer in answers if answer.receipt))


def money_column(name: str, label: str, currency: str, unit: str | None = None) -> Column:
    """A column of exact amounts in one currency."""
    return Column(name=name, label=label, type="money", currency=currency, unit=unit)


def text_column(name: str, label: str) -> Column:
    """A column of text."""
    return Column(name=name[:200], label=label[:200], type="text")


def greatest(rows: Iterable[dict[str, Any]], groups: Sequence[str], key: str = "cost") -> list[dict[str, Any]]:
    """Rows by an amount, the greatest first; the rest that is summed as (other) comes last."""
    return sorted(rows, key=lambda row: (any(row[name] == OTHER for name in groups), -amount(row[key])))
