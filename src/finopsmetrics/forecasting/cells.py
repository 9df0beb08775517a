"""The charges that a scenario prices again, from the lake: summed where no change and no price can tell them apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.observability.query import CostQuery, Grain

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

DIMENSIONS = ("ServiceName", "ChargeCategory", "ChargeFrequency")
PRICED = ("SkuId", "RegionId", "PricingUnit", "PricingCategory", "CommitmentDiscountStatus")
"""What prices depend on; asked for where a change needs prices."""


@dataclass
class Cell:
    """Charges of one period that every change and every price treats alike. `cost` is exact, and changes as changes apply."""

    period: datetime
    record: dict[str, Any]
    cost: Decimal

    @property
    def service(self) -> str:
        """The name of the service; "None" where the charges have none."""
        return str(self.record["ServiceName"])


def asked_name(path: tuple[str, ...]) -> str:
    """What a field of a condition is called as a dimension."""
    return path[1] if path[0].lower() in {"resource", "charge"} and len(path) == 2 else ".".join(path)


def cells_of(
    costs: CostObservatory, question: CostQuery, grain: Grain, conditions: list[Condition], *, priced: bool
) -> tuple[list[Cell], str | None, tuple[str, ...]]:
    """The cells of a question's window, their currency, and the receipt. Raises UsageError for several currencies.

    What conditions read is kept beside the fields of DIMENSIONS (and PRICED), so that each can be asked of a cell.
    """
    fields = {path: asked_name(path) for condition in conditions for path in sorted(condition.fields())}
    dims = list(dict.fromkeys((*DIMENSIONS, *(PRICED if priced else ()))))
    taken = {name.lower() for name in dims} | {"currency"}
    for name in fields.values():
        if name.lower() not in taken:
            taken.add(name.lower())
            dims.append(name)
    answer = costs.ask(replace(question, group_by=tuple(dims), grain=grain, top=None))
    found = [row for row in answer if row["cost"]]
    currencies = sorted({str(row["currency"]) for row in found})
    if len(currencies) > 1:
        cure = f"Give the scenario a currency, such as {currencies[0]}."
        raise UsageError(f"The charges are in several currencies: {', '.join(currencies)}.", cure=cure)
    cells = [Cell(row["period"], _record(row, fields), row["cost"]) for row in found]
    return cells, (currencies[0] if currencies else None), (answer.receipt.id,) if answer.receipt else ()


def _record(row: dict[str, Any], fields: dict[tuple[str, ...], str]) -> dict[str, Any]:
    """A row as a condition reads it: each field under the name by which the condition calls it."""
    lower = {name.lower(): value for name, value in row.items()}
    record = {name: value for name, value in row.items() if name not in {"period", "cost"}}
    tags: dict[str, dict[str, Any]] = {}
    for path, name in fields.items():
        value = lower[name.lower()]
        if path[0].lower() == "tags" and len(path) > 1:
            tags.setdefault(path[0], {})[".".join(path[1:])] = value
        else:
            record[".".join(path)] = value
    return record | tags
