"""Daily series of whatever a watch groups by, read in one question; a day that its source did not deliver is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from finopsmetrics.core.exact import plus
from finopsmetrics.core.windows import Window
from finopsmetrics.ml.history import History
from finopsmetrics.observability.anomalies.watch import Watch, both
from finopsmetrics.observability.query import build

if TYPE_CHECKING:
    import pyarrow as pa

    from finopsmetrics.observability.cost_observatory import CostObservatory

MOST_SERIES = 20_000
RECENT = 60
SOURCE = "x_fm_source"


@dataclass(frozen=True)
class DailySeries:
    """Series by days: `names` are the groups' columns and `currency`, `costs` is series x days, NaN where nothing is known.

    `left` is how many series were left out beyond the greatest MOST_SERIES. `receipts` are those of the questions behind it.
    """

    names: tuple[str, ...]
    groups: list[tuple[Any, ...]]
    days: NDArray[np.datetime64]
    costs: NDArray[np.float64]
    row: NDArray[np.int64]
    day: NDArray[np.int64]
    amounts: pa.ChunkedArray
    left: int
    receipts: tuple[str, ...]

    def history(self, rows: Iterable[int]) -> History:
        """The history of the series with the exact costs of some of them."""
        wanted = np.zeros(len(self.groups), dtype=bool)
        wanted[list(rows)] = True
        places = np.flatnonzero(wanted[self.row] & (self.row >= 0))
        exact: dict[tuple[int, int], Decimal | None] = {}
        for place, amount in zip(places, self.amounts.take(places).to_pylist(), strict=True):
            cell = int(self.row[place]), int(self.day[place])
            exact[cell] = plus(exact.get(cell) or Decimal(0), amount)
        return History(self.names, self.groups, self.days, self.costs, exact)

    @cached_property
    def spend(self) -> dict[str, float]:
        """What all series of a currency cost a day, on average over the last weeks."""
        recent = np.nan_to_num(self.costs[:, -RECENT:]).mean(axis=1) if len(self.groups) else np.zeros(0)
        found: dict[str, float] = {}
        for group, cost in zip(self.groups, recent, strict=True):
            found[str(group[-1])] = found.get(str(group[-1]), 0.0) + float(cost)
        return found


def ask(costs: CostObservatory, watch: Watch, start: datetime, end: datetime, groups: list[str], where: str | None) -> Any:
    """Daily costs of a watch by `groups`, what it leaves out taken off; the table and the receipts behind it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def asked(condition: str | None) -> Any:
        query = build(
            metric=watch.metric,
            group_by=groups,
            window=Window(start, end),
            filters=both([watch.where, where, condition]),
            grain="day",
        )
        return costs.ask(query)

    answers = [asked(None), *([asked(watch.excluded)] if watch.excluded else [])]
    tables = [answer.to_arrow() for answer in answers]
    if len(tables) > 1:
        cost = tables[1].schema.get_field_index("cost")
        tables[1] = tables[1].set_column(cost, tables[0].schema.field("cost"), pc.negate(tables[1]["cost"]))
    receipts = tuple(answer.receipt.id for answer in answers if answer.receipt is not None)
    return pa.concat_tables(tables), receipts


def daily(costs: CostObservatory, watch: Watch, start: datetime, end: datetime) -> DailySeries:
    """The daily series of a watch in [start, end), days of UTC."""
    groups = list(watch.group_by)
    table, receipts = ask(costs, watch, start, end, [*groups, *([SOURCE] if SOURCE not in groups else [])], None)
    table = table.filter(table["cost"].is_valid())
    days = np.datetime64(start.date(), "D") + np.arange((end - start) // timedelta(days=1))
    names = [name for name in table.column_names if name in {*groups, "currency"}]
    day = (
        (table["period"].to_numpy().astype("datetime64[D]") - days[0]).astype(np.int64)
        if table.num_rows
        else np.zeros(0, np.int64)
    )
    row, keys = _coded(table, names)
    made = np.zeros((len(keys), len(days)))
    np.add.at(made, (row, day), table["cost"].cast("float64").to_numpy())
    _unknown(made, table, row, day)
    row, keys, made, left = _greatest(row, keys, made)
    return DailySeries(tuple(names), keys, days, made, row, day, table["cost"], left, receipts)


def _coded(table: pa.Table, names: list[str]) -> tuple[NDArray[np.int64], list[tuple[Any, ...]]]:
    """The number of the series of each row, and what each series is called, in order."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    values: list[list[Any]] = []
    for name in names:
        column = table[name].combine_chunks().dictionary_encode(null_encoding="encode")
        known = column.dictionary.to_pylist()
        codes = codes * max(len(known), 1) + column.indices.to_numpy(zero_copy_only=False)
        values.append(known)
        present, codes = np.unique(codes, return_inverse=True)  # kept small, so that no product can pass 64 bits
        if name == names[0]:
            kept: list[tuple[Any, ...]] = [(known[code],) for code in present]
        else:
            kept = [(*kept[code // max(len(known), 1)], known[code % max(len(known), 1)]) for code in present]
    return codes, kept if table.num_rows else []


def _unknown(costs: NDArray[np.float64], table: pa.Table, row: NDArray[np.int64], day: NDArray[np.int64]) -> None:
    """Mark as not known what lies before the first and after the last day that any source of a series delivered."""
    if not table.num_rows:
        return
    source = table[SOURCE].combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
    count = int(source.max()) + 1
    first, last = np.full(count, costs.shape[1]), np.full(count, -1)
    np.minimum.at(first, source, day)
    np.maximum.at(last, source, day)
    begin, end = np.full(len(costs), costs.shape[1]), np.full(len(costs), -1)
    np.minimum.at(begin, row, first[source])
    np.maximum.at(end, row, last[source])
    place = np.arange(costs.shape[1])[None, :]
    costs[(place < begin[:, None]) | (place > end[:, None])] = np.nan


def _greatest(
    row: NDArray[np.int64], keys: list[tuple[Any, ...]], costs: NDArray[np.float64]
) -> tuple[NDArray[np.int64], list[tuple[Any, ...]], NDArray[np.float64], int]:
    """The series that cost most lately, in their order; rows of the others get the number -1."""
    if len(keys) <= MOST_SERIES:
        return row, keys, costs, 0
    size = np.abs(np.nan_to_num(costs[:, -RECENT:])).sum(axis=1)
    kept = np.sort(np.argsort(-size, kind="stable")[:MOST_SERIES])
    number = np.full(len(keys), -1)
    number[kept] = np.arange(len(kept))
    return number[row], [keys[place] for place in kept], costs[kept], len(keys) - len(kept)
