"""Data becomes columns and rows of a spec: exact text, one currency, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import plus
from finopsmetrics.vizlychart.errors import ChartError
from finopsmetrics.vizlychart.spec import MOST_ROWS, Cell, Column

if TYPE_CHECKING:
    import pyarrow

OTHER = "(other)"
MONEY = frozenset({"cost", "previous", "change", "amount", "spent", "forecast", "expected", "low", "high"})
CURRENCY = "currency"
_LABELS = {"period": "Time", "cost": "Cost", "previous": "Before", "change": "Change"}
Row = dict[str, Any]


def rows_of(data: Any) -> list[Row]:
    """The rows of an Arrow table, a pandas or polars frame, an answer, or a list of dicts. Raises ChartError."""
    if isinstance(data, Sequence) and all(isinstance(row, Mapping) for row in data):
        return [dict(row) for row in data]
    return _table(data).to_pylist()  # type: ignore[no-any-return]


def _table(data: Any) -> pyarrow.Table:
    import pyarrow

    if isinstance(data, pyarrow.Table):
        return data
    if hasattr(data, "to_arrow"):
        return _table(data.to_arrow())
    try:
        return (
            pyarrow.table(data) if hasattr(data, "__arrow_c_stream__") else pyarrow.Table.from_pandas(data, preserve_index=False)
        )
    except (TypeError, AttributeError, pyarrow.ArrowInvalid) as error:
        cure = "Give an Arrow table, a pandas or polars frame, an answer of CostObservatory, or a list of dicts."
        raise ChartError(f"{type(data).__name__} is no table.", cure=cure) from error


def one_currency(rows: list[Row], wanted: str | None) -> tuple[list[Row], str | None]:
    """The rows in one currency, and which it is. Raises ChartError where there are several and none is wanted."""
    found = sorted({str(row[CURRENCY]) for row in rows if row.get(CURRENCY) is not None})
    if wanted is not None and found:
        return [row for row in rows if row.get(CURRENCY) == wanted], wanted
    if len(found) > 1:
        raise ChartError(f"The rows are in {', '.join(found)}.", cure=f"Draw one of them: currency={found[0]!r}.")
    return rows, wanted or (found[0] if found else None)


def columns_of(rows: list[Row], names: Sequence[str], currency: str | None, labels: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of these names, their types read from the cells. Raises ChartError for a name that there is not."""
    known = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        if rows and name not in known:
            raise ChartError(f"There is no column {name!r}.", cure=f"There are {', '.join(known) or 'none'}.")
    return tuple(_column(name, [row.get(name) for row in rows], currency, labels) for name in names)


def _column(name: str, cells: list[Any], currency: str | None, labels: Mapping[str, str]) -> Column:
    label = labels.get(name, _LABELS.get(name, name))
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and all(issubclass(kind, date) for kind in kinds):
        return Column(name=name, label=label, type="time")
    if kinds and all(issubclass(kind, (int, float, Decimal)) and kind is not bool for kind in kinds):
        money = name in MONEY or (currency is not None and kinds == {Decimal})
        return Column(name=name, label=label, type="money" if money else "number", currency=currency if money else None)
    return Column(name=name, label=label, type="text")


def cells_of(rows: list[Row], columns: Sequence[Column]) -> tuple[tuple[Cell, ...], ...]:
    """The cells of the columns: decimals as exact text, times as ISO text in UTC. Raises ChartError for too many rows."""
    if len(rows) > MOST_ROWS:
        raise ChartError(
            f"{len(rows):,} rows are too many for a chart.", cure=f"Draw up to {MOST_ROWS:,}: use top or a coarser grain."
        )
    return tuple(tuple(_cell(row.get(column.name)) for column in columns) for row in rows)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (str, int)):
        return str(value) if isinstance(value, bool) else value
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else None
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else None  # noqa: PLR0124
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def greatest(rows: list[Row], group: str, amount: str, keys: Sequence[str], top: int) -> list[Row]:
    """Rows whose group is among the `top` greatest by the sum of an amount; the others summed as (other), by the other keys.

    The sum of all rows stays what it was, exactly. Raises ChartError for a `top` below 1.
    """
    if top < 1:
        raise ChartError(f"top is {top}.", cure="Use 1 or more.")
    sums: dict[Any, Decimal] = {}
    for row in rows:
        sums[row.get(group)] = plus(sums.get(row.get(group), Decimal(0)), exact(row.get(amount)))
    ranked = sorted((one for one in sums if one != OTHER), key=lambda one: (-sums[one], str(one)))
    kept = set(ranked[:top])
    rest: dict[tuple[Any, ...], Decimal] = {}
    found = []
    for row in rows:
        if row.get(group) in kept:
            found.append(row)
        else:
            key = tuple(row.get(name) for name in keys)
            rest[key] = plus(rest.get(key, Decimal(0)), exact(row.get(amount)))
    return found + [{**dict(zip(keys, key, strict=True)), group: OTHER, amount: sum_} for key, sum_ in rest.items()]


def exact(value: Any) -> Decimal:
    """A number as an exact decimal; nothing is zero. Raises ChartError for what is no number."""
    if value is None:
        return Decimal(0)
    try:
        found = Decimal(repr(value) if isinstance(value, float) else str(value))
    except ArithmeticError as error:
        raise ChartError(f"{value!r} is no number.", cure="Name a column of numbers as y.") from error
    return found if found.is_finite() else Decimal(0)
