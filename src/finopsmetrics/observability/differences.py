"""What changed between two answers to one question, group by group."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import minus

if TYPE_CHECKING:
    import pyarrow

_MEASURES = ("cost", "previous", "change")


def differ(then: pyarrow.Table, now: pyarrow.Table) -> pyarrow.Table:
    """Groups whose cost differs, with `then`, `now` and `change`, the greatest change first."""
    import pyarrow as pa

    names = [name for name in now.column_names if name not in _MEASURES]
    sides = [_by_group(table, names) for table in (then, now)]
    rows = []
    for group in sides[0].keys() | sides[1].keys():
        before, after = (side.get(group, Decimal(0)) for side in sides)
        if before != after:
            rows.append((*group, before, after, minus(after, before)))
    rows.sort(key=lambda row: (-abs(row[-1]), tuple(str(value) for value in row)))
    amount = pa.decimal128(38, 18)
    fields = [*(now.schema.field(name) for name in names), *(pa.field(name, amount) for name in ("then", "now", "change"))]
    columns = [pa.array([row[place] for row in rows], type=field.type) for place, field in enumerate(fields)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _by_group(table: pyarrow.Table, names: list[str]) -> dict[tuple[Any, ...], Decimal]:
    groups = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return {group: cost or Decimal(0) for group, cost in zip(groups, table.column("cost").to_pylist(), strict=True)}
