"""A cost history as it is given: frames, Arrow tables or rows, brought to series by days. Sums are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.core.checks import number
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.exact import plus
from finopsmetrics.ml.levels import Floats

DATES = ("date", "day", "period", "ChargePeriodStart")
COSTS = ("cost", "amount", "EffectiveCost", "BilledCost")
SERVICES = ("service", "ServiceName", "service_name")
ALL = "(all)"
Group = tuple[Any, ...]


@dataclass(frozen=True)
class History:
    """Series by days: `exact` keeps what was given by (series, day), `costs` the same as doubles; NaN is not known."""

    names: tuple[str, ...]
    groups: list[Group]
    days: NDArray[np.datetime64]
    costs: Floats
    exact: dict[tuple[int, int], Decimal | None]

    @property
    def services(self) -> list[str]:
        """What each series is called: its service, else what it is grouped by."""
        place = next((self.names.index(name) for name in SERVICES if name in self.names), None)
        if place is not None:
            return [str(group[place]) for group in self.groups]
        return [" / ".join(map(str, group)) or ALL for group in self.groups]


def read(given: Any) -> History:
    """Read a frame, an Arrow table or rows. Raises UsageError for a missing column or a value that cannot be read."""
    columns = _columns(given)
    if not columns:
        return History((), [], np.array([], dtype="datetime64[D]"), np.zeros((0, 0)), {})
    days = [_day(value, row) for row, value in enumerate(columns[_one_of(columns, DATES, "date")])]
    costs = [_cost(value, row) for row, value in enumerate(columns[_one_of(columns, COSTS, "cost")])]
    names = tuple(name for name in columns if name not in {_one_of(columns, DATES, ""), _one_of(columns, COSTS, "")})
    keys = list(zip(*(columns[name] for name in names), strict=True)) if names else [()] * len(days)
    if not days:
        return History(names, [], np.array([], dtype="datetime64[D]"), np.zeros((0, 0)), {})
    return _laid_out(names, keys, days, costs)


def _laid_out(names: tuple[str, ...], keys: list[Group], days: list[date], costs: list[Decimal | None]) -> History:
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    first = min(days)
    exact: dict[tuple[int, int], Decimal | None] = {}
    for key, day, cost in zip(keys, days, costs, strict=True):
        cell = places[key], (day - first).days
        before = exact.get(cell, Decimal(0))
        exact[cell] = None if cost is None or before is None else plus(before, cost)
    table = np.zeros((len(places), (max(days) - first).days + 1))
    for cell, known in exact.items():
        table[cell] = np.nan if known is None else float(known)
    span = np.datetime64(first, "D") + np.arange(table.shape[1])
    return History(names, list(places), span, table, exact)


def _columns(given: Any) -> dict[str, Sequence[Any]]:
    """The columns of whatever was given, as lists."""
    if hasattr(given, "to_pydict"):  # Arrow
        return dict(given.to_pydict())
    if hasattr(given, "to_dict") and hasattr(given, "columns"):  # pandas, polars
        return {str(name): list(given[name]) for name in given.columns}
    if isinstance(given, Mapping):
        return {str(name): list(values) for name, values in given.items()}
    rows = list(given) if isinstance(given, Iterable) and not isinstance(given, (str, bytes)) else None
    if rows is None or not all(isinstance(row, Mapping) for row in rows):
        cure = "Give a pandas or polars frame, an Arrow table, or rows as mappings with date, cost and service."
        raise UsageError(f"A cost history cannot be a {type(given).__name__} of this content.", cure=cure)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _one_of(columns: Mapping[str, Any], names: tuple[str, ...], what: str) -> str:
    found = next((name for name in names if name in columns), None)
    if found is None:
        cure = f"Name a column {' or '.join(names[:3])}; there are {', '.join(map(str, columns))}."
        raise UsageError(f"The cost history has no column of the {what}.", cure=cure)
    return found


def _day(value: Any, row: int) -> date:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[D]").item()
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        value = None if str(value) == "NaT" else value.date()
    if not isinstance(value, date):
        raise UsageError(f"Row {row} of the cost history has no date.", cure="Give dates, or texts such as 2026-01-31.")
    return value


def _cost(value: Any, row: int) -> Decimal | None:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or (not isinstance(value, str) and value != value):  # noqa: PLR0124 (what is no number differs from itself)
        return None
    try:
        # A double is no exact amount: what it has beyond the places of one is no money.
        return number(f"{value:.18f}" if isinstance(value, float) and abs(value) < 1 else value)
    except ValueError as error:
        raise UsageError(f"Row {row} of the cost history has no cost: {error}.", cure="Give a number, or None.") from error
